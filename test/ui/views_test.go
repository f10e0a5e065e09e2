package ui

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// view is a view of the page, and what can be read there when it is whole.
type view struct {
	name, path string
	texts      []string
	act        func(*tab)
}

// views are all of them.
func views(finished, waiting string) []view {
	return []view{
		{name: "namespaces", path: "#/", texts: []string{"Choose a namespace", "shop"}},
		{name: "overview", path: "#/ns/shop", texts: []string{"Integrations", "Parcel service", "Outcomes of calls"}},
		{name: "overview-numbers", path: "#/ns/shop?range=1h", texts: []string{"Outcomes of calls"}, act: func(p *tab) { p.click("Numbers of Outcomes of calls") }},
		{name: "webhooks", path: "#/ns/shop/webhooks", texts: []string{"order-shipped", "Not ready"}},
		{name: "webhook", path: "#/ns/shop/webhooks/order-shipped?range=1h", texts: []string{"Last call", "Latency of attempts"}},
		{name: "webhook-deliveries", path: "#/ns/shop/webhooks/order-shipped/deliveries", texts: []string{"deliveries,"}},
		{name: "preview", path: "#/ns/shop/webhooks/order-shipped/preview", texts: []string{"Send a test call"}, act: func(p *tab) { p.click("Preview"); p.see("Headers") }},
		{name: "preview-wrong", path: "#/ns/shop/webhooks/order-shipped/preview", texts: []string{"Send a test call"}, act: func(p *tab) { p.fill("The call's data, a JSON object", "{"); p.see("Line 1") }},
		{name: "test-call", path: "#/ns/shop/webhooks/order-shipped/preview", texts: []string{"Send a test call"}, act: func(p *tab) { p.click("Send a test call…"); p.see("Send it") }},
		{name: "manifest", path: "#/ns/shop/webhooks/order-shipped/manifest", texts: []string{"kind: Webhook"}},
		{name: "deliveries", path: "#/ns/shop/deliveries?outcome=&reason=&statusCode=", texts: []string{"deliveries,"}},
		{name: "filters", path: "#/ns/shop/deliveries?statusCode=5xx&since=1h", texts: []string{"Transaction id", "503"}},
		{name: "export", path: "#/ns/shop/deliveries", texts: []string{"deliveries,"}, act: func(p *tab) { p.click("Export…"); p.see("Compress with gzip") }},
		{name: "tail", path: "#/ns/shop/deliveries?tail=on&text=fine-2", texts: []string{"Live", "fine-2"}},
		{name: "call", path: callPath(finished), texts: []string{"Attempt 1", "Redeliver"}},
		{name: "call-waiting", path: callPath(waiting), texts: []string{"The next attempt is due", "Cancel"}},
		{name: "forbidden", path: "#/ns/secret", texts: []string{"Forbidden"}},
		{name: "nowhere", path: "#/nowhere", texts: []string{"There is no such view"}},
	}
}

// TestViews: every view fits on a telephone and on a large screen, light and dark, and
// axe-core finds nothing serious in it.
func TestViews(t *testing.T) {
	need(t, chromium() != "", "Chromium")
	axe, err := os.ReadFile(filepath.Join("..", "..", "bin", "axe.min.js"))
	need(t, err == nil, "axe-core")
	w := newWorld(t, mixed)
	w.configure(shop)
	var finished, waiting string
	for i := range 30 {
		id := fmt.Sprintf(`"fine-%d"`, i)
		if i%10 == 9 {
			id = `"refused"`
		}
		finished = w.call(`{"id": ` + id + `, "name": "Ada"}`).TransactionID
		if name := []string{"invoice-sent", "customer-changed", "stock-low"}[i%3]; i%2 == 0 {
			if _, err := w.client.CallAndWait(t.Context(), "shop", name, []byte(`{"id": "`+name+`", "name": "Ada"}`), timeout); err != nil {
				t.Fatal(err)
			}
		}
	}
	call, err := w.client.Call(t.Context(), "shop", "order-shipped", []byte(`{"id": "busy", "name": "Ada"}`))
	if err != nil {
		t.Fatal(err)
	}
	waiting = call.TransactionID
	w.await("the first attempt to fail", func() bool { return w.state(waiting).Attempts == 1 })

	p := newPage(t, w)
	p.open("")
	p.see("How to get a token")
	p.look(view{name: "login"}, string(axe))
	p.login(token)
	p.see("Choose a namespace")
	for _, v := range views(finished, waiting) {
		p.look(v, string(axe))
	}
}

// shop makes the namespace look like one that is in use.
func shop(in *plan.Integration, wh *plan.Webhook) []plan.Webhook {
	withKey(wh)
	in.RequestsPerSecond = 1000
	var more []plan.Webhook
	for name, says := range map[string]string{
		"customer-changed": "Tell the CRM that a customer has changed", "invoice-sent": "Tell that an invoice was sent",
		"stock-low": "Ask for goods that run out", "return-announced": "Tell that goods come back",
	} {
		m := *wh
		m.Key.Name, m.UID, m.SystemName, m.DisplayName = name, "uid-"+name, strings.ReplaceAll(name, "-", ""), says
		m.HasKey, m.Headers = false, nil
		if name == "return-announced" {
			m.NotReady = "the Secret shop/returns-token has no key token; add it"
		}
		more = append(more, m)
	}
	return more
}

// mixed is a receiver that mostly succeeds.
func mixed(rw http.ResponseWriter, r receiver.Request) {
	rw.Header().Set("Content-Type", "application/json")
	switch r.URI {
	case "/v2/orders/refused":
		rw.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = rw.Write([]byte(`{"error":"there is no such order","order":null}`))
	case "/v2/orders/busy", "/v2/orders/customer-changed":
		rw.WriteHeader(http.StatusServiceUnavailable)
	default:
		_, _ = rw.Write([]byte(`{"accepted":true,"shipment":{"number":900719925474099312345,"weight":1.50}}`))
	}
}

// look checks a view in both sizes and colours.
func (p *tab) look(v view, axe string) {
	p.t.Helper()
	if v.path != "" {
		p.open(v.path)
	}
	p.see(v.texts...)
	if v.act != nil {
		v.act(p)
	}
	p.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := chromedp.Evaluate[chromedp.Void](axe+"; undefined")(ctx, t)
		return err
	}))
	for _, how := range []struct {
		width, height int64
		scheme        string
		axe           bool // contrast does not depend on the size, nor names on the colours
	}{{1440, 900, "light", true}, {360, 800, "light", false}, {360, 800, "dark", true}, {1440, 900, "dark", false}} {
		name := fmt.Sprintf("%s, %dx%d, %s", v.name, how.width, how.height, how.scheme)
		p.size(how.width, how.height, how.scheme)
		p.until("the view to be whole", `document.querySelector(".loading") === null`)
		p.settle()
		if wide := evaluate[[]int](p, "[document.scrollingElement.scrollWidth, innerWidth]"); wide[0] > wide[1] {
			p.t.Errorf("%s: the page is %d pixels wide, in a window of %d", name, wide[0], wide[1])
		}
		if how.axe {
			p.axe(name)
		}
		p.picture(v.name, how.width, how.scheme)
	}
}

// settle waits until what follows a change of the window's size is painted, charts too.
func (p *tab) settle() {
	p.t.Helper()
	evaluate[bool](p, "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(true)))))")
}

// axe fails the test for each serious finding of axe-core, which is loaded.
func (p *tab) axe(name string) {
	p.t.Helper()
	found := evaluate[[]string](p, `axe.run(document, {resultTypes: ["violations"]}).then((r) => r.violations
		.filter((v) => v.impact === "serious" || v.impact === "critical")
		.map((v) => v.id + ": " + v.help + ": " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + n.any.concat(n.all).map((c) => c.message).join("; ")).join(" | ")))`)
	for _, f := range found {
		p.t.Errorf("%s: %s", name, f)
	}
}

// picture keeps what the view looks like, if that is wanted.
func (p *tab) picture(name string, width int64, scheme string) {
	p.t.Helper()
	dir := os.Getenv("UI_SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d-%s.png", name, width, scheme)), png, 0o644); err != nil {
		p.t.Fatal(err)
	}
}
