// Package signature signs requests as Standard Webhooks 1.0 says
// (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md):
// HMAC-SHA256 over "id.timestamp.body", version v1.
//
// Guarantees: with several keys there is one signature for each, in their order,
// so that a receiver that knows any one of them verifies the request while keys
// are changed; the body is hashed where it lies and never copied.
//
// Non-goals: asymmetric signatures (v1a), verifying, the text of secrets
// ([plan.ParseSigningKey] decodes it).
//
// Start at [Headers].
package signature
