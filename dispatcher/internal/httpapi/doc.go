// Package httpapi is the dispatcher's HTTP API: calls come in, their state is
// read. One route table (routes.go), one place where errors become RFC 9457
// problem documents (problem.go).
//
// Guarantees: 202 is written only for a durable call; every answer that is not
// a success is a problem document with a stable type; request bodies are bounded;
// callers are judged (access.go) before anything else of a request is looked at.
//
// Non-goals: what a caller may do (package access), the wire types (package client).
//
// Start at [New].
package httpapi
