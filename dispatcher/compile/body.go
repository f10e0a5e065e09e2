package compile

import (
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// The fields that name the body in errors, the second one that comes from a
// ConfigMap.
const (
	bodyField     = "body"
	bodyFromField = "bodyFrom"
)

// ConfigMapName returns the name of the ConfigMap that the webhook takes its
// body from; empty if it takes it from none.
func ConfigMapName(obj *v1alpha1.Webhook) string {
	if obj.Spec.BodyFrom == nil {
		return ""
	}
	return obj.Spec.BodyFrom.ConfigMapKeyRef.Name
}

// body fills in the body and its context, and returns in words which
// Content-Type the context is from. It returns false if there should be a body and
// its template is not there.
func (p *problems) body(in WebhookInput, compiled *plan.Webhook, n *notes) (from string, complete bool) {
	spec := &in.Object.Spec
	switch {
	case spec.Body != nil && spec.BodyFrom != nil:
		p.reject(v1alpha1.ReasonInvalidSpec, "body and bodyFrom exclude each other; set only one of them")
		compiled.HasBody = true
		return "", false
	case spec.BodyFrom != nil:
		compiled.HasBody, compiled.BodyField = true, bodyFromField
		var found text
		found, complete = p.configMapKey(
			inputs{namespace: in.Object.Namespace, Sources: Sources{ConfigMaps: in.ConfigMaps}},
			spec.BodyFrom.ConfigMapKeyRef,
			use{of: bodyFromField, as: "the body", limit: template.MaxTemplateBytes},
		)
		compiled.Body = found.value
	case spec.Body != nil:
		compiled.HasBody, compiled.Body, complete = true, *spec.Body, true
	default:
		return "", true
	}
	header := contentTypeOf(in, compiled)
	compiled.BodyContext = header.context
	if header.odd && compiled.Escaping == plan.EscapingContextual && (in.Integration == nil || in.Integration.Plan.NotReady == "") {
		n.add("the value of Content-Type is no media type such as application/json, so values in the body are not escaped")
	}
	return header.from, complete
}

// contentType is what the Content-Type of a request says about its body. Its
// value may be private, and is not in here.
type contentType struct {
	set     bool // there is such a header
	odd     bool // its value is no media type
	context plan.BodyContext
	from    string // whose it is, in words
}

// readContentType judges the value of a header.
func readContentType(value string) contentType {
	context, ok := plan.ContextOf(value)
	return contentType{set: true, odd: !ok, context: context}
}

// contentTypeOf is the Content-Type in effect: the webhook's own, else the
// integration's unless that is turned off, else the default. As long as there is
// no integration the inherited one is not known; the body is then text, of which
// nothing is demanded.
func contentTypeOf(in WebhookInput, compiled *plan.Webhook) contentType {
	for _, h := range compiled.Headers {
		if strings.EqualFold(h.Name, plan.ContentType) {
			own := readContentType(staticText(h.Value))
			own.from = "its Content-Type"
			return own
		}
	}
	off := slices.ContainsFunc(compiled.InheritedOff, func(name string) bool { return strings.EqualFold(name, plan.ContentType) })
	switch {
	case !off && in.Integration == nil:
		return contentType{context: plan.BodyText}
	case !off && in.Integration.contentType.set:
		inherited := in.Integration.contentType
		inherited.from = "the Content-Type of WebhookIntegration " + in.integrationName()
		return inherited
	}
	return contentType{context: plan.BodyJSON, from: "default, since no Content-Type is set"}
}

// staticText is what a template without instructions renders to; empty for one
// with, which cannot be a Content-Type.
func staticText(source string) string {
	t, err := template.Compile(source, template.Options{Context: template.ContextHeader})
	if err != nil || !t.Static() {
		return ""
	}
	text, _ := t.StaticPrefix()
	return text
}
