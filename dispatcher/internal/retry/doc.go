// Package retry says how an attempt ended and when the next one follows: a table
// from status to reason, and a clamp around the delay. Both are pure; time and
// chance are arguments.
//
// Guarantees: a delay counts from the start of the attempt; jitter only adds, at
// most a tenth; Retry-After only lengthens, by at most [MaxRetryAfter] from now;
// no configured number overflows; a due time is never in the past.
//
// Non-goals: whether a call may be repeated at all (that needs the idempotency
// key; package engine asks), keeping due times (package store).
//
// Start at [Classify] and [Next].
package retry
