// Package v1alpha1 holds the API types of webhooks.maestra.io/v1alpha1:
// WebhookIntegration and Webhook. The field docs are the manual; they are what
// kubectl explain shows.
//
// Guarantees: every invariant that needs one object alone is checked at
// admission by the schema or a CEL rule with a message for people; every string
// and list has a maximum. Non-goals: defaults and rules that need two objects,
// which package dispatcher/compile holds.
//
// Start at [WebhookSpec] and [WebhookIntegrationSpec].
//
// +kubebuilder:object:generate=true
// +groupName=webhooks.maestra.io
package v1alpha1
