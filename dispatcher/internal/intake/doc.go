// Package intake takes calls in: it finds the webhook, or those that an event
// matches, renders its parts with the call's data, and makes the call durable
// before anybody is told that it was accepted. It also makes the calls that
// outcomes trigger, which become durable with the outcome.
//
// Guarantees: [Intake.Accept] returns a receipt only for a call that is durable;
// a call whose templates cannot be rendered is durable too, with its outcome.
// Errors are typed, one for each answer a caller can act on.
//
// Non-goals: HTTP (package httpapi), sending (package engine).
//
// Start at [Intake.Accept], [Intake.AcceptEvents] and [Intake.Follow].
package intake
