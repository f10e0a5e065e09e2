package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// bubble runs a test with virtual time.
func bubble(t *testing.T, test func(t *testing.T, h *harness)) {
	synctest.Test(t, func(t *testing.T) { test(t, newHarness(t)) })
}

func TestCallsOfAWebhookGoInOrder(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 1 })
		h.webhook("wh", "in", nil)
		var want []string
		for i := range 3 * window { // more than a window, so that it is read again
			name := fmt.Sprint("call-", i)
			h.call("wh", name, false)
			want = append(want, name)
		}
		wait(time.Second)
		if diff := cmp.Diff(want, h.sentNames()); diff != "" {
			t.Error(diff)
		}
		if held := h.engine.Held(); held != nil {
			t.Errorf("after the last call the engine still holds %v", held)
		}
	})
}

func TestRetriesWithTheKey(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = status(503, plan.ReasonServerError)
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		start := time.Now()
		call := h.call("wh", "call", true)
		wait(10 * time.Minute)
		var at []time.Duration
		for _, s := range h.sent {
			at = append(at, s.at.Sub(start))
		}
		want := []time.Duration{0, 105 * time.Second, 210 * time.Second, 315 * time.Second}
		if !slices.Equal(at, want) {
			t.Errorf("attempts began at %v, want %v", at, want)
		}
		state := h.state(call)
		if state.Outcome != plan.OutcomeExhausted || state.Attempts != 4 || state.StatusCode != 503 {
			t.Errorf("the call ended as %+v", state)
		}
		rows, err := h.store.Attempts(call.ID)
		if err != nil || len(rows) != 4 {
			t.Errorf("%d log rows (%v), want one an attempt", len(rows), err)
		}
	})
}

func TestNoRetryWithoutTheKey(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = status(503, plan.ReasonServerError)
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", false)
		wait(10 * time.Minute)
		if state := h.state(call); len(h.sent) != 1 || state.Outcome != plan.OutcomeFailed {
			t.Errorf("%d attempts, outcome %s", len(h.sent), state.Outcome)
		}
	})
}

func TestDueTimeSurvivesARestart(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(_ context.Context, _ string, nth int) outbound.Response {
			if nth == 1 {
				return outbound.Response{Reason: plan.ReasonTimeout}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		start := time.Now()
		call := h.call("wh", "call", true)
		wait(30 * time.Second)
		h.restart()
		wait(30 * time.Second) // no configuration yet: nothing is sent
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		wait(time.Hour)
		if len(h.sent) != 2 || h.sent[1].at.Sub(start) != 105*time.Second {
			t.Errorf("attempts: %+v, want the second 105s after the first", h.sent)
		}
		if state := h.state(call); state.Outcome != plan.OutcomeSucceeded || state.Attempts != 2 {
			t.Errorf("the call ended as %+v", state)
		}
	})
}

func TestNothingIsSentWithoutConfiguration(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.webhook("wh", "in", nil)
		h.call("wh", "call", false)
		h.restart()
		wait(time.Minute)
		h.webhook("wh", "in", nil) // its integration is not there yet
		wait(time.Minute)
		if len(h.sent) != 0 {
			t.Fatal("sent without an integration")
		}
		h.integration("in", nil)
		synctest.Wait()
		if len(h.sent) != 1 {
			t.Error("not sent when the integration came")
		}
	})
}

func TestSuspendedAndNotReadyWebhooksKeepTheirCalls(t *testing.T) {
	suspend := func(p *plan.Webhook) { p.Suspend = true }
	notReady := func(p *plan.Webhook) { p.NotReady = "the integration is gone" }
	for name, change := range map[string]func(*plan.Webhook){"suspended": suspend, "not ready": notReady} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.integration("in", nil)
				h.webhook("wh", "in", change)
				h.webhook("other", "in", nil)
				h.call("wh", "waits", false)
				h.call("other", "goes", false)
				wait(time.Hour)
				if got := h.sentNames(); !slices.Equal(got, []string{"goes"}) {
					t.Fatalf("sent %v while the webhook was %s", got, name)
				}
				h.webhook("wh", "in", nil)
				synctest.Wait()
				if got := h.sentNames(); !slices.Equal(got, []string{"goes", "waits"}) {
					t.Errorf("sent %v after it was no longer", got)
				}
			})
		})
	}
}

func TestSuspendedIntegrationKeepsRetriesToo(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(_ context.Context, _ string, nth int) outbound.Response {
			if nth == 1 {
				return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 500}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.call("wh", "call", true)
		wait(time.Second)
		h.integration("in", func(p *plan.Integration) { p.Suspend = true })
		wait(time.Hour)
		if len(h.sent) != 1 {
			t.Fatalf("%d attempts while suspended, want the first only", len(h.sent))
		}
		h.integration("in", nil)
		synctest.Wait()
		if len(h.sent) != 2 {
			t.Errorf("%d attempts after resume, want the retry at once", len(h.sent))
		}
	})
}

func TestSharedLimitHoldsInEverySecond(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		const limit = 10
		h.integration("in", func(p *plan.Integration) { p.RequestsPerSecond = limit })
		h.webhook("a", "in", nil)
		h.webhook("b", "in", nil)
		start := time.Now()
		for i := range 50 {
			h.call("a", fmt.Sprint("a", i), false)
			h.call("b", fmt.Sprint("b", i), false)
		}
		wait(time.Minute)
		if len(h.sent) != 100 {
			t.Fatalf("%d calls sent, want all 100", len(h.sent))
		}
		for i := limit; i < len(h.sent); i++ {
			if gap := h.sent[i].at.Sub(h.sent[i-limit].at); gap < time.Second {
				t.Fatalf("sends %d and %d are %v apart: more than %d in a second", i-limit, i, gap, limit)
			}
		}
		if took := h.sent[99].at.Sub(start); took > 10200*time.Millisecond {
			t.Errorf("100 calls at %d a second took %v", limit, took)
		}
	})
}

func TestMaxConcurrency(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(context.Context, string, int) outbound.Response {
			wait := time.NewTimer(time.Second)
			<-wait.C
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 3 })
		h.webhook("wh", "in", nil)
		for i := range 9 {
			h.call("wh", fmt.Sprint(i), false)
		}
		wait(3500 * time.Millisecond)
		if h.highest != 3 || len(h.sent) != 9 {
			t.Errorf("%d sent with %d at a time, want 9 with 3", len(h.sent), h.highest)
		}
	})
}

func TestWebhooksTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(p *plan.Integration) { p.RequestsPerSecond = 1; p.MaxConcurrency = 1 })
		h.webhook("busy", "in", nil)
		h.webhook("quiet", "in", nil)
		for i := range 1000 {
			h.call("busy", fmt.Sprint("busy", i), false)
		}
		wait(5 * time.Second)
		before := len(h.sentNames())
		h.call("quiet", "quiet", false)
		wait(5 * time.Second)
		if at := slices.Index(h.sentNames(), "quiet"); at < 0 || at > before+2 {
			t.Errorf("the quiet webhook's call was sent as number %d, with %d sent when it came", at, before)
		}
	})
}

func TestRetriesDoNotStarveFreshCallsNorTheReverse(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(_ context.Context, name string, nth int) outbound.Response {
			request := time.NewTimer(10 * time.Millisecond) // reading the queue is quicker than a request
			<-request.C
			if nth == 1 && name[:3] == "old" {
				return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 500}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		for i := range 200 {
			h.call("wh", fmt.Sprint("old", i), true)
		}
		wait(time.Second)
		h.integration("in", func(p *plan.Integration) { p.Suspend = true })
		wait(time.Hour)
		for i := range 200 {
			h.call("wh", fmt.Sprint("new", i), false)
		}
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 1 })
		wait(time.Minute)
		next := h.sentNames()[200:300]
		retries := 0
		for _, name := range next {
			if name[:3] == "old" {
				retries++
			}
		}
		if retries < 15 || retries > 25 {
			t.Errorf("%d of the first 100 turns went to retries, want a fifth", retries)
		}
	})
}

func TestWebhookMovesWithItsCalls(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("old", func(p *plan.Integration) { p.Suspend = true })
		h.integration("new", nil)
		h.webhook("wh", "old", nil)
		h.call("wh", "call", false)
		wait(time.Minute)
		h.webhook("wh", "new", nil)
		synctest.Wait()
		if len(h.sent) != 1 {
			t.Error("the waiting call did not move to the other integration")
		}
	})
}

func TestMaxWaiting(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(p *plan.Integration) { p.MaxWaiting = 2; p.Suspend = true })
		h.integration("other", nil)
		h.webhook("a", "in", nil)
		h.webhook("b", "in", nil)
		h.webhook("c", "other", nil)
		h.call("a", "1", false)
		h.call("b", "2", false)
		key := plan.Key{Namespace: "ns", Name: "a"}
		if err := h.engine.Reserve(key, 0); !errors.Is(err, ErrTooManyWaiting) {
			t.Errorf("the third call: %v, want ErrTooManyWaiting", err)
		}
		if err := h.engine.Reserve(plan.Key{Namespace: "ns", Name: "c"}, 0); err != nil {
			t.Errorf("a call of another integration: %v", err)
		}
		h.integration("in", nil)
		synctest.Wait()
		if err := h.engine.Reserve(key, 0); err != nil {
			t.Errorf("after the calls were sent: %v", err)
		}
	})
}

func TestCrashInMidAttempt(t *testing.T) {
	for _, key := range []bool{true, false} {
		t.Run(fmt.Sprintf("key=%v", key), func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.answer = func(ctx context.Context, _ string, nth int) outbound.Response {
					if nth == 1 {
						<-ctx.Done() // the receiver never answers
						return outbound.Response{Reason: plan.ReasonNetworkError}
					}
					return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
				}
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				call := h.call("wh", "call", key)
				synctest.Wait()
				h.crash()
				h.integration("in", nil)
				h.webhook("wh", "in", nil)
				wait(time.Hour)
				state := h.state(call)
				if key && (len(h.sent) != 2 || state.Outcome != plan.OutcomeSucceeded) {
					t.Errorf("with the key: %d attempts, %+v; want a repeat that succeeds", len(h.sent), state)
				}
				if !key && (len(h.sent) != 1 || state.Outcome != plan.OutcomeLost) {
					t.Errorf("without the key: %d attempts, %+v; want one, and Lost", len(h.sent), state)
				}
				if len(h.reports) == 0 || h.reports[len(h.reports)-1].Outcome != state.Outcome {
					t.Errorf("reports %+v do not tell the outcome", h.reports)
				}
			})
		})
	}
}

func TestReportsCount(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(_ context.Context, name string, _ int) outbound.Response {
			if name == "bad" {
				return outbound.Response{Reason: plan.ReasonClientError, StatusCode: 404, Message: "the receiver answered 404 Not Found"}
			}
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		for _, name := range []string{"good", "bad", "bad"} {
			h.call("wh", name, false)
			wait(time.Second)
		}
		last := h.reports[len(h.reports)-1]
		if last.Outcome != plan.OutcomeRejected || last.ConsecutiveFailures != 2 || last.Seq <= h.reports[1].Seq || last.LastSuccess != h.sent[0].at {
			t.Errorf("the report is %+v", last)
		}
		if calls, failed := last.Recent(last.Time); calls != 3 || failed != 2 {
			t.Errorf("%d calls of which %d failed are counted, want 3 and 2", calls, failed)
		}
		h.reports = nil
		h.restart()
		if diff := cmp.Diff([]plan.Report{last}, h.reports); diff != "" {
			t.Errorf("after a restart (-before +after):\n%s", diff)
		}
	})
}

// TestReportsCountEveryEnd: the hours of a report have each call once, also those whose
// own report made room for a later one of the same group, after a restart as before,
// and none that was cancelled or is of another webhook of that name.
func TestReportsCountEveryEnd(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(context.Context, string, int) outbound.Response {
			return outbound.Response{Reason: plan.ReasonClientError, StatusCode: 404}
		}
		counts := func(when string, calls, failed int) {
			t.Helper()
			last := h.reports[len(h.reports)-1]
			if c, f := last.Recent(last.Time); c != calls || f != failed {
				t.Errorf("%s, %d calls of which %d failed are counted, want %d and %d", when, c, f, calls, failed)
			}
		}
		h.integration("in", func(p *plan.Integration) { p.MaxConcurrency = 50 })
		h.webhook("wh", "in", nil)
		letGo := h.hold("End")
		for range 40 {
			h.call("wh", "bad", false)
		}
		synctest.Wait()
		letGo()
		synctest.Wait()
		wait(time.Second)
		if len(h.reports) >= 40 {
			t.Fatalf("there are %d reports, so no group", len(h.reports))
		}
		counts("after 40 calls", 40, 40)

		wait(3 * time.Hour)
		h.restart()
		h.integration("in", nil)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		cancelled := h.call("wh", "bad", true)
		if _, err := h.engine.Cancel(t.Context(), wh, cancelled.ID); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		counts("after a cancelled one", 40, 40)
		h.webhook("wh", "in", nil)
		h.call("wh", "bad", false)
		synctest.Wait()
		counts("hours later", 41, 41)
		if last := h.reports[len(h.reports)-1]; len(last.Hours) != 2 {
			t.Errorf("the hours are %+v, want two", last.Hours)
		}
		wait(23 * time.Hour)
		h.call("wh", "bad", false)
		synctest.Wait()
		counts("a day later", 2, 2)

		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		id := uuid.Must(uuid.NewV7())
		entry := &store.Entry{Call: store.Call{
			ID: id, Webhook: wh, WebhookUID: "another", CreatedAt: time.Now(), Method: "POST", Suffix: "/bad",
		}}
		if err := errors.Join(h.engine.Reserve(wh, 0), h.store.Accept(t.Context(), entry)); err != nil {
			t.Fatal(err)
		}
		h.engine.Accepted(wh, entry)
		synctest.Wait()
		counts("for another webhook of the name", 1, 1)
	})
}

func TestDrainGivesUpAtTheEndOfTheGracePeriod(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = func(ctx context.Context, name string, nth int) outbound.Response {
			if name == "slow" && nth == 1 {
				<-ctx.Done()
				return outbound.Response{Reason: plan.ReasonNetworkError}
			}
			wait := time.NewTimer(500 * time.Millisecond)
			<-wait.C
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		quick, slow := h.call("wh", "quick", false), h.call("wh", "slow", true)
		synctest.Wait()
		h.restart() // its grace period is a second
		if state := h.state(quick); state.Outcome != plan.OutcomeSucceeded {
			t.Errorf("the attempt that ended within the grace period: %+v", state)
		}
		if state := h.state(slow); state.Finished() || state.Attempts != 0 {
			t.Errorf("the attempt that was given up: %+v, want it waiting as before", state)
		}
	})
}

// failingStore cannot end attempts.
type failingStore struct{ store.Store }

func (failingStore) End(context.Context, ...*store.End) error { return errors.New("the disk is gone") }

func TestAStoreThatFailsEndsTheEngine(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.engine.store = failingStore{h.store}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		h.call("wh", "first", true)
		wait(time.Second)
		h.call("wh", "second", true)
		wait(time.Hour)
		select {
		case err := <-h.engine.Failed():
			if !strings.Contains(err.Error(), "the disk is gone") {
				t.Errorf("Failed tells %v", err)
			}
		default:
			t.Error("the failure is not told")
		}
		if got := h.sentNames(); !slices.Equal(got, []string{"first"}) {
			t.Errorf("sent %v, want nothing after the failure", got)
		}
	})
}
