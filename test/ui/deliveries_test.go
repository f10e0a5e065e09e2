package ui

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// many are copies of a Webhook.
func many(wh *plan.Webhook, n int) []plan.Webhook {
	all := make([]plan.Webhook, n)
	for i := range all {
		all[i] = *wh
		all[i].Key.Name = fmt.Sprintf("many-%05d", i+1)
		all[i].UID, all[i].SystemName = fmt.Sprint("uid-many-", i), fmt.Sprint("many", i)
		all[i].DisplayName = ""
	}
	return all
}

// TestFilters: what is filtered by is in the address, survives reloading and going back,
// and goes into an export, which is a plain download.
func TestFilters(t *testing.T) {
	w := newWorld(t, failing)
	w.configure(nil)
	w.call(`{"id": "fine", "name": "first"}`)
	w.call(`{"id": 2, "name": "second"}`)
	p := newPageAt(t, w, "#/ns/shop/deliveries")
	p.see("2 deliveries", "200", "503")
	p.fill("Result", "false")
	p.see("1 delivery,")
	p.click("More filters")
	p.fill("HTTP status", "5xx")
	p.fill("Text in URL or body", "second")
	p.until("the filters in the address", `location.hash.includes("isSuccessful=false") && location.hash.includes("statusCode=5xx") && location.hash.includes("text=second")`)
	p.do(chromedp.Reload())
	p.see("1 delivery,", "Failed")
	if got := evaluate[string](p, `document.querySelector("[name=text]").value`); got != "second" {
		t.Errorf("after reloading the search field has %q", got)
	}
	p.click("Export…")
	p.fill("Format", "ndjson")
	rows := evaluate[string](p, `fetch(document.querySelector("dialog a[download]").href).then((r) => r.text())`)
	if lines := strings.Split(strings.TrimSpace(rows), "\n"); len(lines) != 1 || !strings.Contains(lines[0], "second") {
		t.Errorf("the export with these filters has\n%s", rows)
	}
	p.click("Close")
	p.click("Webhooks")
	p.see("order-shipped")
	p.do(chromedp.NavigateBack())
	p.see("1 delivery,")
	p.click("Clear filters")
	p.see("2 deliveries")
	p.fill("Text in URL or body", "nothing like it")
	p.see("No delivery fits the filters.")
}

// TestOlder: older deliveries come page by page, each once, until there are no more.
func TestOlder(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(func(in *plan.Integration, _ *plan.Webhook) []plan.Webhook {
		in.RequestsPerSecond = 0
		return nil
	})
	const calls = 120
	for i := range calls {
		w.call(fmt.Sprintf(`{"id": %d, "name": "a"}`, i))
	}
	p := newPageAt(t, w, "#/ns/shop/deliveries")
	p.see("50 deliveries")
	p.click("Older")
	p.see("100 deliveries")
	p.click("Older")
	p.see("120 deliveries", "there are no older ones")
	if n := evaluate[int](p, `new Set([...document.querySelectorAll("tbody .id a")].map((a) => a.title)).size`); n != calls {
		t.Errorf("the pages have %d of %d calls", n, calls)
	}
}

// TestLiveTail: a delivery appears by itself and fast, waits while somebody reads, and
// only those that the filters want come.
func TestLiveTail(t *testing.T) {
	w := newWorld(t, failing)
	w.configure(nil)
	w.call(`{"id": "before", "name": "a"}`)
	p := newPageAt(t, w, "#/ns/shop/deliveries")
	p.see("/v2/orders/before")
	p.click("Live tail")
	p.see("Live", "/v2/orders/before")
	p.until("the tail to be on", `document.querySelector(".tail .badge.ok")`+` !== null`)
	call := w.call(`{"id": "after", "name": "a"}`)
	began := time.Now()
	p.see("/v2/orders/after")
	t.Logf("the delivery was on the page within %s of the call's end", time.Since(began))
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the delivery of %s was on the page after %s", call.TransactionID, took)
	}
	// While the pointer is on the table it does not move.
	center := evaluate[[]float64](p, `(() => { const r = document.querySelector("tbody tr").getBoundingClientRect(); return [r.x + 200, r.y + r.height / 2]; })()`)
	p.do(chromedp.MouseEvent("mouseMoved", center[0], center[1]))
	w.call(`{"id": "while-reading", "name": "a"}`)
	p.see("Paused while you read: 1 new")
	if evaluate[bool](p, `lookout.text().includes("/v2/orders/while-reading")`) {
		t.Error("the table moved under the reader's pointer")
	}
	p.click("Show")
	p.see("/v2/orders/while-reading")
	p.do(chromedp.MouseEvent("mouseMoved", 1, 1))
	// The filters go for the tail, too.
	p.fill("Result", "true")
	p.see("Live")
	p.gone("/v2/orders/after")
	w.call(`{"id": "unwanted", "name": "a"}`)
	w.call(`{"id": "fine", "name": "a"}`)
	p.see("/v2/orders/fine")
	if evaluate[bool](p, `lookout.text().includes("/v2/orders/unwanted")`) {
		t.Error("the tail shows a delivery that the filters do not want")
	}
	p.click("Live tail")
	p.see("1 delivery,")
}

// TestTheTailTellsOfGaps: deliveries that the dispatcher left out, and a connection that
// broke, are told where they are missing, and the tail goes on.
func TestTheTailTellsOfGaps(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/deliveries")
	p.see("There is no delivery yet.")
	// The first connection tells of a gap and breaks; further ones are the dispatcher's.
	evaluate[bool](p, `(() => {
		const real = window.fetch;
		let tails = 0;
		window.fetch = (path, options) => path.includes("/tail") && tails++ === 0
			? Promise.resolve(new Response("event: gap\ndata: {\"dropped\": 1234}\n\n", { headers: { "Content-Type": "text/event-stream" } })) : real(path, options);
		return true;
	})()`)
	p.click("Live tail")
	p.see("There is a gap.", "1 234 deliveries could not be shown")
	w.call(`{"id": "after-the-gap", "name": "a"}`)
	p.see("/v2/orders/after-the-gap", "There is a gap.")
	p.click("Dismiss")
	p.gone("There is a gap.")
}

// TestCharts: the numbers of the charts are those of the log.
func TestCharts(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, r receiver.Request) {
		if strings.Contains(r.URI, "refused") {
			rw.WriteHeader(http.StatusTeapot)
		}
	})
	w.configure(nil)
	for _, id := range []string{"a", "b", "refused"} {
		w.call(`{"id": "` + id + `", "name": "a"}`)
	}
	p := newPageAt(t, w, "#/ns/shop/webhooks/order-shipped")
	p.see("Succeeded 2", "Rejected 1", "Outcomes of calls")
	p.click("7d, the last 7 days")
	p.until("the span of time in the address", `location.hash.endsWith("?range=7d")`)
	p.see("Succeeded 2", "Rejected 1")
	p.click("Numbers of Outcomes of calls")
	p.until("the numbers", `[...document.querySelectorAll(".numbers tbody tr")].some((r) => r.children[1].textContent === "2" && r.children[2].textContent === "1")`)
	if label := evaluate[string](p, `document.querySelector(".plot").getAttribute("aria-label")`); !strings.Contains(label, "Succeeded: 2, Rejected: 1") {
		t.Errorf("a screen reader reads the chart as %q", label)
	}
}

// TestColours: the button changes the colours, for the next visit too.
func TestColours(t *testing.T) {
	w := newWorld(t, nil)
	p := newPage(t, w)
	p.size(1440, 900, "light")
	p.open("")
	p.see("How to get a token")
	const dark = `getComputedStyle(document.body).backgroundColor === "rgb(18, 21, 26)"`
	if evaluate[bool](p, dark) {
		t.Error("the page is dark though the system is light")
	}
	p.click("Colours: as the system. Change to dark")
	p.until("dark colours", dark)
	p.do(chromedp.Reload())
	p.until("dark colours after reloading", dark)
	p.click("Colours: dark. Change to light")
	p.size(1440, 900, "dark")
	p.until("light colours on a dark system", "!("+dark+")")
	p.click("Colours: light. Change to as the system")
	p.until("the system's colours", dark)
}

// TestKeyboard: without a mouse one comes to the content, to the search, into a call, and
// out of a dialog, and always sees where one is.
func TestKeyboard(t *testing.T) {
	w := newWorld(t, failing)
	w.configure(nil)
	call := w.call(`{"id": 1, "name": "a"}`)
	p := newPage(t, w)
	p.open("#/ns/shop/deliveries")
	p.see("Log in")
	p.until("the field of the token to have the focus", `document.activeElement.name === "token"`)
	p.do(chromedp.KeyEvent(token), chromedp.KeyEvent(kb.Enter))
	p.see("1 delivery,")
	p.do(chromedp.KeyEvent("/"))
	p.until("the search to have the focus", `document.activeElement.name === "text"`)
	p.tabTo("Live tail")
	p.tabTo("Call " + call.TransactionID)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.see("HTTP 503")
	p.until("the heading to have the focus", `document.activeElement.tagName === "H1"`)
	p.tabTo("Redeliver…")
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("the dialog", `document.querySelector("dialog[open]") !== null`)
	p.do(chromedp.KeyEvent(kb.Escape))
	p.until("the dialog to close", `document.querySelector("dialog[open]") === null`)
	p.until("the focus to be where it was", `document.activeElement.textContent === "Redeliver…"`)
	p.do(chromedp.Reload())
	p.see("HTTP 503")
	p.do(chromedp.KeyEvent(kb.Tab))
	p.until("the skip link", `document.activeElement.textContent === "Skip to content"`)
	p.do(chromedp.KeyEvent(kb.Enter))
	p.until("the content to have the focus", `document.activeElement.id === "main"`)
	if got := p.location(); got != callPath(call.TransactionID) {
		t.Errorf("skipping has led to %s", got)
	}
}

// tabTo presses Tab until something with that name has the focus, which must be visible.
func (p *tab) tabTo(name string) {
	p.t.Helper()
	var way []string
	for range 60 {
		p.do(chromedp.KeyEvent(kb.Tab))
		at := evaluate[string](p, `(document.activeElement.getAttribute("aria-label") || document.activeElement.textContent).trim().slice(0, 100)`)
		way = append(way, at)
		if strings.HasSuffix(at, name) {
			return
		}
		if !evaluate[bool](p, `document.activeElement === document.body || getComputedStyle(document.activeElement).outlineStyle !== "none"`) {
			p.t.Errorf("%s has the focus, and one does not see it", evaluate[string](p, "document.activeElement.outerHTML.slice(0, 200)"))
		}
	}
	p.t.Fatalf("60 times Tab does not lead to %q, but to %q", name, way)
}
