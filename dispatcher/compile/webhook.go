package compile

import (
	"slices"
	"strconv"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// keyPath is the template path that gives a call its idempotency key.
const keyPath = "WebhookRequest.TransactionalId"

// WebhookInput is a Webhook and what it depends on.
type WebhookInput struct {
	Object *v1alpha1.Webhook
	// Integration is the WebhookIntegration it refers to, that of [IntegrationOf];
	// nil if there is none.
	Integration *IntegrationResult
	// NamespaceLabels are the labels of the Webhook's namespace. They are needed
	// only for a WebhookIntegration of another one.
	NamespaceLabels map[string]string
	// ConfigMaps finds the ConfigMap of bodyFrom. It is not called for a Webhook
	// for which [ConfigMapName] returns none.
	ConfigMaps ConfigMaps
	// HeldBy is the name of the older Webhook that holds the system name, as
	// [Holder] says; empty if none does.
	HeldBy string
}

// WebhookResult is a Webhook compiled.
type WebhookResult struct {
	// Plan is what the dispatcher gets. With problems it has NotReady set and
	// otherwise only what identifies it, and its triggers.
	Plan plan.Webhook
	// Problems is empty if the webhook can be used.
	Problems []Problem
	// Note says in words what is unusual though allowed; empty if nothing is.
	Note string

	// SystemName is the system name in force; empty if there is no valid one.
	SystemName string
	// URLView is the full URL, root and suffix one after the other as in a call,
	// with placeholders and other instructions, at most 10,240 bytes; empty if it
	// is not allowed or a template is not valid.
	URLView string
	// HeadersView are the headers of a request as "Name: value", with
	// placeholders, private values as "***", each at most 8,450 bytes; empty if
	// a template is not valid or there is no integration.
	HeadersView []string
	// HasKey is true if the templates refer to the transaction id.
	HasKey bool
	// Model is what the templates together need of a call's data, at most 256
	// values, sorted; empty if a template is missing or not valid.
	Model []ModelPath

	sample sample
}

// Webhook compiles a Webhook against its integration. An integration of another
// namespace that does not allow the Webhook's gives the same result as none, so
// that nobody learns what there is where they may not look.
func Webhook(in WebhookInput) WebhookResult {
	var found, fields problems
	var notes notes
	obj := in.Object
	if in.Integration != nil && !in.Integration.Allows(obj.Namespace, in.NamespaceLabels) {
		in.Integration = nil
	}
	compiled := plan.Webhook{
		Key:         plan.Key{Namespace: obj.Namespace, Name: obj.Name},
		UID:         string(obj.UID),
		Generation:  obj.Generation,
		DisplayName: obj.Spec.DisplayName,
		Manifest:    manifest(&obj.Spec),
		Integration: in.counted(),
	}
	compiled.Triggers = fields.triggers(obj.Spec.Triggers, &notes)
	result := WebhookResult{Plan: compiled, sample: sampleOf(in)}

	result.SystemName = found.systemName(in)
	fields.webhookSpec(&obj.Spec, &compiled)
	contentType, complete := fields.body(in, &compiled, &notes)
	templates, valid := found.templates(&compiled, complete, contentType)
	found = append(found, fields...)
	found.signedWebhook(in)
	found.integration(in)
	if valid {
		result.HasKey = templates.Use(keyPath)
		found.awaits(&compiled, result.HasKey)
		found.views(in.Integration, &compiled, templates, &result, &notes)
	}
	if valid && complete {
		result.Model = model(templates, &notes)
		result.sample.templates = templates
	}

	notes.add(unknownHeaders(in))
	result.Note = notes.String()
	result.Problems = found
	if result.Plan.NotReady = notReady(found); result.Plan.NotReady != "" {
		return result
	}
	compiled.SystemName, compiled.HasKey = result.SystemName, result.HasKey
	result.Plan = compiled
	return result
}

// views fills in what requests look like, as far as the integration is there.
func (p *problems) views(in *IntegrationResult, compiled *plan.Webhook, templates *parts.Templates, result *WebhookResult, n *notes) {
	if in == nil {
		return
	}
	result.HeadersView = headersView(in, compiled, templates)
	if in.URL != "" {
		result.URLView = p.join(in.URL, templates.URL, n)
	}
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

// webhookSpec translates the fields but the body into compiled. Templates are
// copied as they are.
func (p *problems) webhookSpec(spec *v1alpha1.WebhookSpec, compiled *plan.Webhook) {
	switch spec.Method {
	case "":
		compiled.Method = string(v1alpha1.MethodPost)
	case v1alpha1.MethodGet, v1alpha1.MethodPost, v1alpha1.MethodPut, v1alpha1.MethodPatch, v1alpha1.MethodDelete:
		compiled.Method = string(spec.Method)
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "method must be GET, POST, PUT, PATCH or DELETE")
	}
	p.templateOptions(spec, compiled)
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
	compiled.Timeout = p.duration("timeout", spec.Timeout, 0, plan.MinTimeout, plan.MaxTimeout)
	if spec.Retry != nil {
		retry := p.retry(spec.Retry)
		compiled.Retry = &retry
	}
	compiled.Suspend = spec.Suspend != nil && *spec.Suspend
	compiled.Response = p.response(spec.Response)
}

// templateOptions translates what all templates are compiled with.
func (p *problems) templateOptions(spec *v1alpha1.WebhookSpec, compiled *plan.Webhook) {
	switch spec.Escaping {
	case "", v1alpha1.EscapingContextual:
		compiled.Escaping = plan.EscapingContextual
	case v1alpha1.EscapingNone:
		compiled.Escaping = plan.EscapingNone
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "escaping must be Contextual or None")
	}
	switch spec.Missing {
	case "", v1alpha1.MissingFail:
		compiled.Missing = plan.MissingFail
	case v1alpha1.MissingNull:
		compiled.Missing = plan.MissingNull
	default:
		p.reject(v1alpha1.ReasonInvalidSpec, "missing must be Fail or Null")
	}
	if spec.Culture == "" {
		return
	}
	known := template.Cultures()
	i := slices.IndexFunc(known, func(name string) bool { return strings.EqualFold(name, spec.Culture) })
	if i < 0 { // the templates are judged all the same, with the invariant culture
		p.reject(v1alpha1.ReasonInvalidSpec, "culture %q is not known; use one of %s, or leave it out", spec.Culture, strings.Join(known, ", "))
		return
	}
	compiled.Culture = known[i]
}

// counted is the integration to whose bounds the calls count: none if it is one of
// another namespace and is not there or not allowed.
func (in WebhookInput) counted() plan.Key {
	key := IntegrationOf(in.Object)
	if in.Integration == nil && key.Namespace != in.Object.Namespace {
		return plan.Key{}
	}
	return key
}

// integrationName is the name of the integration as the Webhook's author knows
// it, quoted: with its namespace if that is another one.
func (in WebhookInput) integrationName() string {
	key := IntegrationOf(in.Object)
	if key.Namespace == in.Object.Namespace {
		return quote(key.Name)
	}
	return quote(key.String())
}

// integration judges the integration as a reference.
func (p *problems) integration(in WebhookInput) {
	name, namespace := in.integrationName(), in.Object.Namespace
	switch {
	case in.Integration == nil && IntegrationOf(in.Object).Namespace == namespace:
		p.unresolved(v1alpha1.ReasonIntegrationNotFound, "WebhookIntegration %s does not exist in namespace %q", name, namespace)
	case in.Integration == nil:
		p.unresolved(v1alpha1.ReasonIntegrationNotFound, "WebhookIntegration %s does not exist, or does not allow Webhooks of namespace %q", name, namespace)
	case in.Integration.notReady() == "":
	case IntegrationOf(in.Object).Namespace != namespace: // what its owner refers to is not for guests
		p.unresolved(v1alpha1.ReasonIntegrationNotReady, "WebhookIntegration %s is not ready; its own conditions say why", name)
	default:
		p.unresolved(v1alpha1.ReasonIntegrationNotReady, "WebhookIntegration %s is not ready: %s", name, in.Integration.notReady())
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
		sent := func(sent plan.Header) bool { return strings.EqualFold(sent.Name, string(h.Name)) }
		if signed := in.Integration.signed && isSigningHeader(string(h.Name)); !signed && !slices.ContainsFunc(in.Integration.HeadersView, sent) {
			unknown = append(unknown, string(h.Name))
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	return "inheritedHeaders names " + strings.Join(unknown, ", ") + ", which the integration does not send"
}

// quote puts a name into quotation marks.
func quote(name string) string { return strconv.Quote(name) }

// value is the text of an optional field.
func value(text *string) string {
	if text == nil {
		return ""
	}
	return *text
}
