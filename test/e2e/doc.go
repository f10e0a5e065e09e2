// Package e2e runs the manager and the dispatcher as processes against a real API
// server, and looks at what a user sees: the request at the receiver, and what
// kubectl shows. Its crash test kills the dispatcher under load.
//
// It needs what make tools builds, and about 20 s. Non-goals: what one process
// does by itself, which the packages' own tests hold.
//
// Start at TestFromApplyToStatus.
package e2e
