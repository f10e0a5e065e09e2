package ui

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// TestLogin: a wrong token is told so, a right one shows the view that was asked for,
// scripts cannot read the cookie, and logging out ends the session.
func TestLogin(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPage(t, w)
	p.open("#/ns/shop/webhooks/order-shipped")
	p.see("kubectl create token", "--audience webhook-dispatcher")
	p.login("wrong")
	p.see("Unauthenticated")
	p.login(token)
	p.see("Tell that an order was shipped", "shop:operator")
	if cookies := evaluate[string](p, "document.cookie"); cookies != "" {
		t.Errorf("scripts can read the cookies %q", cookies)
	}
	if stored := evaluate[string](p, "JSON.stringify(localStorage) + JSON.stringify(sessionStorage)"); strings.Contains(stored, token) {
		t.Errorf("the browser's storage has the token: %s", stored)
	}
	p.do(chromedp.Reload())
	p.see("Tell that an order was shipped")
	p.click("Log out")
	p.see("How to get a token")
	if status := evaluate[int](p, `fetch("/v1/namespaces/shop/webhooks").then((r) => r.status)`); status != 401 {
		t.Errorf("after logging out the API answers %d", status)
	}
	p.do(chromedp.Reload())
	p.see("How to get a token")
}

// TestTheEndOfASession: when the session is over the page asks for a token, and goes on
// where one was.
func TestTheEndOfASession(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks")
	p.see("order-shipped")
	if _, err := chromedp.Call(p.ctx, network.ClearBrowserCookies, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	p.click("Deliveries")
	p.see("Your session has ended")
	p.fill("Token", token)
	p.click("Log in")
	p.see("There is no delivery yet.")
}

// TestForbidden: who may not do something is told which right is missing, and the rest
// of the page works.
func TestForbidden(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPage(t, w)
	p.open("#/ns/crm")
	p.login(readerToken)
	p.see("Forbidden", "get", "webhooks/calls")
	p.open("#/ns/shop/webhooks/order-shipped/preview")
	p.until("the sample data", `document.querySelector("textarea")?.value.includes("12345678901234567890")`)
	p.click("Send a test call…")
	p.click("Send it")
	p.see("Forbidden", "create")
	if n := len(w.receiver.Requests()); n != 0 {
		t.Errorf("the receiver got %d requests of a caller that may only read", n)
	}
}

// TestOtherSitesCannotUseTheSession: a form of another site that posts a call brings the
// cookie not along, and would not be let in with it.
func TestOtherSitesCannotUseTheSession(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks")
	p.see("order-shipped")
	// localhost is another site than 127.0.0.1.
	p.do(chromedp.Navigate(strings.Replace(w.url, "127.0.0.1", "localhost", 1) + "/openapi.json"))
	post := `fetch(%s, {method: "POST", mode: "no-cors", credentials: "include", body: "{}"}).then(() => "sent", (e) => String(e))`
	evaluate[string](p, post, w.url+"/v1/namespaces/shop/webhooks/order-shipped/calls")
	evaluate[string](p, post, w.url+"/ui/session")
	p.open("#/ns/shop/deliveries")
	p.see("There is no delivery yet.")
	if n := len(w.receiver.Requests()); n != 0 {
		t.Errorf("another site has made %d calls", n)
	}
	// With the cookie, as if the browser had sent it, the request is still refused.
	status := crossSite(t, w, "/v1/namespaces/shop/webhooks/order-shipped/calls", token)
	if status != 403 {
		t.Errorf("a cross-site request with the cookie is answered %d, not 403", status)
	}
}

// TestALostNetwork: the page says that the dispatcher cannot be reached, and goes on by
// itself when it can again.
func TestALostNetwork(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks")
	p.see("order-shipped")
	offline := func(on bool) {
		if _, err := chromedp.Call(p.ctx, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
			MatchedNetworkConditions: []*network.Conditions{{Offline: on, DownloadThroughput: -1, UploadThroughput: -1}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	offline(true)
	p.click("Deliveries")
	p.see("The dispatcher cannot be reached")
	offline(false)
	p.gone("The dispatcher cannot be reached")
	p.see("There is no delivery yet.")
}
