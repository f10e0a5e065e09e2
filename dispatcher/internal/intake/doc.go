// Package intake takes calls in: it finds the webhook, renders its parts with
// the call's data, and makes the call durable before anybody is told that it
// was accepted.
//
// Guarantees: [Intake.Accept] returns a receipt only for a call that is durable;
// a call whose templates cannot be rendered is durable too, with its outcome.
// Errors are typed, one for each answer a caller can act on.
//
// Non-goals: HTTP (package httpapi), sending (package engine).
//
// Start at [Intake.Accept].
package intake
