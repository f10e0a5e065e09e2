// Package catalog is the configuration the dispatcher works with now: which
// webhooks there are, with their templates and triggers compiled, which of them an
// event calls, and whether the first whole configuration has arrived.
//
// Guarantees: a [Webhook] is immutable, so that a call is rendered from one
// content however often the catalog changes meanwhile; reads take no lock that
// a change holds for long.
//
// Non-goals: how configuration arrives (package control), what is waiting
// (package engine).
//
// Start at [Catalog] and [Compile].
package catalog
