package retry

import (
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// maxJitter is the share of a delay that jitter adds at most: a tenth. Three
// default retries of 105 s then start within 346.5 s, under six minutes.
const maxJitter = 0.1

// NextInput is what the time of the next attempt depends on, beside the policy.
type NextInput struct {
	// Attempts is how many attempts the call has had that count, at least 1.
	Attempts int
	// Reason is how the last one ended.
	Reason plan.Reason
	// Begun is when it began.
	Begun time.Time
	// Now is the present, when it has ended.
	Now time.Time
	// RetryAfter is how long from now the receiver asked to be left alone; 0 if
	// it did not.
	RetryAfter time.Duration
	// Jitter is a random number in [0, 1).
	Jitter float64
}

// Next returns when the next attempt is due, or false if there is none: the
// policy does not retry the reason, or its retries are used up.
func Next(p plan.Retry, n NextInput) (due time.Time, ok bool) {
	if n.Attempts > p.Retries || !covers(p, n.Reason) {
		return time.Time{}, false
	}
	due = dueAt(n, delay(p, n.Attempts))
	if asked := n.Now.Add(min(n.RetryAfter, MaxRetryAfter)); due.Before(asked) {
		due = asked
	}
	return due, true
}

// covers reports whether a policy retries a reason. Those that no author chooses
// from follow from the others: an access token that was refused is always worth
// another attempt with a new one, and what failed on the way to the receiver is an
// error of the network.
func covers(p plan.Retry, reason plan.Reason) bool {
	switch reason {
	case plan.ReasonTokenRefused:
		return true
	case plan.ReasonTokenError, plan.ReasonProxyError:
		reason = plan.ReasonNetworkError
	}
	return slices.Contains(p.Reasons, reason)
}

// dueAt is when a wait is over that began with the attempt, with jitter, and not
// in the past.
func dueAt(n NextInput, wait time.Duration) time.Time {
	begun := n.Begun
	if begun.After(n.Now) { // the clock went back; else the call would wait for it to catch up
		begun = n.Now
	}
	due := begun.Add(wait + time.Duration(float64(wait)*maxJitter*min(max(n.Jitter, 0), 1)))
	if due.Before(n.Now) {
		return n.Now
	}
	return due
}

// Longest is the longest time that [Next] can put between now and an attempt.
func Longest(p plan.Retry) time.Duration {
	wait := p.Delay
	if p.Backoff == plan.BackoffExponential {
		wait = p.MaxDelay
	}
	return max(wait+time.Duration(float64(wait)*maxJitter), MaxRetryAfter)
}

// delay is the policy's time from the start of the given attempt to the start of
// the next, without jitter. It doubles by steps and stops at the bound, so that
// nothing overflows.
func delay(p plan.Retry, attempts int) time.Duration {
	if p.Backoff != plan.BackoffExponential {
		return p.Delay
	}
	wait := min(p.Delay, p.MaxDelay)
	for range attempts - 1 {
		if wait > p.MaxDelay/2 {
			return p.MaxDelay
		}
		wait *= 2
	}
	return wait
}
