// Package limit holds an integration's requests-per-second limit: pure
// arithmetic on times that the caller passes in, no goroutine and no timer.
//
// Guarantees, for a limit of N:
//   - never more than N sends in any sliding second, exactly: a send and the
//     N-th send after it are at least one second apart, by the times given to
//     [Limiter.Send];
//   - slots are paced evenly, one every 1/N s. Only lateness of up to [CatchUp]
//     is caught up, so a time window of length w sees at most
//     (w + CatchUp) × N + 1 slots, and idle time is never repaid in a burst;
//   - under steady demand at least 0.98 N is used as long as the caller comes
//     back within 20 ms of the time it was told;
//   - a clock that jumps back costs no more than one second.
//
// Non-goals: waiting (the engine's timer does), fairness between webhooks,
// concurrent use: the owner of a [Limiter] holds a lock of its own.
//
// Glossary:
//   - slot: the permission for one attempt to begin, taken at the even pace;
//   - send: the moment at which the attempt's request leaves, a little later;
//   - pace: the even distance of slots, a generic cell rate algorithm (GCRA);
//   - history: the times of the last N slots or sends, which decide over the second;
//   - lateness: how long after it was due a slot is taken.
//
// Start at [Limiter.Take] and [Limiter.Send]. The policy is in limiter.go, the arithmetic of the
// pace in pace.go, the storage of the history in history.go.
package limit
