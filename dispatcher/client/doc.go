// Package client calls the dispatcher's HTTP API, with a token if it has one, and holds its wire types, which
// the server uses too, so that both sides agree by construction.
//
// Guarantees: an answer that is not a success becomes a [*Problem], with the
// fields of RFC 9457 that the server sent.
//
// Non-goals: retries (a caller knows whether a repeat is right), finding the
// dispatcher.
//
// Start at [Client].
package client
