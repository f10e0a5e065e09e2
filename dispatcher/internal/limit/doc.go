// Package limit holds an integration's requests-per-second limit: pure
// arithmetic on times that the caller passes in, no goroutine and no timer.
//
// Guarantees, for a limit of N:
//   - never more than N sends in any sliding second, exactly: a send and the
//     N-th send after it are at least one second apart;
//   - sends are paced evenly, one every 1/N s. Only lateness of up to [CatchUp]
//     is caught up, so a time window of length w sees at most
//     (w + CatchUp) × N + 1 sends, and idle time is never repaid in a burst;
//   - under steady demand at least 0.98 N is used as long as the caller comes
//     back within 20 ms of the time it was told;
//   - a clock that jumps back costs no more than one second.
//
// Non-goals: waiting (the engine's timer does), fairness between webhooks,
// concurrent use: the owner of a [Limiter] holds a lock of its own.
//
// Glossary:
//   - send: a slot taken, which is one attempt going out;
//   - slot: the time from which the next send fits the even pace;
//   - pace: the even distance of slots, a generic cell rate algorithm (GCRA);
//   - history: the times of the last N sends, which decide over the second;
//   - lateness: how long after its slot a send happens.
//
// Start at [Limiter.Take]. The policy is in limiter.go, the arithmetic of the
// pace in pace.go, the storage of the history in history.go.
package limit
