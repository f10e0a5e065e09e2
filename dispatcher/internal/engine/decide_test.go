package engine

import (
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestDecide(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	now := begun.Add(2 * time.Second)
	none := plan.DefaultRetry()
	none.Retries = 0
	only429 := plan.DefaultRetry()
	only429.Reasons = []plan.Reason{plan.ReasonTooManyRequests}
	everything := plan.DefaultRetry()
	everything.Reasons = []plan.Reason{plan.ReasonServerError, plan.ReasonTooManyRequests, plan.ReasonTimeout, plan.ReasonNetworkError}
	tests := []struct {
		name     string
		key      bool
		policy   plan.Retry
		attempts int // before
		reason   plan.Reason
		after    time.Duration // Retry-After
		want     plan.Outcome  // "" for a retry
		due      time.Duration // after begun
	}{
		{"success", true, plan.DefaultRetry(), 0, plan.ReasonSuccess, 0, plan.OutcomeSucceeded, 0},
		{"success of a retry", true, plan.DefaultRetry(), 2, plan.ReasonSuccess, 0, plan.OutcomeSucceeded, 0},
		{"redirect", true, plan.DefaultRetry(), 0, plan.ReasonRedirect, 0, plan.OutcomeRejected, 0},
		{"client error", true, plan.DefaultRetry(), 0, plan.ReasonClientError, 0, plan.OutcomeRejected, 0},
		{"blocked", true, plan.DefaultRetry(), 0, plan.ReasonBlocked, 0, plan.OutcomeBlocked, 0},
		{"bad request", true, plan.DefaultRetry(), 0, plan.ReasonBadRequest, 0, plan.OutcomeRenderFailed, 0},
		{"unusable answer", true, everything, 0, plan.ReasonResponseUnusable, 0, plan.OutcomeResponseUnusable, 0},
		{"unusable answer of a retry", true, plan.DefaultRetry(), 2, plan.ReasonResponseUnusable, 0, plan.OutcomeResponseUnusable, 0},
		{"crash", false, plan.DefaultRetry(), 0, plan.ReasonCrash, 0, plan.OutcomeLost, 0},
		{"server error with the key", true, plan.DefaultRetry(), 0, plan.ReasonServerError, 0, "", 105 * time.Second},
		{"timeout with the key", true, plan.DefaultRetry(), 2, plan.ReasonTimeout, 0, "", 105 * time.Second},
		{"Retry-After lengthens", true, plan.DefaultRetry(), 0, plan.ReasonTooManyRequests, 5 * time.Minute, "", 2*time.Second + 5*time.Minute},
		{"Retry-After does not shorten", true, plan.DefaultRetry(), 0, plan.ReasonTooManyRequests, time.Second, "", 105 * time.Second},
		{"retries used up", true, plan.DefaultRetry(), 3, plan.ReasonNetworkError, 0, plan.OutcomeExhausted, 0},
		{"server error without the key", false, plan.DefaultRetry(), 0, plan.ReasonServerError, 0, plan.OutcomeFailed, 0},
		{"no retries configured", true, none, 0, plan.ReasonServerError, 0, plan.OutcomeFailed, 0},
		{"a reason that is not retried", true, only429, 0, plan.ReasonServerError, 0, plan.OutcomeFailed, 0},
		{"no token without the key", false, plan.DefaultRetry(), 0, plan.ReasonTokenError, 0, plan.OutcomeFailed, 0},
		{"no token", true, plan.DefaultRetry(), 0, plan.ReasonTokenError, 0, "", 105 * time.Second},
		{"token refused without the key", false, plan.DefaultRetry(), 0, plan.ReasonTokenRefused, 0, plan.OutcomeRejected, 0},
		{"token refused", true, only429, 0, plan.ReasonTokenRefused, 0, "", 105 * time.Second},
		{"token refused again and again", true, only429, 3, plan.ReasonTokenRefused, 0, plan.OutcomeExhausted, 0},
		{"then one that is not", true, only429, 1, plan.ReasonTimeout, 0, plan.OutcomeExhausted, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := Decide(now, test.policy, &store.Call{HasKey: test.key}, store.State{Attempts: test.attempts}, Result{
				Reason: test.reason, StatusCode: 1, RetryAfter: test.after, Begun: begun, Message: "why",
			}, 0)
			want := store.State{Attempts: test.attempts + 1, StatusCode: 1, Message: "why", Outcome: test.want}
			if test.want == "" {
				want.Due = begun.Add(test.due)
			} else {
				want.EndedAt = now
			}
			if got != want {
				t.Errorf("Decide = %+v, want %+v", got, want)
			}
		})
	}
	unsent := Decide(now, plan.DefaultRetry(), &store.Call{HasKey: true}, store.State{Attempts: 1}, Result{Unsent: true, Reason: plan.ReasonBlocked}, 0)
	if unsent.Attempts != 1 || unsent.Outcome != plan.OutcomeBlocked {
		t.Errorf("without a request: %+v, want no further attempt", unsent)
	}
}

// TestDecideOfARedeliveredCall: its retries are counted anew, and what came before
// is remembered.
func TestDecideOfARedeliveredCall(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	failed := Result{Reason: plan.ReasonServerError, Begun: begun}
	call := &store.Call{HasKey: true}
	state := store.State{Attempts: 7, Earlier: 7, Series: 2, Due: begun}
	for n := 1; n <= 3; n++ {
		state = Decide(begun, plan.DefaultRetry(), call, state, failed, 0)
		if want := (store.State{Attempts: 7 + n, Earlier: 7, Series: 2, Due: begun.Add(105 * time.Second)}); state != want {
			t.Errorf("after attempt %d: %+v, want %+v", n, state, want)
		}
	}
	state = Decide(begun, plan.DefaultRetry(), call, state, failed, 0)
	if want := (store.State{Attempts: 11, Earlier: 7, Series: 2, Outcome: plan.OutcomeExhausted, EndedAt: begun}); state != want {
		t.Errorf("after all attempts: %+v, want %+v", state, want)
	}
	none := plan.Retry{}
	state = Decide(begun, none, call, store.State{Attempts: 7, Earlier: 7, Series: 1, Due: begun}, failed, 0)
	if state.Outcome != plan.OutcomeFailed {
		t.Errorf("the one attempt of a series without retries ends as %s", state.Outcome)
	}
}

// TestDecideUnreached: a failure of the egress proxy costs no retry, also without
// the key, but not for ever.
func TestDecideUnreached(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	policy := plan.DefaultRetry()
	proxyError := Result{Unreached: true, Reason: plan.ReasonProxyError, Begun: begun}
	for _, key := range []bool{true, false} {
		call := &store.Call{HasKey: key}
		state := Decide(begun, policy, call, store.State{Attempts: 3}, proxyError, 0)
		if want := (store.State{Attempts: 4, Unreached: 1, Due: begun.Add(5 * time.Second)}); state != want {
			t.Errorf("after the proxy failed (key: %t): %+v, want %+v", key, state, want)
		}
		state = store.State{}
		for range retry.MaxUnreached {
			state = Decide(begun, policy, call, state, proxyError, 0)
		}
		if state.Finished() || state.Unreached != retry.MaxUnreached {
			t.Fatalf("after %d failures (key: %t): %+v", retry.MaxUnreached, key, state)
		}
		state = Decide(begun, policy, call, state, proxyError, 0)
		if key && !state.Due.Equal(begun.Add(policy.Delay)) || !key && state.Outcome != plan.OutcomeFailed {
			t.Errorf("after one more (key: %t): %+v", key, state)
		}
	}
	used := store.State{Attempts: 5, Unreached: 3} // two that count
	if next := Decide(begun, policy, &store.Call{HasKey: true}, used, Result{Reason: plan.ReasonServerError, Begun: begun}, 0); next.Finished() || next.Unreached != 3 {
		t.Errorf("the third attempt that counts has no retry: %+v", next)
	}
	used = store.State{Attempts: 6, Unreached: 6}
	if next := Decide(begun, policy, &store.Call{HasKey: true}, used, Result{Reason: plan.ReasonSuccess, Begun: begun}, 0); next.Outcome != plan.OutcomeSucceeded {
		t.Errorf("success after failures of the proxy: %+v", next)
	}
}
