package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var wh = plan.Key{Namespace: "ns", Name: "wh"}

// wantCancelled checks that a call was cancelled and is counted no more.
func (h *harness) wantCancelled(call *store.Call) {
	h.t.Helper()
	if state := h.state(call); state.Outcome != plan.OutcomeCancelled {
		h.t.Errorf("the call of the deleted webhook became %+v", state)
	}
	for key, l := range h.engine.lanes {
		if l.open != 0 || len(l.flying) > 0 {
			h.t.Errorf("lane %s counts %d open, %d flying", key, l.open, len(l.flying))
		}
	}
}

func TestWebhookDeletedWhenAnAttemptIsAboutToBegin(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.cacheBytes = 1 // so that the call is read when its turn comes
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		letGo := h.hold("Load")
		call := h.call("wh", "call", false)
		synctest.Wait()
		h.engine.RemoveWebhook(wh)
		synctest.Wait()
		letGo()
		h.wantCancelled(call)
		if len(h.sent) > 0 || len(h.engine.lanes) > 0 {
			t.Errorf("%d sent, %d lanes left", len(h.sent), len(h.engine.lanes))
		}
	})
}

func TestWebhookDeletedWhenARetryIsBeingStored(t *testing.T) {
	for _, step := range []string{"End", "End done"} {
		for _, anew := range []bool{false, true} {
			t.Run(fmt.Sprint(step, ", anew ", anew), func(t *testing.T) {
				bubble(t, func(t *testing.T, h *harness) {
					h.answer = status(503, plan.ReasonServerError)
					h.integration("in", nil)
					h.webhook("wh", "in", nil)
					letGo := h.hold(step)
					call := h.call("wh", "call", true)
					synctest.Wait()
					if anew {
						h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
					} else {
						h.engine.RemoveWebhook(wh)
					}
					synctest.Wait()
					letGo()
					h.wantCancelled(call)
				})
			})
		}
	}
}

func TestWebhookMadeAnewDuringTheCancellation(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		h.webhook("other", "in", nil)
		call := h.call("wh", "call", true)
		synctest.Wait()
		letGo := h.hold("End")
		h.engine.RemoveWebhook(wh)
		synctest.Wait()
		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		synctest.Wait()
		letGo()
		h.wantCancelled(call)
	})
}

func TestWebhookMadeAnewAndSuspendedKeepsNoOldCalls(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		call := h.call("wh", "call", true)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend, p.UID = true, "another" })
		synctest.Wait()
		h.wantCancelled(call)
	})
}

// TestCancellationLeavesANewWebhookAlone: a webhook is made anew, and called,
// between the last cancelled call of the old one and the look for more.
func TestCancellationLeavesANewWebhookAlone(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		call := h.call("wh", "old", true)
		synctest.Wait()
		letGo := h.hold("Retries")
		h.engine.RemoveWebhook(wh)
		synctest.Wait()
		h.wantCancelled(call)
		h.answer = func(_ context.Context, _ string, nth int) outbound.Response {
			if nth == 1 {
				return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 500}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.webhook("wh", "in", nil)
		another := h.call("wh", "new", true)
		wait(time.Second) // it waits for its retry
		letGo()
		wait(time.Hour)
		if state := h.state(another); state.Outcome != plan.OutcomeSucceeded {
			t.Errorf("the call of the new webhook became %+v", state)
		}
	})
}

func TestReportsOfADeletedWebhookHideNoNewOnes(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		proceed := make(chan struct{})
		h.answer = func(_ context.Context, name string, _ int) outbound.Response {
			if name == "old" {
				<-proceed
			}
			return outbound.Response{Reason: plan.ReasonClientError, StatusCode: 404}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.call("wh", "earlier", false)
		synctest.Wait()
		h.call("wh", "old", false)
		synctest.Wait()
		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: wh, WebhookUID: "another", Suffix: "/new"}}
		if err := errors.Join(h.engine.Reserve(wh, 0), h.store.Accept(t.Context(), entry)); err != nil {
			t.Fatal(err)
		}
		h.engine.Accepted(wh, entry)
		synctest.Wait()
		close(proceed)
		synctest.Wait()
		last := h.reports[len(h.reports)-1]
		if len(h.reports) != 2 || last.WebhookUID != "another" || last.ConsecutiveFailures != 1 {
			t.Errorf("the reports are %+v, want that of the new webhook last, counting its own failures", h.reports)
		}
	})
}

func TestReserveForADeletedWebhook(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		if err := h.engine.Reserve(wh, 0); err != nil {
			t.Fatal(err)
		}
		h.engine.RemoveWebhook(wh)
		if err := h.engine.Reserve(wh, 0); !errors.Is(err, ErrDeleted) {
			t.Errorf("deleted, with a call on its way: %v", err)
		}
		h.engine.Release(wh, 0)
		if err := h.engine.Reserve(wh, 0); !errors.Is(err, ErrDeleted) || len(h.engine.lanes) > 0 {
			t.Errorf("deleted: %v, %d lanes left", err, len(h.engine.lanes))
		}
	})
}

func TestIntegrationThatIsNotReadyForAMoment(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		const limit = 10
		limited := func(p *plan.Integration) { p.RequestsPerSecond = limit }
		h.integration("in", limited)
		h.webhook("wh", "in", nil)
		for i := range 3 * limit {
			if i%5 == 0 {
				h.integration("in", func(p *plan.Integration) { *p = plan.Integration{Key: p.Key, NotReady: "a Secret is missing"} })
				h.call("wh", fmt.Sprint("meanwhile", i), false) // waits, and is not refused
				h.integration("in", limited)
			}
			h.call("wh", fmt.Sprint(i), false)
			wait(10 * time.Millisecond)
		}
		wait(time.Minute)
		for i := limit; i < len(h.sent); i++ {
			if gap := h.sent[i].at.Sub(h.sent[i-limit].at); gap < time.Second {
				t.Fatalf("sends %d and %d are %v apart: more than %d in a second", i-limit, i, gap, limit)
			}
		}
	})
}

func TestFailedStoreIsTold(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		cause := errors.New("the disk is gone")
		h.engine.Fail(cause)
		if err := <-h.engine.Failed(); !errors.Is(err, cause) {
			t.Errorf("Failed gave %v", err)
		}
		h.call("wh", "call", false)
		wait(time.Second)
		if len(h.sent) > 0 {
			t.Error("sent over a failed store")
		}
	})
}

// TestWindowOfRetries: whatever happens while the store is read, no retry
// between the cursor and the window is left out, and none is taken twice.
func TestWindowOfRetries(t *testing.T) {
	at := func(second int64) store.Item {
		return store.Item{ID: uuid.UUID{byte(second)}, Seq: 1, Due: time.Unix(second, 0)}
	}
	position := func(i store.Item) store.Position { return store.Position{Due: i.Due, Seq: i.Seq} }
	for name, during := range map[string]func(*lane){
		"forgotten":       (*lane).rereadRetries,
		"joined before":   func(l *lane) { l.addRetry(position(at(1))) },
		"joined between":  func(l *lane) { l.addRetry(position(at(3))) },
		"both":            func(l *lane) { l.addRetry(position(at(5))); l.addRetry(position(at(3))) },
		"joined, reverse": func(l *lane) { l.addRetry(position(at(3))); l.addRetry(position(at(5))) },
	} {
		e, l := &Engine{wall: time.Now}, newLane(wh)
		e.filledRetries(l, &read{found: []store.Item{at(2)}})
		l.filling = true
		during(l)
		e.filledRetries(l, &read{found: []store.Item{at(4)}})
		if l.retryCursor != (store.Position{}) || !l.moreRetries || len(l.retries) > 0 {
			t.Errorf("%s: the window goes on from %v with %v, want it read again", name, l.retryCursor, l.retries)
		}
	}
	l := newLane(wh)
	stale := waiting{Item: at(1), at: time.Unix(1, 0)}
	moved := stale
	moved.Due, moved.at = moved.Due.Add(time.Second), moved.at.Add(time.Second)
	l.retries, l.fresh = []waiting{stale, moved}, []waiting{{Item: store.Item{ID: stale.ID}}}
	l.take(again)
	for _, k := range []kind{first, again} {
		if item, ok := l.next(k, time.Unix(9, 0)); ok {
			t.Errorf("%v has a turn while its call is under way", item)
		}
	}
}

// TestWindowOfFreshCalls: what a read lists beyond the highest durable Seq may
// be undone by a power cut, and is read again when it is durable.
func TestWindowOfFreshCalls(t *testing.T) {
	e, l := &Engine{}, newLane(wh)
	l.accepted = 2
	e.filledFresh(l, &read{items: []store.Item{{Seq: 1}, {Seq: 2}, {Seq: 4}}, accepted: 2})
	if len(l.fresh) != 2 || l.freshCursor != 2 {
		t.Errorf("%d calls up to %d in the window, want those up to the durable 2", len(l.fresh), l.freshCursor)
	}
	if l.accepted = 4; !l.wantsFill() {
		t.Error("what has become durable is not read")
	}
}

func TestSlotOfAWebhookThatMovedIsGivenOut(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		proceed := make(chan struct{})
		h.answer = func(_ context.Context, name string, _ int) outbound.Response {
			if name == "moves" {
				<-proceed
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 1 })
		h.integration("other", nil)
		h.webhook("wh", "in", nil)
		h.webhook("stays", "in", nil)
		h.call("wh", "moves", false)
		synctest.Wait()
		call := h.call("stays", "stays", false)
		h.webhook("wh", "other", nil)
		synctest.Wait()
		close(proceed)
		synctest.Wait()
		if state := h.state(call); state.Outcome != plan.OutcomeSucceeded {
			t.Errorf("the call that waited for the slot is %+v", state)
		}
	})
}

func TestMoreRetriesThanAWindow(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(_ context.Context, _ string, nth int) outbound.Response {
			if nth == 1 {
				return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 500}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		for i := range 3 * window {
			h.call("wh", fmt.Sprint(i), true)
		}
		wait(time.Second)
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		wait(time.Hour)
		if held := h.engine.Held(); held != nil || len(h.sent) != 6*window {
			t.Errorf("%d sent, %v held; want each call sent twice", len(h.sent), held)
		}
	})
}

func TestAnswerAfterTheGracePeriodIsKept(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(ctx context.Context, _ string, _ int) outbound.Response {
			<-ctx.Done() // and at the same time the answer comes in
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		synctest.Wait()
		h.restart()
		if state := h.state(call); state.Outcome != plan.OutcomeSucceeded {
			t.Errorf("the call became %+v", state)
		}
	})
}

// TestReadDuringACancellation: a read of the queue begins before the calls of the
// webhook that was made anew are cancelled, and ends after that.
func TestReadDuringACancellation(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		suspended := func(p *plan.Webhook) { p.Suspend = true }
		h.integration("in", nil)
		h.webhook("wh", "in", suspended)
		call := h.call("wh", "old", false)
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", suspended)
		letGo := h.hold("LoadFresh done")
		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		synctest.Wait()
		letGo()
		wait(time.Minute)
		h.wantCancelled(call)
	})
}

func TestCancelWhileARetryIsBeingStored(t *testing.T) {
	for _, step := range []string{"End", "End done"} {
		t.Run(step, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.answer = status(503, plan.ReasonServerError)
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				letGo := h.hold(step)
				call := h.call("wh", "call", true)
				synctest.Wait()
				if ended, err := h.engine.Cancel(t.Context(), wh, call.ID); ended || err != nil {
					t.Errorf("Cancel = %v, %v", ended, err)
				}
				letGo()
				wait(time.Hour)
				h.wantCancelled(call)
				if len(h.sent) != 1 || h.engine.inFlightBytes != 0 {
					t.Errorf("sent %d times, %d bytes in flight", len(h.sent), h.engine.inFlightBytes)
				}
			})
		})
	}
}
