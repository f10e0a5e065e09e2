package engine

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// told reports whether a watch has ended.
func told(ended <-chan struct{}) bool {
	select {
	case <-ended:
		return true
	default:
		return false
	}
}

func TestWatch(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		proceed := make(chan struct{})
		h.answer = func(context.Context, string, int) outbound.Response {
			<-proceed
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		attempted, other := h.call("wh", "attempted", true), h.call("wh", "other", true)
		first, stopFirst := h.engine.Watch(attempted.ID)
		second, stopSecond := h.engine.Watch(attempted.ID)
		stopped, stop := h.engine.Watch(attempted.ID)
		stop()
		stop()
		synctest.Wait()
		if told(first) {
			t.Error("told before the call has ended")
		}
		letGo := h.hold("End")
		close(proceed)
		synctest.Wait()
		if told(first) {
			t.Error("told before the outcome is stored")
		}
		letGo()
		if !told(first) || !told(second) || told(stopped) {
			t.Errorf("told: %v, %v, and one that has stopped: %v", told(first), told(second), told(stopped))
		}
		stopFirst()
		stopSecond()
		if n := h.engine.watchers.number.Load(); n != 0 || len(h.engine.watchers.calls) > 0 {
			t.Errorf("%d watches are counted, of %d calls", n, len(h.engine.watchers.calls))
		}
		if state := h.state(other); !state.Finished() {
			t.Error("the call without a watch has not ended")
		}
	})
}

// TestWatchOfEveryWayToEnd: a sweep, a caller, and a start.
func TestWatchOfEveryWayToEnd(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(ctx context.Context, _ string, _ int) outbound.Response {
			<-ctx.Done()
			return outbound.Response{Reason: plan.ReasonNetworkError}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.webhook("suspended", "in", func(p *plan.Webhook) { p.Suspend = true })
		lost := h.call("wh", "lost", false)
		cancelled, swept := h.call("suspended", "cancelled", false), h.call("suspended", "swept", false)
		synctest.Wait()
		h.incomplete = true
		h.crash()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.engine.RemoveWebhook(swept.Webhook)
		lostTold, stop := h.engine.Watch(lost.ID)
		defer stop()
		sweptTold, stop := h.engine.Watch(swept.ID)
		defer stop()
		cancelledTold, stop := h.engine.Watch(cancelled.ID)
		defer stop()
		synctest.Wait()
		if told(lostTold) || told(sweptTold) || told(cancelledTold) {
			t.Error("told of an end before the configuration is complete")
		}
		if ended, err := h.engine.Cancel(t.Context(), cancelled.Webhook, cancelled.ID); !ended || err != nil || !told(cancelledTold) {
			t.Errorf("Cancel = %v, %v, told %v", ended, err, told(cancelledTold))
		}
		h.engine.Complete()
		h.engine.Complete()
		synctest.Wait()
		if !told(lostTold) || !told(sweptTold) {
			t.Errorf("told of the lost call: %v, of the swept one: %v", told(lostTold), told(sweptTold))
		}
	})
}

// TestInterruptedCallIsNotSentAgain: a read of the queue that began before the
// call was Lost ends after that.
func TestInterruptedCallIsNotSentAgain(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(ctx context.Context, _ string, _ int) outbound.Response {
			<-ctx.Done()
			return outbound.Response{Reason: plan.ReasonNetworkError}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		synctest.Wait()
		h.incomplete = true
		h.crash()
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		letGo := h.hold("LoadFresh done")
		h.engine.Complete()
		synctest.Wait()
		letGo()
		wait(time.Minute)
		if state := h.state(call); state.Outcome != plan.OutcomeLost || len(h.sent) != 1 {
			t.Errorf("sent %d times, %+v", len(h.sent), state)
		}
	})
}

// wantError checks what an error wraps.
func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestCancelAndRedeliverOfWhatIsNotThere(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		synctest.Wait()
		_, err := h.engine.Cancel(t.Context(), wh, uuid.New())
		wantError(t, "Cancel of no call", err, store.ErrNotFound)
		wantError(t, "Redeliver of no call", h.engine.Redeliver(t.Context(), wh, uuid.New()), store.ErrNotFound)
		other := plan.Key{Namespace: "ns", Name: "other"}
		_, err = h.engine.Cancel(t.Context(), other, call.ID)
		wantError(t, "Cancel of another webhook's call", err, store.ErrNotFound)
		wantError(t, "Redeliver of another webhook's call", h.engine.Redeliver(t.Context(), other, call.ID), store.ErrNotFound)
		over, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = h.engine.Cancel(over, wh, call.ID)
		wantError(t, "Cancel in a context that is over", err, context.Canceled)
		wantError(t, "Redeliver in a context that is over", h.engine.Redeliver(over, wh, call.ID), context.Canceled)
		h.engine.RemoveWebhook(wh)
		_, err = h.engine.Cancel(t.Context(), wh, call.ID)
		wantError(t, "Cancel of a call of a forgotten webhook", err, ErrFinished)
		wantError(t, "Redeliver of a call of a forgotten webhook", h.engine.Redeliver(t.Context(), wh, call.ID), ErrDeleted)
	})
}

// TestCancelOfACallInMemory: it is read, or handed on by intake, at the moment
// at which it is cancelled.
func TestCancelOfACallInMemory(t *testing.T) {
	for _, step := range []string{"Fresh", "LoadFresh", "LoadFresh done"} {
		t.Run(step, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.integration("in", nil)
				h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
				call := h.call("wh", "call", false)
				h.incomplete = true
				h.restart()
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				letGo := h.hold(step)
				h.engine.Complete()
				synctest.Wait()
				if ended, err := h.engine.Cancel(t.Context(), wh, call.ID); !ended || err != nil {
					t.Errorf("Cancel = %v, %v", ended, err)
				}
				letGo()
				wait(time.Minute)
				h.wantCancelled(call)
				if len(h.sent) > 0 {
					t.Error("it was sent all the same")
				}
			})
		})
	}
	t.Run("while it is accepted", func(t *testing.T) {
		bubble(t, func(t *testing.T, h *harness) {
			h.integration("in", nil)
			h.webhook("wh", "in", nil)
			entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: wh, Method: "POST", Suffix: "/call"}}
			if err := errors.Join(h.engine.Reserve(wh, entry.Call.Size()), h.store.Accept(t.Context(), entry)); err != nil {
				t.Fatal(err)
			}
			if ended, err := h.engine.Cancel(t.Context(), wh, entry.Call.ID); !ended || err != nil {
				t.Errorf("Cancel = %v, %v", ended, err)
			}
			h.engine.Accepted(wh, entry)
			wait(time.Minute)
			h.wantCancelled(&entry.Call)
			if len(h.sent) > 0 {
				t.Error("it was sent all the same")
			}
		})
	})
}

// TestCancelWhenAnAttemptIsAboutToBegin: the call is being read for its turn,
// which comes to nothing.
func TestCancelWhenAnAttemptIsAboutToBegin(t *testing.T) {
	for _, suspend := range []bool{false, true} {
		t.Run(fmt.Sprint("suspend ", suspend), func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.cacheBytes = 1
				h.restart()
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				letGo := h.hold("Load")
				call := h.call("wh", "call", false)
				synctest.Wait()
				if ended, err := h.engine.Cancel(t.Context(), wh, call.ID); ended || err != nil {
					t.Errorf("Cancel = %v, %v", ended, err)
				}
				h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = suspend })
				letGo()
				h.wantCancelled(call)
				if len(h.sent) > 0 {
					t.Error("it was sent all the same")
				}
			})
		})
	}
}

// TestTwoRedeliveries: only one wins, and the call is sent once more.
func TestTwoRedeliveries(t *testing.T) {
	for _, step := range []string{"Load", "End", "End done"} {
		t.Run(step, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				call := h.call("wh", "call", false)
				synctest.Wait()
				letGo := h.hold(step)
				results := make(chan error, 2)
				for range 2 {
					go func() { results <- h.engine.Redeliver(context.Background(), wh, call.ID) }()
					synctest.Wait()
				}
				letGo()
				wait(time.Minute)
				if a, b := <-results, <-results; (a == nil) == (b == nil) || !errors.Is(errors.Join(a, b), ErrNotFinished) {
					t.Errorf("Redeliver = %v and %v, want one to win", a, b)
				}
				if state := h.state(call); len(h.sent) != 2 || state.Series != 1 || state.Outcome != plan.OutcomeSucceeded {
					t.Errorf("sent %d times, %+v", len(h.sent), state)
				}
			})
		})
	}
}

// TestRedeliverOfADeletedWebhook: it is deleted, or made anew, while that is
// being stored.
func TestRedeliverOfADeletedWebhook(t *testing.T) {
	for _, step := range []string{"End", "End done"} {
		for _, anew := range []bool{false, true} {
			t.Run(fmt.Sprint(step, ", anew ", anew), func(t *testing.T) {
				bubble(t, func(t *testing.T, h *harness) {
					h.integration("in", nil)
					h.webhook("wh", "in", nil)
					call := h.call("wh", "call", false)
					synctest.Wait()
					letGo := h.hold(step)
					go func() {
						if err := h.engine.Redeliver(context.Background(), wh, call.ID); err != nil {
							t.Errorf("Redeliver: %v", err)
						}
					}()
					synctest.Wait()
					if anew {
						h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
					} else {
						h.engine.RemoveWebhook(wh)
					}
					synctest.Wait()
					letGo()
					h.wantCancelled(call)
					if len(h.sent) != 1 {
						t.Errorf("sent %d times", len(h.sent))
					}
				})
			})
		}
	}
}

// TestCancelDuringRedeliver: the redelivery is undone before it is sent.
func TestCancelDuringRedeliver(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", true)
		synctest.Wait()
		letGo := h.hold("End done")
		go func() {
			if err := h.engine.Redeliver(context.Background(), wh, call.ID); err != nil {
				t.Errorf("Redeliver: %v", err)
			}
		}()
		synctest.Wait()
		if ended, err := h.engine.Cancel(t.Context(), wh, call.ID); ended || err != nil {
			t.Errorf("Cancel = %v, %v", ended, err)
		}
		letGo()
		h.wantCancelled(call)
		want := store.State{Attempts: 1, Earlier: 1, Series: 1, Outcome: plan.OutcomeCancelled, Message: cancelMessage}
		state := h.state(call)
		state.EndedAt = time.Time{}
		if diff := cmp.Diff(want, state); diff != "" || len(h.sent) != 1 {
			t.Errorf("sent %d times, state (-want +got):\n%s", len(h.sent), diff)
		}
	})
}
