package compile

import (
	"cmp"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// IntegrationResult is a WebhookIntegration compiled.
type IntegrationResult struct {
	// Plan is what the dispatcher gets. With problems it has NotReady set and
	// otherwise only what identifies it.
	Plan plan.Integration
	// Problems is empty if the integration can be used.
	Problems []Problem
	// Refused is why the dispatcher does not take this plan, in one sentence; empty if
	// it does, or has not said yet. It does not follow from the object: whoever knows
	// it sets it, so that the webhooks of the integration are not ready either.
	Refused string
	// URL is the root URL if it is valid, also while something else is not.
	URL string
	// HeadersView are the headers without private values, also while a Secret is
	// missing.
	HeadersView []plan.Header

	// InsecureTLS is true while tls.insecureSkipVerify is set, also if something
	// else is wrong.
	InsecureTLS bool

	contentType contentType // what webhooks inherit, also from a private header
	allowed     allowed
	signed      bool
}

// SameForWebhooks reports whether the webhooks of an integration compile to the
// same with either result. The values of private headers make no difference, but
// for what a Content-Type says about bodies.
func (r *IntegrationResult) SameForWebhooks(other *IntegrationResult) bool {
	return r.notReady() == other.notReady() &&
		r.Plan.Suspend == other.Plan.Suspend &&
		r.URL == other.URL &&
		slices.Equal(r.HeadersView, other.HeadersView) &&
		r.contentType == other.contentType &&
		r.allowed.equal(other.allowed) &&
		r.signed == other.signed
}

// notReady says in one sentence why nothing can be sent now; empty if it can.
func (r *IntegrationResult) notReady() string { return cmp.Or(r.Plan.NotReady, r.Refused) }

// Integration compiles a WebhookIntegration with the Secrets and ConfigMaps it
// refers to.
func Integration(obj *v1alpha1.WebhookIntegration, sources Sources) IntegrationResult {
	var found problems
	spec := &obj.Spec
	in := inputs{namespace: obj.Namespace, Sources: sources}
	compiled := plan.Integration{
		Key:        plan.Key{Namespace: obj.Namespace, Name: obj.Name},
		Generation: obj.Generation,

		DisplayName: spec.DisplayName, Description: spec.Description,
	}
	result := IntegrationResult{Plan: compiled}
	result.InsecureTLS = spec.TLS != nil && spec.TLS.InsecureSkipVerify != nil && *spec.TLS.InsecureSkipVerify

	if err := plan.CheckRoot(spec.URL); err != nil {
		found.reject(v1alpha1.ReasonInvalidURL, "%s", err)
	} else {
		result.URL = spec.URL
	}
	compiled.URL = spec.URL
	compiled.RequestsPerSecond = found.number("requestsPerSecond", spec.RequestsPerSecond, 0, 1, 10_000)
	compiled.MaxConcurrency = found.number("maxConcurrency", spec.MaxConcurrency, plan.DefaultMaxConcurrency, 1, 1000)
	compiled.MaxWaiting = found.number("maxWaiting", spec.MaxWaiting, plan.DefaultMaxWaiting, 1, 100_000_000)
	compiled.MaxWaitingBytes = found.number64("maxWaitingBytes", spec.MaxWaitingBytes, plan.DefaultMaxWaitingBytes, 1<<20, 1<<40)
	compiled.Timeout = found.duration("timeout", spec.Timeout, plan.DefaultTimeout, plan.MinTimeout, plan.MaxTimeout)
	compiled.Retry = found.retry(spec.Retry)
	compiled.Suspend = spec.Suspend != nil && *spec.Suspend
	result.allowed = found.allowedNamespaces(spec.AllowedNamespaces)
	result.headers(found.integrationHeaders(in, spec.Headers), &compiled)
	if header := found.auth(in, spec, &compiled); header != nil {
		result.HeadersView = append(result.HeadersView, plan.Header{Name: header.Name, Private: true})
	}
	found.signing(in, spec, &compiled)
	result.signed = spec.Signing != nil
	found.tls(in, spec, &compiled)
	found.egress(in, spec, &compiled)

	result.Problems = found
	if result.Plan.NotReady = notReady(found); result.Plan.NotReady == "" {
		result.Plan = compiled
	}
	return result
}

// headers fills in the headers that the spec lists, and what webhooks may see of
// them.
func (r *IntegrationResult) headers(headers []plan.Header, compiled *plan.Integration) {
	compiled.Headers = headers
	for _, h := range headers {
		if strings.EqualFold(h.Name, plan.ContentType) {
			r.contentType = readContentType(h.Value.Reveal())
		}
		if h.Private {
			h.Value = plan.Secret{}
		}
		r.HeadersView = append(r.HeadersView, h)
	}
}

// hide adds private values to those of the plan, each once, none of them empty.
func hide(compiled *plan.Integration, values ...string) {
	for _, value := range values {
		if secret := plan.NewSecret(value); value != "" && !slices.Contains(compiled.Private, secret) {
			compiled.Private = append(compiled.Private, secret)
		}
	}
}
