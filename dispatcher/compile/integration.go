package compile

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// maxHeaderValue bounds a header value in bytes, as the schema does for literal
// ones; a Secret's value is known only here.
const maxHeaderValue = 8192

// Secrets looks up a Secret of the integration's namespace by name. Data is nil
// if there is no such Secret; an error says that it may not be read, and becomes
// part of a condition.
type Secrets func(name string) (data map[string][]byte, err error)

// IntegrationResult is a WebhookIntegration compiled.
type IntegrationResult struct {
	// Plan is what the dispatcher gets. With problems it has NotReady set and
	// otherwise only what identifies it.
	Plan plan.Integration
	// Problems is empty if the integration can be used.
	Problems []Problem
	// URL is the root URL if it is valid, also while something else is not.
	URL string
	// HeadersView are the headers without private values, also while a Secret is
	// missing.
	HeadersView []plan.Header

	contentType contentType // what webhooks inherit, also from a private header
}

// SameForWebhooks reports whether the webhooks of an integration compile to the
// same with either result. The values of private headers make no difference, but
// for what a Content-Type says about bodies.
func (r *IntegrationResult) SameForWebhooks(other *IntegrationResult) bool {
	return r.Plan.NotReady == other.Plan.NotReady &&
		r.Plan.Suspend == other.Plan.Suspend &&
		r.URL == other.URL &&
		slices.Equal(r.HeadersView, other.HeadersView) &&
		r.contentType == other.contentType
}

// SecretNames returns the names of the Secrets that the integration refers to,
// sorted, each once.
func SecretNames(obj *v1alpha1.WebhookIntegration) []string {
	var names []string
	for _, h := range obj.Spec.Headers {
		if h.ValueFrom != nil && h.ValueFrom.SecretKeyRef != nil {
			names = append(names, h.ValueFrom.SecretKeyRef.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Integration compiles a WebhookIntegration with the Secrets it refers to.
func Integration(obj *v1alpha1.WebhookIntegration, secrets Secrets) IntegrationResult {
	var found problems
	spec := &obj.Spec
	compiled := plan.Integration{
		Key:        plan.Key{Namespace: obj.Namespace, Name: obj.Name},
		Generation: obj.Generation,
	}
	result := IntegrationResult{Plan: compiled}

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
	compiled.Headers = found.integrationHeaders(obj, secrets)

	for _, h := range compiled.Headers {
		if strings.EqualFold(h.Name, plan.ContentType) {
			result.contentType = readContentType(h.Value.Reveal())
		}
		if h.Private {
			h.Value = plan.Secret{}
		}
		result.HeadersView = append(result.HeadersView, h)
	}
	result.Problems = found
	if result.Plan.NotReady = notReady(found); result.Plan.NotReady == "" {
		result.Plan = compiled
	}
	return result
}

// integrationHeaders resolves the headers. A header with a problem stays in the
// result with an empty value, for the view.
func (p *problems) integrationHeaders(obj *v1alpha1.WebhookIntegration, secrets Secrets) []plan.Header {
	var headers []plan.Header
	seen := map[string]bool{}
	for i := range obj.Spec.Headers {
		h := &obj.Spec.Headers[i]
		name := string(h.Name)
		p.headerName("headers", name, seen)
		header := plan.Header{Name: name, Private: h.ValueFrom != nil || (h.Private != nil && *h.Private)}
		switch {
		case (h.Value == nil) == (h.ValueFrom == nil):
			p.reject(v1alpha1.ReasonInvalidHeader, "header %s needs either value or valueFrom", name)
		case h.Value != nil:
			if err := plan.CheckHeaderValue(name, *h.Value); err != nil {
				p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
			} else {
				header.Value = plan.NewSecret(*h.Value)
			}
		default:
			header.Value = p.secretValue(obj.Namespace, name, *h.ValueFrom.SecretKeyRef, secrets)
		}
		headers = append(headers, header)
	}
	return headers
}

// secretValue returns the value of one key of a Secret, without a trailing line
// break.
func (p *problems) secretValue(namespace, header string, ref v1alpha1.SecretKeyRef, secrets Secrets) plan.Secret {
	data, err := secrets(ref.Name)
	if err != nil {
		p.unresolved(v1alpha1.ReasonSecretUnreadable, "Secret %q of header %s cannot be read: %s", ref.Name, header, err)
		return plan.Secret{}
	}
	if data == nil {
		p.unresolved(v1alpha1.ReasonSecretNotFound, "Secret %q of header %s does not exist in namespace %q", ref.Name, header, namespace)
		return plan.Secret{}
	}
	raw, ok := data[ref.Key]
	if !ok {
		p.unresolved(v1alpha1.ReasonSecretKeyNotFound, "Secret %q of header %s has no key %q", ref.Name, header, ref.Key)
		return plan.Secret{}
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(raw), "\n"), "\r")
	switch {
	case plan.CheckHeaderValue(header, value) != nil:
		p.unresolved(v1alpha1.ReasonSecretValueInvalid, "key %q of Secret %q cannot be the value of header %s: it contains a line break or another control character", ref.Key, ref.Name, header)
	case !utf8.ValidString(value):
		p.unresolved(v1alpha1.ReasonSecretValueInvalid, "key %q of Secret %q cannot be the value of header %s: it is not UTF-8 text", ref.Key, ref.Name, header)
	case len(value) > maxHeaderValue:
		p.unresolved(v1alpha1.ReasonSecretValueInvalid, "key %q of Secret %q cannot be the value of header %s: it is longer than %d bytes", ref.Key, ref.Name, header, maxHeaderValue)
	default:
		return plan.NewSecret(value)
	}
	return plan.Secret{}
}

// headerName judges a header's name; seen holds the lower-cased names before it.
func (p *problems) headerName(field, name string, seen map[string]bool) {
	if err := plan.CheckHeaderName(name); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s: %s", field, err)
		return
	}
	lower := strings.ToLower(name)
	if seen[lower] {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s names header %s twice", field, name)
	}
	seen[lower] = true
}
