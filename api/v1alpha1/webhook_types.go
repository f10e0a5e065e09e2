package v1alpha1

import (
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WebhookSpec is one kind of HTTP request to an integration's service.
// +kubebuilder:validation:XValidation:rule="!has(self.body) || !has(self.bodyFrom)",message="body and bodyFrom exclude each other; set only one of them"
type WebhookSpec struct {
	// integrationRef is the WebhookIntegration whose root URL, headers and limit
	// this Webhook uses.
	// +required
	IntegrationRef IntegrationRef `json:"integrationRef,omitempty,omitzero"`

	// systemName is the name by which templates of other Webhooks and exports
	// know this one: a letter, then letters, digits and underscores, at most 63.
	// It is unique in the namespace, ignoring case: the older Webhook keeps a
	// name, the other is not accepted. If unset, it is the object's name in
	// camelCase (order-shipped becomes orderShipped).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="systemName must be a letter followed by letters, digits and underscores"
	// +optional
	SystemName string `json:"systemName,omitempty"`

	// displayName is the name people see. At most 200 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +optional
	DisplayName string `json:"displayName,omitempty"`

	// description says when the Webhook is called and what for. At most 2,000
	// characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	// +optional
	Description string `json:"description,omitempty"`

	// method is the HTTP method: GET, POST, PUT, PATCH or DELETE. POST if unset.
	// +default="POST"
	// +optional
	Method Method `json:"method,omitempty"`

	// escaping says how the templates (url, the values of headers, body) write
	// values. Contextual writes each as its place needs it: in a JSON body as a
	// part of a JSON string or as a JSON value, in a form, an XML body and the url
	// encoded, so that no value can change what stands around it. None writes all
	// values as they are; the author must then see to it that none can. Contextual
	// if unset.
	// +default="Contextual"
	// +optional
	Escaping Escaping `json:"escaping,omitempty"`

	// missing says what becomes of a value that a template mentions and the data
	// of a call does not have: Fail ends the call as RenderFailed, also if the
	// value stands in a branch that is not taken; Null takes the value, and all
	// below it, as null, which suits sparse data. Fail if unset.
	// +default="Fail"
	// +optional
	Missing Missing `json:"missing,omitempty"`

	// culture is what the form of numbers and dates and upper case follow in the
	// templates: the name of a language and perhaps a country, such as de-DE, in
	// any case. A name that the operator does not know is not accepted, and the
	// condition lists those it knows. The invariant culture (1.5, 01/31/2026) if
	// unset. At most 35 characters.
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})+$')",message="culture must be the name of a language and a country, such as de-DE"
	// +optional
	Culture string `json:"culture,omitempty"`

	// url is appended to the integration's root URL as it stands. It is a
	// template, may be empty, and cannot change scheme, host or port: if the root
	// URL has no path it must be empty or start with / or ?. At most 8,192
	// characters.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=8192
	// +optional
	URL *string `json:"url,omitempty"`

	// inheritedHeaders turns headers of the integration off (use: false). Headers
	// not named here are sent. At most 64.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(h, self.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))",message="inheritedHeaders must not name the same header twice, also not in another case"
	// +listType=map
	// +listMapKey=name
	// +optional
	InheritedHeaders []InheritedHeader `json:"inheritedHeaders,omitempty"`

	// headers are the Webhook's own. One of the same name as an integration's, in
	// any case, replaces it. Values are templates, but for Content-Type. At most 64.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(h, self.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))",message="headers must not name the same header twice, also not in another case"
	// +listType=map
	// +listMapKey=name
	// +optional
	Headers []WebhookHeader `json:"headers,omitempty"`

	// body is the request body, a template of at most 262,144 bytes. No body
	// is sent if neither this nor bodyFrom is set. Without a Content-Type header it
	// is sent as application/json. The Content-Type in effect, the Webhook's own or
	// the integration's, decides how values are escaped.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=262144
	// +optional
	Body *string `json:"body,omitempty"`

	// bodyFrom takes the body's template from elsewhere, instead of body. It is
	// followed: a changed ConfigMap applies to the calls that are taken in next.
	// +optional
	BodyFrom *BodySource `json:"bodyFrom,omitempty"`

	// response says what is read from the receiver's answer. Without it a 2xx status
	// alone is success.
	// +optional
	Response *Response `json:"response,omitempty"`

	// triggers are the events upon which this Webhook is called, beside the calls
	// that are handed in by name: one that matches any of them makes one call. The
	// event's data is the call's data, and the templates read its attributes as
	// Event.Type, Event.Source and so on. At most 16.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Triggers []Trigger `json:"triggers,omitempty"`

	// sampleData is an example of a call's data, a JSON object. All templates are
	// rendered with it as for a call, but nothing is sent; the condition
	// SampleRendered says what came of it, and is absent without sampleData. A
	// sample that fails keeps no call from being sent. At most 65,536 bytes of JSON
	// and 1,000 names in the outermost object. Kubernetes keeps a number as a 64-bit
	// integer or float, so that 1.50 becomes 1.5 here, and digits after the 15th may
	// be lost; the data of calls keeps all digits. Everyone who may read this object
	// can read it.
	// +kubebuilder:validation:Type=object
	// +kubebuilder:validation:MaxProperties=1000
	// +kubebuilder:pruning:PreserveUnknownFields
	// +optional
	SampleData *apiextensionsv1.JSON `json:"sampleData,omitempty"`

	// timeout overrides the integration's: 1s to 120s.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('120s')",message="timeout must be a duration between 1s and 120s, such as 30s"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// retry overrides the integration's as a whole.
	// +optional
	Retry *Retry `json:"retry,omitempty"`

	// suspend keeps this Webhook's calls waiting, while new ones are still taken
	// in. Requests under way end as usual. false if unset.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// IntegrationRef names a WebhookIntegration.
type IntegrationRef struct {
	// name is the WebhookIntegration's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// namespace is the WebhookIntegration's namespace, which must allow that in
	// its allowedNamespaces. The Webhook's own if unset.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([a-z0-9-]*[a-z0-9])?$')",message="namespace must be the name of a namespace: lower-case letters, digits and hyphens"
	// +optional
	Namespace string `json:"namespace,omitempty"`
}

// Method is an HTTP method.
// +kubebuilder:validation:Enum=GET;POST;PUT;PATCH;DELETE
type Method string

// The methods a Webhook may use.
const (
	MethodGet    Method = "GET"
	MethodPost   Method = "POST"
	MethodPut    Method = "PUT"
	MethodPatch  Method = "PATCH"
	MethodDelete Method = "DELETE"
)

// InheritedHeader says whether a header of the integration is sent.
type InheritedHeader struct {
	// name is the header's name, in any case.
	// +required
	Name HeaderName `json:"name,omitempty"`

	// use is false to leave the header out. true if unset.
	// +default=true
	// +optional
	Use *bool `json:"use,omitempty"`
}

// WebhookHeader is a header of one Webhook.
// +kubebuilder:validation:XValidation:rule="self.name.lowerAscii() != 'content-type' || (!self.value.contains('${') && !self.value.contains('@{'))",message="the value of Content-Type must not contain template instructions"
type WebhookHeader struct {
	// name is the header's name, at most 256 characters. Headers that HTTP itself
	// sets, such as Host and Content-Length, are refused.
	// +required
	Name HeaderName `json:"name,omitempty"`

	// value is a template of at most 8,192 characters. A call whose value renders
	// to more than one line fails.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\x00-\\\\x08\\\\x0a-\\\\x1f\\\\x7f]')",message="a header value must not contain line breaks or other control characters"
	// +required
	Value *string `json:"value,omitempty"`
}

// WebhookStatus is what the operator has observed.
type WebhookStatus struct {
	// conditions tell the state: Accepted (the spec is valid), ResolvedRefs (the
	// integration and bodyFrom are there and usable), Programmed (the dispatcher
	// works with this content), Ready (all three); Stalled and Reconciling only
	// while true; SampleRendered (whether sampleData suits the templates) only with
	// sampleData, and Healthy (whether too many calls fail) after the first outcome,
	// neither of them ever part of Ready.
	// The reasons are documented in conditions.go and docs/conditions.md.
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=16
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// observedGeneration is the generation of the spec that the conditions speak
	// of; -1 before the first reconciliation.
	// +kubebuilder:validation:Minimum=-1
	// +optional
	ObservedGeneration *int64 `json:"observedGeneration,omitempty"`

	// systemName is the system name in force.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +optional
	SystemName string `json:"systemName,omitempty"`

	// urlView is the full URL as calls will use it; placeholders and all other
	// instructions of the template are kept.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=10240
	// +optional
	URLView string `json:"urlView,omitempty"`

	// headersView are the headers of a request, "Name: value", placeholders and
	// other instructions kept and private values as ***. What signing sets is
	// described in parentheses.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=134
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=8450
	// +optional
	HeadersView []string `json:"headersView,omitempty"`

	// model is what url, headers and body together need of a call's data, sorted by
	// path. Host variables, such as WebhookRequest.TransactionalId, are left out,
	// as no caller sends them. A path has two entries if two templates need it to
	// be of types that exclude each other. At most 256; if there are more, the
	// message of Accepted says so. Absent if a template is missing or not valid.
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Model []ModelPath `json:"model,omitempty"`

	// idempotencyKey tells whether the templates use
	// WebhookRequest.TransactionalId, so that failed calls are retried. Without it
	// exactly one request is sent per call.
	// +optional
	IdempotencyKey *bool `json:"idempotencyKey,omitempty"`

	// lastCall is the last finished call known here. It is a sample: changes of
	// outcome are written within seconds, repeats of the same within minutes.
	// +optional
	LastCall *LastCall `json:"lastCall,omitempty"`

	// lastSuccessTime is when a call last succeeded, as of lastCall.
	// +optional
	LastSuccessTime *metav1.Time `json:"lastSuccessTime,omitempty"`

	// consecutiveFailures is how many calls in a row have failed, as of lastCall.
	// +kubebuilder:validation:Minimum=0
	// +optional
	ConsecutiveFailures *int32 `json:"consecutiveFailures,omitempty"`
}

// LastCall is how a call ended.
type LastCall struct {
	// transactionId identifies the call; it is the WebhookRequest.TransactionalId
	// of its templates.
	// +kubebuilder:validation:MinLength=36
	// +kubebuilder:validation:MaxLength=36
	// +required
	TransactionID string `json:"transactionId,omitempty"`

	// time is when the call ended.
	// +required
	Time metav1.Time `json:"time,omitempty,omitzero"`

	// outcome is the result: Succeeded, Rejected, Failed, Exhausted,
	// RenderFailed, ResponseUnusable, Blocked, Cancelled or Lost.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +required
	Outcome string `json:"outcome,omitempty"`

	// statusCode is the HTTP status of the last answer; absent if there was none.
	// +kubebuilder:validation:Minimum=100
	// +kubebuilder:validation:Maximum=999
	// +optional
	StatusCode *int32 `json:"statusCode,omitempty"`

	// attempts is how many requests were begun.
	// +kubebuilder:validation:Minimum=0
	// +required
	Attempts *int32 `json:"attempts,omitempty"`

	// duration is the time from taking the call in to its end.
	// +required
	Duration *metav1.Duration `json:"duration,omitempty"`

	// message says in one sentence what happened.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
}

// Webhook is one kind of HTTP request to an integration's service, made from a
// template for every call.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=wh,categories=maestra
// +kubebuilder:printcolumn:name="Integration",type=string,JSONPath=`.spec.integrationRef.name`
// +kubebuilder:printcolumn:name="Method",type=string,JSONPath=`.spec.method`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Last",type=string,JSONPath=`.status.lastCall.outcome`
// +kubebuilder:printcolumn:name="Code",type=integer,JSONPath=`.status.lastCall.statusCode`
// +kubebuilder:printcolumn:name="Last Call",type=date,JSONPath=`.status.lastCall.time`
// +kubebuilder:printcolumn:name="URL View",type=string,JSONPath=`.status.urlView`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Webhook struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the author wants.
	// +required
	Spec WebhookSpec `json:"spec,omitempty,omitzero"`

	// status is what the operator has observed.
	// +default={"observedGeneration": -1}
	// +optional
	Status WebhookStatus `json:"status,omitempty,omitzero"`
}

// WebhookList is a list of Webhooks.
//
// +kubebuilder:object:root=true
type WebhookList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Webhook `json:"items"`
}
