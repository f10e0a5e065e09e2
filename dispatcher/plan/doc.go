// Package plan holds the words the data plane runs on: what an integration, a
// webhook and the outcome of a call are once every default is filled in, every
// reference is resolved and nothing of Kubernetes is left.
//
// Guarantees: values are immutable once handed over; a [Secret] prints, formats
// and marshals as "***" wherever it ends up; the rules shared by status and
// delivery (how root and suffix become a URL, which headers a request carries)
// stand here once, so that both sides cannot disagree.
//
// Non-goals: reading Kubernetes objects (package compile), sending requests
// (package outbound), deciding about retries (package retry).
//
// Start at [Integration], [Webhook], [JoinURL] and [Headers].
package plan
