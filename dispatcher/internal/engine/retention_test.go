package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// sweepAll drops all calls that have ended from the log.
func (h *harness) sweepAll() {
	h.t.Helper()
	r := store.Retention{MaxAge: time.Hour, MaxBytes: 1 << 40, Policy: h.engine}
	if _, err := h.store.Sweep(context.Background(), r, time.Now().Add(10_000*time.Hour)); err != nil {
		h.t.Fatal(err)
	}
}

// TestRedeliverOfWhatIsBeingDropped: a call is dropped from the log while it is delivered
// anew: it is as if it had not been there, and others go on.
func TestRedeliverOfWhatIsBeingDropped(t *testing.T) {
	for _, step := range []string{"Load", "End"} {
		t.Run(step, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				call := h.call("wh", "call", false)
				synctest.Wait()
				letGo := h.hold(step)
				result := make(chan error, 1)
				go func() { result <- h.engine.Redeliver(context.Background(), wh, call.ID) }()
				synctest.Wait()
				h.sweepAll()
				letGo()
				wantError(t, "Redeliver", <-result, store.ErrNotFound)
				if held := h.engine.Held(); len(held) > 0 {
					t.Errorf("calls are said to wait for %v", held)
				}
				h.call("wh", "another", false)
				synctest.Wait()
				if len(h.sent) != 2 {
					t.Errorf("sent %d times, want each call once", len(h.sent))
				}
				select {
				case err := <-h.engine.Failed():
					t.Errorf("the engine has failed: %v", err)
				default:
				}
			})
		})
	}
}

// TestCancelOfWhatIsBeingDropped: a call ends and is dropped while somebody cancels it.
func TestCancelOfWhatIsBeingDropped(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(in *plan.Integration) { in.Suspend = true })
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		letGo := h.hold("Load")
		result := make(chan error, 1)
		go func() {
			_, err := h.engine.Cancel(context.Background(), wh, call.ID)
			result <- err
		}()
		synctest.Wait() // Cancel has taken the call, and is about to load it
		entry, err := h.store.Load(call.ID)
		if err != nil {
			t.Fatal(err)
		}
		now := store.State{Outcome: plan.OutcomeCancelled, EndedAt: time.Now()}
		if err := h.store.End(context.Background(), &store.End{Call: &entry.Call, Was: entry.State, Now: now}); err != nil {
			t.Fatal(err)
		}
		h.sweepAll()
		letGo()
		wantError(t, "Cancel", <-result, ErrFinished)
		select {
		case err := <-h.engine.Failed():
			t.Errorf("the engine has failed: %v", err)
		default:
		}
	})
}

// TestPolicyOfTheLog: what the store is told of webhooks and integrations.
func TestPolicyOfTheLog(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		want := plan.LogRetention{MaxAge: 48 * time.Hour, MaxBytes: 1 << 30}
		h.integration("in", func(in *plan.Integration) { in.LogRetention = want })
		h.webhook("wh", "in", nil)
		in := plan.Key{Namespace: "ns", Name: "in"}
		if got, known := h.engine.IntegrationOf(wh); !known || got != in {
			t.Errorf("IntegrationOf = %v, %v", got, known)
		}
		if got := h.engine.LogRetention(in); got != want {
			t.Errorf("LogRetention = %+v, want %+v", got, want)
		}
		unusable := &plan.Integration{Key: in, URL: "https://a", TLS: &plan.TLS{Certificate: "x", Key: plan.NewSecret("x")}, LogRetention: want}
		if err := h.engine.SetIntegration(unusable); err == nil {
			t.Error("SetIntegration of a broken certificate = nil")
		}
		if got := h.engine.LogRetention(in); got != want {
			t.Errorf("LogRetention of an integration that cannot be used = %+v, want %+v", got, want)
		}
		h.engine.RemoveWebhook(wh)
		h.engine.RemoveIntegration(in)
		if got, known := h.engine.IntegrationOf(wh); known {
			t.Errorf("IntegrationOf a deleted webhook = %v", got)
		}
		if got := h.engine.LogRetention(in); got != (plan.LogRetention{}) {
			t.Errorf("LogRetention of a deleted integration = %+v", got)
		}
	})
}
