// Package load measures the data plane under load: how many calls are taken in
// and delivered a second, how late, how well integrations are kept apart, how
// exact the limiter is, and what waiting calls and idle integrations cost.
//
// Guarantees: everything that is measured or measured against is a process of
// its own (the dispatcher as it is installed, the receiver, the bare client, the
// bare server); each figure comes from the same run as its bare limit; what was
// accepted has arrived when a throughput is reported. The callers and the
// manager's half of the control session are in the process of the benchmark.
// Non-goals: networks, TLS, Kubernetes, other systems than Linux.
//
// Windows are in seconds of steady state, so run each benchmark once
// (-benchtime 1x) and several times over (-count). LOAD_SECONDS sets the windows
// of all of them, LOAD_RATE the calls a second of Isolation, and LOAD_WAITING
// the calls that wait in Waiting.
//
// Start at a file named *_bench_test.go.
package load
