package dispatcher_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestTheLogKeepsToItsBounds: the oldest calls of an integration go when its log is
// larger than it says, and a repeat of one of them is told so and not sent again.
func TestTheLogKeepsToItsBounds(t *testing.T) {
	h := newHarness(t, nil)
	bounded := func(in *plan.Integration, wh *plan.Webhook) {
		in.LogRetention = plan.LogRetention{MaxBytes: 1 << 20}
		wh.Body = `{"name": "${name}", "text": "${text}"}`
	}
	h.configure(bounded)
	const calls = 8
	data := func(n int) []byte {
		return fmt.Appendf(nil, `{"id": %d, "name": "x", "text": %q}`, n, strings.Repeat("x", 200_000))
	}
	var ids []string
	for n := range calls {
		call, err := h.client.CallOnce(t.Context(), "ns", "wh", fmt.Sprint(n), data(n))
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, call.TransactionID)
		h.finished(call.TransactionID)
	}
	// A start sweeps at once, but by then the configuration may not be there.
	h.stop()
	h.start(func(o *dispatcher.Options) { o.LogMaxBytes = dispatcher.MinLogMaxBytes })
	h.await("the oldest call to be dropped", func() bool {
		_, err := h.client.Get(t.Context(), "ns", "wh", ids[0])
		var problem *client.Problem
		return errors.As(err, &problem) && problem.Type == client.ProblemUnknownCall
	})
	if _, err := h.client.Get(t.Context(), "ns", "wh", ids[calls-1]); err != nil {
		t.Errorf("the newest call: %v", err)
	}
	_, err := h.client.CallOnce(t.Context(), "ns", "wh", "0", data(0))
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Type != client.ProblemCallGone || problem.Status != http.StatusGone {
		t.Errorf("a repeat of a call that is dropped: %v, want %s", err, client.ProblemCallGone)
	}
	if requests := h.received(calls); len(requests) != calls {
		t.Errorf("%d requests were sent, want %d", len(requests), calls)
	}
	if !strings.Contains(h.log.String(), "dropped what is past its retention from the delivery log") {
		t.Error("the log does not say that anything was dropped")
	}
}
