// Package dispatcher is the data plane: it takes calls in over HTTP, keeps them
// in a durable store, performs them within their integrations' limits, and tells
// the manager how they ended. It has no Kubernetes credentials and knows nothing
// of Kubernetes; its configuration comes over the control socket.
//
// Guarantees: what was answered 202 is durable; calls go on while the
// manager is away; until configuration arrives nothing is sent and callers are
// answered 503.
//
// Non-goals: being a library for other programs' queues. Tests, the command line
// and cmd/dispatcher share the wiring here.
//
// Start at [Open] and [Dispatcher.Run].
package dispatcher
