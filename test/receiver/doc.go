// Package receiver is an HTTP service for tests and the playground to call. It
// keeps every request as it came over the wire, or out of TLS, byte by byte.
//
// Guarantees: a request is recorded before it is answered; [Receiver.Wait]
// returns as soon as enough have come. Non-goals: pipelined requests, HTTP/2.
//
// Start at [Start].
package receiver
