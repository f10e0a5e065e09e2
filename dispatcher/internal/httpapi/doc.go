// Package httpapi is the dispatcher's HTTP API: calls and events come in, outcomes are
// waited for, calls are cancelled, delivered anew and previewed. One route table
// (routes.go), one place where errors become RFC 9457 problem documents (problem.go),
// one description of it all (openapi.json).
//
// Guarantees: 202 is written only for a durable call; every answer that is not
// a success is a problem document with a stable type; the description has every
// status and problem of every operation, and no other; request bodies are bounded;
// callers are judged (access.go) before anything else of a request is looked at.
//
// Non-goals: what a caller may do (package access), the wire types (package client).
//
// Start at [New].
package httpapi
