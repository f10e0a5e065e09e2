// Package metrics counts and measures what the dispatcher does, for Prometheus.
//
// Guarantees: every name is webhook_dispatcher_…, in base units, and is told in
// docs/metrics.md; nothing that callers, receivers or authors of Webhooks write becomes
// a label, but the names of objects; the number of label sets is bounded ([Options]), those
// past the bound are counted under [Other], and those of objects that are gone go too;
// counting an attempt resolves no label values. What is asked at a scrape (queues, store)
// costs nothing between scrapes.
//
// Non-goals: pushing, aggregating over time, and deciding what is bad: that is
// config/monitoring.
//
// Start at [New]; the label sets are in integrations.go, what is counted of calls in
// calls.go.
package metrics
