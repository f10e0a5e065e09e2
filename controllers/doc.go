// Package controllers keeps the dispatcher's configuration and the status of
// WebhookIntegrations and Webhooks in line with the cluster.
//
// Guarantees: what the dispatcher gets and what status says come from one
// result of package compile. A reconciliation writes status at most once, by
// server-side apply, and not at all if nothing changed; outcomes of calls are
// written under a field owner and a budget of their own. Nothing is sent to the
// dispatcher before every object and every Secret and ConfigMap referred to has
// been read.
// No Secret's content is kept in the cache, in status or in logs, and no
// ConfigMap's in the cache.
//
// Non-goals: calling receivers (package dispatcher), judging specs (package
// compile), the session with the dispatcher (package control).
//
// Start at [Run] and [Setup]; then at the two reconcilers' Reconcile.
package controllers
