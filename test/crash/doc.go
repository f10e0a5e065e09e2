// Package crash holds the crash ledger: a dispatcher process is killed again and
// again, at random and at chosen moments, under a load of calls to a receiver
// that misbehaves, and then every call is accounted for against the ledger of
// what the receiver got. The dispatcher is configured by a control server in the
// test, so that nothing of Kubernetes is needed. Linux only.
//
// Two other tests fill what the dispatcher has: its disk, a small one in memory,
// for which the test must be root, and its memory. If the test can make a cgroup
// (v2), more memory than allowed is a kill there; else the process is looked at.
//
// Guarantees: the receiver is a process of its own and writes a request to its
// ledger before it answers, so that nothing the dispatcher was told is missing
// there; what the receiver does depends on the call's number alone.
//
// Non-goals: the loss of power, which the store's tests play on a file system in
// memory; the manager and the API server, which test/e2e runs as well.
//
// Twelve kills run by default. CRASH_KILLS sets their number, CRASH_SEED repeats
// the random choices of a run, though not its timing.
//
// Start at TestCrashLedger; what is promised stands in audit_test.go.
package crash
