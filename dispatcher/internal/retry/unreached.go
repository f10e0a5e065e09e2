package retry

import "time"

// MaxUnreached is how many attempts of a call cost none of its retries because
// what is before the receiver, the egress proxy or the token server, failed. With the
// delays of [Unreached] they span about eight hours; after that they count as others
// do.
const MaxUnreached = 100

// The delays between such attempts: doubled from the first to the longest.
const (
	firstUnreached   = 5 * time.Second
	longestUnreached = 5 * time.Minute
)

// Unreached returns when the next attempt is due after the given number of
// attempts, at least 1, that did not reach the receiver. Of n it needs Begun, Now
// and Jitter. No policy is asked: nothing was sent that could be repeated.
func Unreached(times int, n NextInput) time.Time {
	wait := firstUnreached
	for range min(times, MaxUnreached) - 1 {
		wait = min(2*wait, longestUnreached)
	}
	return dueAt(n, wait)
}

// The pauses of [Pause]: doubled from the first to the longest.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
)

// Pause returns how long an integration begins no attempt after one that did not
// reach the receiver, for the given number of pauses in a row, at least 1. It keeps
// all its waiting calls from trying the same in vain, one after the other.
func Pause(times int) time.Duration {
	wait := firstPause
	for range min(times, MaxUnreached) - 1 {
		wait = min(2*wait, longestPause)
	}
	return wait
}
