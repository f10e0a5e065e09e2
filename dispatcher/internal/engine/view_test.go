package engine

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// queue returns the queue of an integration.
func (h *harness) queue(name string) Queue {
	h.t.Helper()
	for _, q := range h.engine.Queues() {
		if q.Key.Name == name {
			return q
		}
	}
	h.t.Fatalf("there is no queue of integration %s", name)
	return Queue{}
}

// age is for how long something has been due; -1 if nothing is.
func age(due time.Time) time.Duration {
	if due.IsZero() {
		return -1
	}
	return time.Since(due).Truncate(time.Second)
}

// viewOf returns what is known of a webhook.
func (h *harness) viewOf(name string) WebhookView {
	return h.engine.Webhooks([]plan.Key{{Namespace: "ns", Name: name}})[0]
}

// TestQueuesShowTheOldestDueCall: the first of those behind a slow one, the one under way
// left out, in the window and behind it.
func TestQueuesShowTheOldestDueCall(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(context.Context, string, int) outbound.Response {
			wait := time.NewTimer(10 * time.Second)
			<-wait.C
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 1 })
		h.integration("idle", nil)
		h.webhook("wh", "in", nil)
		h.call("wh", "slow", false)
		wait(time.Second)
		if q := h.queue("in"); q.Waiting != 1 || q.InFlight != 1 || !q.OldestDue.IsZero() {
			t.Errorf("with one call under way: %+v", q)
		}
		h.call("wh", "second", false)
		wait(2 * time.Second)
		for i := range 3 * window {
			h.call("wh", fmt.Sprint("more-", i), false)
		}
		q := h.queue("in")
		if q.Waiting != 3*window+2 || q.WaitingBytes < int64(q.Waiting) || age(q.OldestDue) != 2*time.Second {
			t.Errorf("the oldest is due for %v: %+v", age(q.OldestDue), q)
		}
		if d := h.engine.Depths(); len(d) != 1 || d[0] != (Depth{Integration: q.Key, Namespace: "ns", Waiting: q.Waiting, OldestDue: q.OldestDue}) {
			t.Errorf("the parts of %+v are %+v", q, d)
		}
		if v := h.viewOf("wh"); v.Waiting != q.Waiting || !v.OldestDue.Equal(q.OldestDue) {
			t.Errorf("the webhook has %+v, its integration %+v", v, q)
		}
		wait(8 * time.Second) // the second call is under way
		if q := h.queue("in"); age(q.OldestDue) != 8*time.Second {
			t.Errorf("behind the second call the oldest is due for %v", age(q.OldestDue))
		}
		if q := h.queue("idle"); q != (Queue{Key: plan.Key{Namespace: "ns", Name: "idle"}}) {
			t.Errorf("an integration without calls has %+v", q)
		}
	})
}

// TestQueuesReadWhatIsNotInMemory: nothing is, before the configuration is complete.
func TestQueuesReadWhatIsNotInMemory(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = status(503, plan.ReasonServerError)
		h.integration("in", nil)
		h.webhook("retried", "in", nil)
		h.call("retried", "again", true)
		wait(time.Second)
		h.integration("in", func(p *plan.Integration) { p.Suspend = true })
		h.webhook("fresh", "in", nil)
		h.call("fresh", "new", true)
		wait(9 * time.Second)
		h.incomplete = true
		h.restart()
		h.integration("in", nil)
		h.webhook("fresh", "in", nil)
		h.webhook("retried", "in", nil)
		if q := h.queue("in"); q.Waiting != 2 || age(q.OldestDue) != 9*time.Second {
			t.Errorf("due for %v: %+v", age(q.OldestDue), q)
		}
		if v := h.viewOf("retried"); v.Waiting != 1 || !v.OldestDue.IsZero() {
			t.Errorf("before its retry is due: %+v", v)
		}
		wait(5 * time.Minute)
		if due := h.viewOf("retried").OldestDue; age(due) != 5*time.Minute+10*time.Second-105*time.Second {
			t.Errorf("the retry is due for %v", age(due))
		}
	})
}

// TestWhatIsSuspendedIsNotDue, and what is not ready is: nobody has meant it to wait.
func TestWhatIsSuspendedIsNotDue(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		hold := func(p *plan.Integration) { p.Suspend = true }
		h.integration("in", hold)
		h.webhook("wh", "in", nil)
		h.call("wh", "call", true)
		wait(time.Minute)
		check := func(name string, due bool) {
			t.Helper()
			if q, v := h.queue("in"), h.viewOf("wh"); q.OldestDue.IsZero() == due || v.OldestDue.IsZero() == due || q.Waiting != 1 || v.Waiting != 1 {
				t.Errorf("%s: %+v, %+v", name, q, v)
			}
		}
		check("suspended integration", false)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		h.integration("in", nil)
		check("suspended webhook", false)
		h.integration("in", func(p *plan.Integration) { *p = plan.Integration{Key: p.Key, NotReady: "a Secret is missing"} })
		h.webhook("wh", "in", nil)
		check("integration that is not ready", true)
		h.engine.RemoveIntegration(plan.Key{Namespace: "ns", Name: "in"})
		check("unknown integration", true)
	})
}

// TestWebhooksShowTheirOwnReport, and not that of an earlier one of the name.
func TestWebhooksShowTheirOwnReport(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		wait(time.Second)
		if r := h.viewOf("wh").Report; r.TransactionID != call.ID.String() || r.Outcome != plan.OutcomeSucceeded {
			t.Errorf("reported is %+v", r)
		}
		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		if diff := cmp.Diff(WebhookView{}, h.viewOf("wh")); diff != "" {
			t.Errorf("after it was made anew (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(WebhookView{}, h.viewOf("unknown")); diff != "" {
			t.Errorf("an unknown one (-want +got):\n%s", diff)
		}
	})
}
