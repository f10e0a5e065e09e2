package compile

import (
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// maxSigningKeys is how many keys can sign at once.
	maxSigningKeys = 2
	// maxSigningSecret bounds the text of a signing secret in bytes; one of 64
	// bytes has 94.
	maxSigningSecret = 256
	// signingPrefix is what the text of a signing secret may begin with (Standard
	// Webhooks 1.0, "Signature scheme").
	signingPrefix = "whsec_"
)

// signing fills in the keys that sign requests.
func (p *problems) signing(in inputs, spec *v1alpha1.WebhookIntegrationSpec, compiled *plan.Integration) {
	if spec.Signing == nil {
		return
	}
	for _, h := range spec.Headers {
		if isSigningHeader(string(h.Name)) {
			p.reject(v1alpha1.ReasonInvalidHeader, "signing sets the header %s; take it out of headers", h.Name)
		}
	}
	refs := spec.Signing.SecretKeyRefs
	if len(refs) < 1 || len(refs) > maxSigningKeys {
		p.reject(v1alpha1.ReasonInvalidSpec, "signing.secretKeyRefs must be one key, or %d while the receiver changes over", maxSigningKeys)
		return
	}
	for _, ref := range refs {
		found, ok := p.secretKey(in, ref, use{of: "signing", as: "a signing key", limit: maxSigningSecret})
		if !ok {
			continue
		}
		key, err := plan.ParseSigningKey(found.value)
		if err != nil {
			found.invalid(p, "%s", err)
			continue
		}
		if slices.Contains(compiled.SigningKeys, key) {
			found.invalid(p, "it is the same as the other one; take it out, or put the newer key in first place")
			continue
		}
		compiled.SigningKeys = append(compiled.SigningKeys, key)
		hide(compiled, found.value, strings.TrimPrefix(found.value, signingPrefix))
	}
}

// isSigningHeader reports whether signing sets a header.
func isSigningHeader(name string) bool {
	return slices.ContainsFunc(plan.SigningHeaders[:], func(set string) bool { return strings.EqualFold(set, name) })
}

// signedWebhook judges a webhook's headers if its requests are signed: a
// signature that a Webhook could replace or leave out would say nothing.
func (p *problems) signedWebhook(in WebhookInput) {
	if in.Integration == nil || !in.Integration.signed {
		return
	}
	for _, h := range in.Object.Spec.Headers {
		if isSigningHeader(string(h.Name)) {
			p.reject(v1alpha1.ReasonInvalidHeader, "header %s is set by the signing of WebhookIntegration %s; take it out of headers", h.Name, in.integrationName())
		}
	}
	for _, h := range in.Object.Spec.InheritedHeaders {
		if h.Use != nil && !*h.Use && isSigningHeader(string(h.Name)) {
			p.reject(v1alpha1.ReasonInvalidHeader, "header %s is set by the signing of WebhookIntegration %s and cannot be turned off; take it out of inheritedHeaders", h.Name, in.integrationName())
		}
	}
}

// signingView are the headers that signing sets, as the view shows them.
var signingView = []string{
	plan.SigningID + ": (the call's transaction id)",
	plan.SigningTimestamp + ": (the time of the attempt, in seconds since 1970)",
	plan.SigningSignature + ": (an HMAC-SHA256 signature by each key)",
}
