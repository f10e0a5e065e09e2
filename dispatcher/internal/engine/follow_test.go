package engine

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// next is the webhook that outcomes trigger.
var next = plan.Key{Namespace: "ns", Name: "next"}

// triggers has every outcome of another webhook trigger a call of next, and
// returns the outcomes by the path of their call.
func (h *harness) triggers() func() map[string]plan.Outcome {
	var mu sync.Mutex
	seen := map[string]plan.Outcome{}
	h.follow = func(call *store.Call, state store.State, _ *store.Result) []*store.Entry {
		mu.Lock()
		defer mu.Unlock()
		if seen[call.Suffix] = state.Outcome; call.Webhook == next {
			return nil
		}
		entry := &store.Entry{Call: store.Call{
			ID: uuid.Must(uuid.NewV7()), Webhook: next, CreatedAt: time.Now(), Method: "POST", Suffix: "/next" + call.Suffix, Hops: call.Hops + 1,
		}}
		if err := h.engine.ReserveTriggered(next, entry.Call.Size()); err != nil {
			h.t.Errorf("ReserveTriggered: %v", err)
			return nil
		}
		return []*store.Entry{entry}
	}
	h.restart()
	return func() map[string]plan.Outcome {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(seen)
	}
}

// TestFollowOfEveryWayToEnd: whatever the outcome, the call that it triggers is
// sent.
func TestFollowOfEveryWayToEnd(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		outcomes := h.triggers()
		h.answer = func(ctx context.Context, name string, _ int) outbound.Response {
			if name == "lost" {
				<-ctx.Done()
				return outbound.Response{Reason: plan.ReasonNetworkError}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		configure := func() {
			h.integration("in", nil)
			h.webhook("suspended", "in", func(p *plan.Webhook) { p.Suspend = true })
			h.webhook("wh", "in", nil)
			h.webhook("next", "in", nil)
		}
		configure()
		h.call("wh", "succeeded", false)
		h.call("wh", "lost", false)
		cancelled, swept := h.call("suspended", "cancelled", false), h.call("suspended", "swept", true)
		synctest.Wait()
		if _, err := h.engine.Cancel(t.Context(), cancelled.Webhook, cancelled.ID); err != nil {
			t.Fatal(err)
		}
		h.incomplete = true
		h.crash()
		h.engine.RemoveWebhook(swept.Webhook) // before the webhook is known that its outcome triggers
		synctest.Wait()
		configure()
		h.engine.RemoveWebhook(swept.Webhook)
		h.engine.Complete()
		wait(time.Minute)
		want := map[string]plan.Outcome{
			"/succeeded": plan.OutcomeSucceeded, "/lost": plan.OutcomeLost, "/cancelled": plan.OutcomeCancelled, "/swept": plan.OutcomeCancelled,
		}
		for name := range maps.Clone(want) {
			want["/next"+name] = plan.OutcomeSucceeded
		}
		if diff := cmp.Diff(want, outcomes()); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
	})
}

// TestFollowOfAnOutcomeThatChanges: a retry is decided, and turned into an
// outcome while the committer is busy.
func TestFollowOfAnOutcomeThatChanges(t *testing.T) {
	for _, remove := range []bool{false, true} {
		bubble(t, func(t *testing.T, h *harness) {
			outcomes := h.triggers()
			h.integration("in", nil)
			h.webhook("wh", "in", nil)
			h.webhook("next", "in", nil)
			letGo := h.hold("End")
			h.call("wh", "busy", false)
			synctest.Wait()
			h.answer = status(503, plan.ReasonServerError)
			call := h.call("wh", "call", true)
			synctest.Wait()
			if remove {
				h.engine.RemoveWebhook(wh)
			} else if ended, err := h.engine.Cancel(t.Context(), wh, call.ID); ended || err != nil {
				t.Errorf("Cancel = %v, %v", ended, err)
			}
			h.answer = nil
			letGo()
			wait(time.Minute)
			want := map[string]plan.Outcome{
				"/busy": plan.OutcomeSucceeded, "/call": plan.OutcomeCancelled,
				"/next/busy": plan.OutcomeSucceeded, "/next/call": plan.OutcomeSucceeded,
			}
			if diff := cmp.Diff(want, outcomes()); diff != "" {
				t.Errorf("remove %v: outcomes (-want +got):\n%s", remove, diff)
			}
		})
	}
}

// TestSlowFollowHoldsUpNobodyElse: what a tenant's outcomes trigger takes its
// time, and only that tenant's.
func TestSlowFollowHoldsUpNobodyElse(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		proceed := make(chan struct{})
		h.follow = func(call *store.Call, _ store.State, _ *store.Result) []*store.Entry {
			if call.Webhook == wh {
				<-proceed
			}
			return nil
		}
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.webhook("other", "in", nil)
		slow := h.call("wh", "slow", false)
		synctest.Wait()
		quick := h.call("other", "quick", false)
		synctest.Wait()
		if h.state(slow).Finished() || !h.state(quick).Finished() {
			t.Errorf("slow %+v, quick %+v", h.state(slow), h.state(quick))
		}
		close(proceed)
		synctest.Wait()
		if !h.state(slow).Finished() {
			t.Errorf("slow %+v", h.state(slow))
		}
	})
}

// TestTriggeredPastTheBounds: outcomes trigger calls past maxWaiting, which count,
// and hold memory with the attempt until they are durable.
func TestTriggeredPastTheBounds(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.triggers()
		h.integration("in", func(p *plan.Integration) { p.MaxWaiting = 2 })
		h.webhook("wh", "in", nil)
		h.webhook("next", "in", func(p *plan.Webhook) { p.Suspend = true })
		var letGo func()
		for i, name := range []string{"a", "b", "c"} {
			letGo = h.hold("End")
			if i == 2 { // two wait, so that it is not refused itself
				h.integration("in", func(p *plan.Integration) { p.MaxWaiting = 3 })
			}
			h.call("wh", name, false)
			synctest.Wait()
			h.engine.mu.Lock()
			if held := h.engine.inFlightBytes; held < attemptBytes+heldBytes {
				t.Errorf("%d bytes are counted while the triggered call is stored", held)
			}
			h.engine.mu.Unlock()
			letGo()
		}
		h.integration("in", func(p *plan.Integration) { p.MaxWaiting = 2 })
		h.engine.mu.Lock()
		open, held := h.engine.lanes[next].open, h.engine.inFlightBytes
		h.engine.mu.Unlock()
		if open != 3 || held != 0 {
			t.Errorf("%d calls wait, %d bytes in flight", open, held)
		}
		wantError(t, "Reserve past maxWaiting", h.engine.Reserve(next, 0), ErrTooManyWaiting)
		h.engine.RemoveWebhook(next)
		synctest.Wait()
		wantError(t, "ReserveTriggered for a deleted webhook", h.engine.ReserveTriggered(next, 0), ErrDeleted)
	})
}

// TestTriggeredThatEndsAtOnce: its report is published.
func TestTriggeredThatEndsAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.follow = func(call *store.Call, _ store.State, _ *store.Result) []*store.Entry {
			entry := &store.Entry{
				Call:  store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: next, CreatedAt: time.Now(), Hops: call.Hops + 1},
				State: store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: time.Now()},
			}
			report := h.engine.Refused(&entry.Call, entry.State)
			entry.Report = &report
			return []*store.Entry{entry}
		}
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.webhook("next", "in", nil)
		h.call("wh", "call", false)
		synctest.Wait()
		stored, err := h.store.Reports()
		if err != nil || len(stored) != 2 || len(h.reports) != 2 || h.reports[1].Webhook != next || h.reports[1].Outcome != plan.OutcomeRenderFailed {
			t.Errorf("reports %+v, stored %+v, %v", h.reports, stored, err)
		}
	})
}

// TestTriggeredIsReleasedWhenTheStoreFails: whatever the way to the end.
func TestTriggeredIsReleasedWhenTheStoreFails(t *testing.T) {
	for _, way := range []string{"attempt", "cancel", "sweep"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(t)
				h.triggers()
				proceed := make(chan struct{})
				h.answer = func(context.Context, string, int) outbound.Response {
					<-proceed
					return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
				}
				h.integration("in", nil)
				h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = way != "attempt" })
				h.webhook("next", "in", nil)
				call := h.call("wh", "call", false)
				synctest.Wait()
				letGo := h.hold("End")
				switch way {
				case "attempt":
					close(proceed)
				case "cancel":
					go func() { _, _ = h.engine.Cancel(context.Background(), wh, call.ID) }()
				case "sweep":
					h.engine.RemoveWebhook(wh)
				}
				synctest.Wait()
				if err := h.store.Close(); err != nil {
					t.Fatal(err)
				}
				letGo()
				if err := <-h.engine.Failed(); err == nil || h.engine.lanes[next].open != 0 {
					t.Errorf("Failed = %v; %d calls of next are counted", err, h.engine.lanes[next].open)
				}
				h.engine.Drain(t.Context())
				h.engine = nil
			})
		})
	}
}

// TestRedeliverTriggersAgain: each series has an outcome of its own.
func TestRedeliverTriggersAgain(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.triggers()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.webhook("next", "in", nil)
		call := h.call("wh", "call", false)
		synctest.Wait()
		ended, stop := h.engine.Watch(call.ID)
		defer stop()
		if err := errors.Join(h.engine.Redeliver(t.Context(), wh, call.ID)); err != nil {
			t.Fatal(err)
		}
		<-ended
		synctest.Wait()
		want := []string{"call", "next/call", "call", "next/call"}
		if diff := cmp.Diff(want, h.sentNames()); diff != "" {
			t.Errorf("sent (-want +got):\n%s", diff)
		}
	})
}
