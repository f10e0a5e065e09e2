// Package trigger says whether an event makes calls of a webhook: by its type, by
// its source and by an expression in CEL over its attributes and its data.
//
// Guarantees: it is pure and does no I/O. [Compile] never panics, and the cost of
// what it lets pass is bounded when it is compiled and each time it is evaluated
// (limits.go), whatever the expression and the event. An expression that fails, as
// for a value that is not there, does not match.
//
// Non-goals: which webhooks there are (package catalog), reading events from HTTP
// (package httpapi), making the calls (package intake).
//
// Start at [Compile] and [Event].
package trigger
