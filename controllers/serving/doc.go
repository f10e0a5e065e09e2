// Package serving keeps the certificate that the dispatcher shows to callers, and
// publishes the authorities that callers verify it with.
//
// Guarantees: unless a Secret is named, the certificate and its authority are the
// operator's own, kept in the Secret [SecretName] and renewed in time; that Secret may
// be deleted at any moment and comes again, with a new authority. A certificate is shown
// only after its authority is in the ConfigMap [ConfigMapName], and a new authority signs
// nothing before it has been there for 30 days, unless no other can. A Secret or
// ConfigMap that is as it should be is not written. While a named Secret is missing or
// broken, the last good certificate stays.
//
// Non-goals: client certificates, ACME, other issuers: name a Secret that cert-manager
// or somebody else keeps. A named Secret is never written.
//
// Start at [Setup]; then renew, which is pure.
package serving
