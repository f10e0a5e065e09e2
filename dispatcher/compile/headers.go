package compile

import (
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// maxHeaderValue bounds a header value in bytes, as the schema does for literal
// ones; the value of a Secret or a ConfigMap is known only here.
const maxHeaderValue = 8192

// integrationHeaders resolves the headers. A header with a problem stays in the
// result with an empty value, for the view.
func (p *problems) integrationHeaders(in inputs, specs []v1alpha1.IntegrationHeader) []plan.Header {
	var headers []plan.Header
	seen := map[string]bool{}
	for i := range specs {
		h := &specs[i]
		name := string(h.Name)
		p.headerName("headers", name, seen)
		header := plan.Header{Name: name, Private: h.Private != nil && *h.Private}
		if h.ValueFrom != nil && h.ValueFrom.SecretKeyRef != nil {
			header.Private = true
		}
		header.Value = p.headerValue(in, h)
		headers = append(headers, header)
	}
	return headers
}

// headerValue resolves the value of one header; it is empty if that has a
// problem.
func (p *problems) headerValue(in inputs, h *v1alpha1.IntegrationHeader) plan.Secret {
	name := string(h.Name)
	u := use{of: "header " + name, as: "the value of header " + name, limit: maxHeaderValue}
	var found text
	var ok bool
	switch {
	case (h.Value == nil) == (h.ValueFrom == nil):
		p.reject(v1alpha1.ReasonInvalidHeader, "header %s needs either value or valueFrom", name)
		return plan.Secret{}
	case h.Value != nil:
		return p.literalValue(name, *h.Value)
	case (h.ValueFrom.SecretKeyRef == nil) == (h.ValueFrom.ConfigMapKeyRef == nil):
		p.reject(v1alpha1.ReasonInvalidHeader, "valueFrom of header %s needs either secretKeyRef or configMapKeyRef", name)
		return plan.Secret{}
	case h.ValueFrom.SecretKeyRef != nil:
		found, ok = p.secretKey(in, *h.ValueFrom.SecretKeyRef, u)
	default:
		found, ok = p.configMapKey(in, *h.ValueFrom.ConfigMapKeyRef, u)
		found.value = withoutLineBreak(found.value)
	}
	if !ok {
		return plan.Secret{}
	}
	if plan.CheckHeaderValue(name, found.value) != nil {
		found.invalid(p, "it contains a line break or another control character")
		return plan.Secret{}
	}
	return plan.NewSecret(found.value)
}

// literalValue judges a value that stands in the manifest.
func (p *problems) literalValue(name, value string) plan.Secret {
	if err := plan.CheckHeaderValue(name, value); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
		return plan.Secret{}
	}
	if len(value) > maxHeaderValue {
		p.reject(v1alpha1.ReasonInvalidHeader, "the value of header %s is longer than %d bytes", name, maxHeaderValue)
		return plan.Secret{}
	}
	return plan.NewSecret(value)
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
