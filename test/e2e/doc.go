// Package e2e runs the manager and the dispatcher as processes against a real API
// server, and looks at what a user sees: the request at the receiver, and what
// kubectl shows. Its crash test kills the dispatcher under load. The tests of the
// way out have real servers on the other side (package peer), whose certificates,
// tokens and secrets change while calls flow.
//
// It needs what make tools builds, and about two minutes of two busy cores. Non-goals:
// what one process does by itself, which the packages' own tests hold.
//
// Start at TestFromApplyToStatus and, for the way out, at TestMutualTLSIsRotated.
package e2e
