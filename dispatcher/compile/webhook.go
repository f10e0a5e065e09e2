package compile

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// keyPath is the template path that gives a call its idempotency key.
const keyPath = "WebhookRequest.TransactionalId"

// WebhookInput is a Webhook and what it depends on.
type WebhookInput struct {
	Object *v1alpha1.Webhook
	// Integration is the WebhookIntegration it refers to; nil if there is none.
	Integration *IntegrationResult
	// HeldBy is the name of the older Webhook that holds the system name, as
	// [Holder] says; empty if none does.
	HeldBy string
}

// WebhookResult is a Webhook compiled.
type WebhookResult struct {
	// Plan is what the dispatcher gets. With problems it has NotReady set and
	// otherwise only what identifies it.
	Plan plan.Webhook
	// Problems is empty if the webhook can be used.
	Problems []Problem
	// Note says in words what is unusual though allowed; empty if nothing is.
	Note string

	// SystemName is the system name in force; empty if there is no valid one.
	SystemName string
	// URLView is the full URL, root and suffix one after the other as in a call,
	// with placeholders, at most 10,240 bytes; empty if it is not allowed or a
	// template is not valid.
	URLView string
	// HeadersView are the headers of a request as "Name: value", with
	// placeholders, private values as "***", each at most 8,450 bytes; empty if
	// a template is not valid or there is no integration.
	HeadersView []string
	// HasKey is true if the templates refer to the transaction id.
	HasKey bool
}

// Webhook compiles a Webhook against its integration.
func Webhook(in WebhookInput) WebhookResult {
	var found problems
	obj := in.Object
	compiled := plan.Webhook{
		Key:         plan.Key{Namespace: obj.Namespace, Name: obj.Name},
		UID:         string(obj.UID),
		Generation:  obj.Generation,
		Integration: plan.Key{Namespace: obj.Namespace, Name: obj.Spec.IntegrationRef.Name},
	}
	result := WebhookResult{Plan: compiled}

	result.SystemName = found.systemName(in)
	parts, valid := found.templates(&obj.Spec)
	found.webhookSpec(&obj.Spec, &compiled)
	found.integration(in)
	if valid {
		result.HasKey = parts.use(keyPath)
		if in.Integration != nil {
			result.HeadersView = headersView(in.Integration.HeadersView, &compiled, parts)
		}
		if in.Integration != nil && in.Integration.URL != "" {
			result.URLView, result.Note = found.join(in.Integration.URL, parts.url)
		}
	}

	if unknown := unknownHeaders(in); unknown != "" {
		result.Note = strings.TrimPrefix(result.Note+"; "+unknown, "; ")
	}
	result.Problems = found
	if result.Plan.NotReady = notReady(found); result.Plan.NotReady != "" {
		return result
	}
	compiled.SystemName, compiled.HasKey = result.SystemName, result.HasKey
	result.Plan = compiled
	return result
}

// systemName returns the name in force and checks that it is not taken.
func (p *problems) systemName(in WebhookInput) string {
	name, err := SystemName(in.Object)
	if err != nil {
		p.reject(v1alpha1.ReasonInvalidSystemName, "%s", err)
		return ""
	}
	if in.HeldBy != "" {
		p.reject(v1alpha1.ReasonSystemNameTaken, "system name %q is held by Webhook %q, which is older or, if made in the same second, first by name; set another spec.systemName", name, in.HeldBy)
	}
	return name
}

// webhookSpec translates the fields that are no templates into compiled, and
// copies the sources of those that are.
func (p *problems) webhookSpec(spec *v1alpha1.WebhookSpec, compiled *plan.Webhook) {
	switch spec.Method {
	case "":
		compiled.Method = string(v1alpha1.MethodPost)
	case v1alpha1.MethodGet, v1alpha1.MethodPost, v1alpha1.MethodPut, v1alpha1.MethodPatch, v1alpha1.MethodDelete:
		compiled.Method = string(spec.Method)
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "method must be GET, POST, PUT, PATCH or DELETE")
	}
	compiled.Suffix = value(spec.URL)
	seen := map[string]bool{}
	for _, h := range spec.InheritedHeaders {
		p.headerName("inheritedHeaders", string(h.Name), seen)
		if h.Use != nil && !*h.Use {
			compiled.InheritedOff = append(compiled.InheritedOff, string(h.Name))
		}
	}
	seen = map[string]bool{}
	for _, h := range spec.Headers {
		p.headerName("headers", string(h.Name), seen)
		compiled.Headers = append(compiled.Headers, plan.HeaderTemplate{Name: string(h.Name), Value: value(h.Value)})
	}
	compiled.HasBody, compiled.Body = spec.Body != nil, value(spec.Body)
	compiled.Timeout = p.duration("timeout", spec.Timeout, 0, plan.MinTimeout, plan.MaxTimeout)
	if spec.Retry != nil {
		retry := p.retry(spec.Retry)
		compiled.Retry = &retry
	}
	compiled.Suspend = spec.Suspend != nil && *spec.Suspend
}

// integration judges the integration as a reference.
func (p *problems) integration(in WebhookInput) {
	name := in.Object.Spec.IntegrationRef.Name
	switch {
	case in.Integration == nil:
		p.unresolved(v1alpha1.ReasonIntegrationNotFound, "WebhookIntegration %q does not exist in namespace %q", name, in.Object.Namespace)
	case in.Integration.Plan.NotReady != "":
		p.unresolved(v1alpha1.ReasonIntegrationNotReady, "WebhookIntegration %q is not ready: %s", name, in.Integration.Plan.NotReady)
	}
}

// unknownHeaders says which inheritedHeaders the integration does not send: a
// misspelt name would leave on what the author turned off.
func unknownHeaders(in WebhookInput) string {
	if in.Integration == nil || in.Integration.Plan.NotReady != "" {
		return ""
	}
	var unknown []string
	for _, h := range in.Object.Spec.InheritedHeaders {
		if !slices.ContainsFunc(in.Integration.Plan.Headers, func(sent plan.Header) bool { return strings.EqualFold(sent.Name, string(h.Name)) }) {
			unknown = append(unknown, string(h.Name))
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	return "inheritedHeaders names " + strings.Join(unknown, ", ") + ", which the integration does not send"
}

// placeholder is a placeholder as template.View writes it, and sampleValue what
// stands for its value when a URL is judged before any call: it is valid
// wherever one may stand, also behind a %.
var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

const sampleValue = "00"

// join checks the join of root and suffix and returns what it looks like and a
// note about it. Both are empty if it is not allowed.
func (p *problems) join(root string, suffix *template.Template) (view, note string) {
	beginning, whole := suffix.StaticPrefix()
	if err := plan.CheckSuffix(root, beginning, whole && beginning == ""); err != nil {
		p.reject(v1alpha1.ReasonInvalidURL, "%s", err)
		return "", ""
	}
	if _, err := plan.JoinURL(root, placeholder.ReplaceAllString(suffix.View(), sampleValue)); err != nil {
		p.reject(v1alpha1.ReasonInvalidURL, "url cannot be used with any data: %s", err)
		return "", ""
	}
	return clip(root+suffix.View(), maxURLView), plan.JoinNotes(root, beginning)
}

// parts are a webhook's compiled templates.
type parts struct {
	url     *template.Template
	headers []*template.Template // in the order of spec.headers
	body    *template.Template   // nil without a body
}

// use reports whether any of the templates refers to path.
func (t *parts) use(path string) bool {
	for _, header := range t.headers {
		if header.Uses(path) {
			return true
		}
	}
	return t.url.Uses(path) || (t.body != nil && t.body.Uses(path))
}

// templates compiles all templates. The errors of all fields make one problem;
// valid is false if there is any.
func (p *problems) templates(spec *v1alpha1.WebhookSpec) (t *parts, valid bool) {
	var failures []string
	compile := func(field, source string) *template.Template {
		compiled, err := template.Compile(source, template.Options{Name: field})
		var mistakes template.Errors
		if errors.As(err, &mistakes) {
			for _, mistake := range mistakes {
				failures = append(failures, mistake.Error())
			}
		} else if err != nil {
			failures = append(failures, err.Error())
		}
		return compiled
	}
	t = &parts{url: compile("url", value(spec.URL))}
	for _, h := range spec.Headers {
		header := compile(fmt.Sprintf("headers[%s]", h.Name), value(h.Value))
		t.headers = append(t.headers, header)
		if header != nil {
			p.ownHeader(string(h.Name), header)
		}
	}
	if spec.Body != nil {
		t.body = compile("body", *spec.Body)
	}
	if len(failures) > 0 {
		p.reject(v1alpha1.ReasonTemplateInvalid, "%s", strings.Join(failures, "\n"))
	}
	return t, len(failures) == 0
}

// ownHeader judges what is known of a header's value before rendering.
func (p *problems) ownHeader(name string, header *template.Template) {
	beginning, whole := header.StaticPrefix()
	if err := plan.CheckContentType(name, header.Static()); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
	}
	if err := plan.CheckHeaderValue(name, beginning); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
	}
	if whole && len(beginning) > maxHeaderValue {
		p.reject(v1alpha1.ReasonInvalidHeader, "the value of header %s is longer than %d bytes", name, maxHeaderValue)
	}
}

// value is the text of an optional field.
func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
