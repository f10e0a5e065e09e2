package engine

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Result is how an attempt ended, as far as the decision needs it.
type Result struct {
	// Unsent says that there was no attempt: the parts make no request, or none
	// that is allowed.
	Unsent bool
	// Unreached says that the egress proxy or the token server failed, and may not
	// fail later, so that the receiver was certainly not reached.
	Unreached  bool
	Reason     plan.Reason
	StatusCode int
	RetryAfter time.Duration // 0 if the receiver asked for none
	Begun      time.Time
	Message    string
}

// Decide says what becomes of a call after an attempt: the state it returns is
// either finished, or has the due time of the next attempt. jitter is in [0, 1).
func Decide(now time.Time, policy plan.Retry, call *store.Call, was store.State, r Result, jitter float64) store.State {
	next := store.State{
		Attempts:   was.Attempts + 1,
		StatusCode: r.StatusCode,
		Message:    r.Message,
	}
	if r.Unsent {
		next.Attempts = was.Attempts
	}
	next.Unreached, next.Series, next.Earlier = was.Unreached, was.Series, was.Earlier
	counted := next.Attempts - next.Earlier - next.Unreached // since the call was last delivered anew
	input := retry.NextInput{
		Attempts: counted, Reason: r.Reason, Begun: r.Begun, Now: now, RetryAfter: r.RetryAfter, Jitter: jitter,
	}
	if r.Unreached && next.Unreached < retry.MaxUnreached { // also without the key: nothing was sent
		next.Unreached++
		next.Due = retry.Unreached(next.Unreached, input)
		return next
	}
	if call.HasKey {
		if due, ok := retry.Next(policy, input); ok {
			next.Due = due
			return next
		}
	}
	next.Outcome = outcome(r.Reason, call.HasKey && counted > 1)
	next.EndedAt = now
	return next
}

// outcome is the final result that an attempt's reason leads to when no further
// attempt follows.
func outcome(r plan.Reason, retried bool) plan.Outcome {
	switch r {
	case plan.ReasonSuccess:
		return plan.OutcomeSucceeded
	case plan.ReasonRedirect, plan.ReasonClientError:
		return plan.OutcomeRejected
	case plan.ReasonBlocked:
		return plan.OutcomeBlocked
	case plan.ReasonBadRequest:
		return plan.OutcomeRenderFailed
	case plan.ReasonCrash:
		return plan.OutcomeLost
	}
	switch {
	case retried:
		return plan.OutcomeExhausted
	case r == plan.ReasonTokenRefused: // a 401, as others
		return plan.OutcomeRejected
	}
	return plan.OutcomeFailed
}
