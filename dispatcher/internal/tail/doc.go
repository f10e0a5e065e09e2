// Package tail hands rows of the delivery log to those who watch it, as they come.
//
// Guarantees: a row is handed on after it is durable, in the form in which the log shows
// it, and in the order of the attempts of its call; who brings rows is never held up by a
// reader, and pays one atomic load if there is none; a reader that is too slow loses
// rows, and is told how many; what waits for a reader is bounded.
//
// Non-goals: rows that came before (the log has them), sending (package httpapi).
//
// Start at [Broadcaster].
package tail
