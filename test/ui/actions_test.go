package ui

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// TestPreview: the editor has the sample data as it was written, the preview shows the
// request with private values hidden, and nothing is sent; what is wrong with the data or
// the templates is told with its place.
func TestPreview(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks/order-shipped/preview")
	p.until("the sample data", `document.querySelector("textarea")?.value.includes('"id": 12345678901234567890')`)
	p.click("Preview")
	p.see("/v2/orders/12345678901234567890", "Authorization", "***", "Without the idempotency key")
	p.fill("The call's data, a JSON object", `{"id": 1, }`)
	p.see("Line 1, column 11")
	p.fill("The call's data, a JSON object", `{"id": 1}`)
	p.click("Preview")
	p.see("Render failed", "body", "line 1, column")
	if n := len(w.receiver.Requests()); n != 0 {
		t.Errorf("previews have sent %d requests", n)
	}
}

// TestTestCall: nothing is sent before one confirms; then the outcome is shown, and leads
// to the call.
func TestTestCall(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks/order-shipped/preview")
	p.fill("The call's data, a JSON object", `{"id": 77, "name": "Grace"}`)
	p.click("Send a test call…")
	p.click("Leave it")
	p.until("the dialog to close", `!document.querySelector("dialog[open]")`)
	if n := len(w.receiver.Requests()); n != 0 {
		t.Fatalf("%d requests were sent though nobody has confirmed", n)
	}
	p.click("Send a test call…")
	p.click("Send it")
	p.see("The receiver answered with success.")
	if got := w.receiver.Requests(); len(got) != 1 || got[0].URI != "/v2/orders/77" {
		t.Errorf("the receiver got %v", got)
	}
	p.click("See the request and the answer")
	p.see("Attempt 1", "HTTP 200", "/v2/orders/77", `"name": "Grace"`)
}

// TestRedeliver: a finished call is delivered anew once one confirms, and the page
// follows it to its new end.
func TestRedeliver(t *testing.T) {
	var fine atomic.Bool
	w := newWorld(t, func(rw http.ResponseWriter, r receiver.Request) {
		if !fine.Load() {
			failing(rw, r)
		}
	})
	w.configure(nil)
	call := w.call(`{"id": 1, "name": "a"}`)
	p := newPageAt(t, w, callPath(call.TransactionID))
	p.see("Failed", "HTTP 503")
	fine.Store(true)
	p.click("Redeliver…")
	p.see("the same bytes under the same transaction id")
	p.click("Redeliver")
	p.see("The receiver answered with success.", "HTTP 200")
	if got := w.receiver.Requests(); len(got) != 2 || got[0].Body != got[1].Body {
		t.Errorf("the receiver got %d requests, not the same one twice", len(got))
	}
}

// TestCancel: a call that waits says when it is tried again, and is cancelled once one
// confirms.
func TestCancel(t *testing.T) {
	w := newWorld(t, failing)
	w.configure(func(_ *plan.Integration, wh *plan.Webhook) []plan.Webhook {
		withKey(wh)
		return nil
	})
	call, err := w.client.Call(t.Context(), "shop", "order-shipped", []byte(`{"id": 1, "name": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	w.await("the first attempt to fail", func() bool { return w.state(call.TransactionID).Attempts == 1 })
	p := newPageAt(t, w, callPath(call.TransactionID))
	p.see("Waiting", "The next attempt is due", "HTTP 503")
	p.click("Cancel…")
	p.click("Cancel the call")
	p.see("Cancelled")
	if got := w.state(call.TransactionID); got.Outcome != "Cancelled" {
		t.Errorf("the call is %s %s", got.State, got.Outcome)
	}
}

// TestACallIsFollowed: the page of a call that is under way shows its end by itself.
func TestACallIsFollowed(t *testing.T) {
	release := make(chan struct{})
	w := newWorld(t, func(http.ResponseWriter, receiver.Request) { <-release })
	w.configure(nil)
	call, err := w.client.Call(t.Context(), "shop", "order-shipped", []byte(`{"id": 1, "name": "a"}`))
	if err != nil {
		t.Fatal(err)
	}
	p := newPageAt(t, w, callPath(call.TransactionID))
	p.see("Waiting", "No attempt has ended yet.")
	close(release)
	p.see("The receiver answered with success.", "Attempt 1")
	if got := w.state(call.TransactionID); got.State != client.StateFinished {
		t.Errorf("the call is %s", got.State)
	}
}

// TestManifest: the copy has the new name and not the system name of the original, can be
// copied, and is what is downloaded.
func TestManifest(t *testing.T) {
	w := newWorld(t, nil)
	w.configure(nil)
	p := newPageAt(t, w, "#/ns/shop/webhooks/order-shipped/manifest")
	p.fill("New name", "order-returned")
	p.see("name: order-returned", "kind: Webhook", "integrationRef:")
	shown := evaluate[string](p, `document.querySelector("pre.manifest").textContent`)
	if strings.Contains(shown, "orderShipped") {
		t.Error("the copy has the system name of the original, so it would not be accepted beside it")
	}
	p.click("Copy the manifest")
	p.see("Copied the manifest")
	downloaded := evaluate[string](p, `fetch(document.querySelector("a[download]").href).then((r) => r.text())`)
	if downloaded != shown {
		t.Errorf("the download has\n%s\nand the page shows\n%s", downloaded, shown)
	}
	if name := evaluate[string](p, `document.querySelector("a[download]").download`); name != "order-returned.yaml" {
		t.Errorf("the download's name is %s", name)
	}
}

// TestTenThousandWebhooks: the first view of a namespace with that many is there fast,
// search finds one among them, and more can be shown.
func TestTenThousandWebhooks(t *testing.T) {
	if testing.Short() {
		t.Skip("10,000 Webhooks take a while")
	}
	w := newWorld(t, nil)
	w.configure(func(in *plan.Integration, wh *plan.Webhook) []plan.Webhook {
		return many(wh, 9999)
	})
	p := newPageAt(t, w, "#/ns/shop/webhooks")
	p.see("10 000 Webhooks")
	p.open("#/ns/shop/webhooks")
	p.see("10 000 Webhooks", "many-00001")
	p.until("the time of the first row", "lookout.rows()")
	took := time.Duration(evaluate[float64](p, "lookout.rows()") * float64(time.Millisecond))
	t.Logf("the first view of 10,000 Webhooks was painted %s after the navigation began", took)
	t.Logf("what took how long: %s", evaluate[string](p, `performance.getEntriesByType("resource").map((e) => e.name.replace(/^.*\/\/[^/]*/, "") + " from " + Math.round(e.startTime) + " to " + Math.round(e.responseEnd) + " ms").join("; ")`))
	if took > 5*time.Second {
		t.Errorf("the first view of 10,000 Webhooks took %s", took)
	}
	p.fill("Search", "many-07654")
	p.see("1 Webhook")
	p.fill("Search", "")
	p.click("Show more")
	p.see("many-00400")
}
