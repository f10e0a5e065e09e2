// Package metrics counts and measures what the manager does, and serves that to those
// whom Kubernetes allows it.
//
// Guarantees: every name is webhook_manager_…, in base units, and is told in
// docs/metrics.md; no name of an object is a label, so that the number of series is
// fixed. They are served beside those of controller-runtime, over TLS with the serving
// certificate and with no other, to callers with the right to get /metrics; until there is
// a certificate there is no connection. A scraper costs the API server two reviews a
// minute at most, and goes on for minutes while the API server is away.
//
// Non-goals: metrics of calls, which are the dispatcher's.
//
// Start at [New] and [Metrics.Serve].
package metrics
