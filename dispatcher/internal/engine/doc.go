// Package engine performs the calls that wait in the store: it decides which
// attempt begins next, within each integration's limits, and what follows from
// each attempt's end.
//
// The words: a lane is the queue of one webhook; its window is the short piece
// of the queue that has been read into memory; an integration's lanes take
// turns.
//
// Guarantees:
//   - What happens after an attempt is [Decide], a pure function.
//   - A call without the idempotency key has at most one attempt: its mark is
//     durable before the first byte leaves, and a mark found at start ends the
//     call as Lost. That is so for each time it is delivered anew.
//   - Nothing is sent, and no call ends, before the first whole configuration is
//     there, unless a caller cancels it.
//   - The calls that an outcome triggers are stored in its own step, exactly once.
//   - An integration costs a bounded window per webhook that has work; its
//     slowness, limit or backlog delays no other integration.
//   - Changed configuration applies to the next attempt; suspended and unknown
//     webhooks keep their calls.
//
// Non-goals: taking calls in (package intake), the request itself (package
// outbound), the arithmetic of limits and delays (packages limit and retry).
//
// Start at attempt.go, which shows an attempt from top to bottom, then
// integration.go for whose turn it is, and outside.go for what callers do to a call.
package engine
