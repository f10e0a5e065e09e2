package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WebhookIntegrationSpec is what all Webhooks of one remote service share: its
// root URL, headers, and one limit.
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.url.startsWith('https://')",message="tls needs a url that starts with https://; without TLS it would do nothing"
// +kubebuilder:validation:XValidation:rule="!has(self.auth) || !has(self.headers) || !self.headers.exists(h, h.name.lowerAscii() == 'authorization')",message="auth sets the header Authorization; take it out of headers"
// +kubebuilder:validation:XValidation:rule="!has(self.signing) || !has(self.headers) || !self.headers.exists(h, h.name.lowerAscii() in ['webhook-id', 'webhook-timestamp', 'webhook-signature'])",message="signing sets the headers webhook-id, webhook-timestamp and webhook-signature; take them out of headers"
type WebhookIntegrationSpec struct {
	// displayName is the name people see. At most 200 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	// +optional
	DisplayName string `json:"displayName,omitempty"`

	// description says what the service is for and whom to ask about it. At most
	// 2,000 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	// +optional
	Description string `json:"description,omitempty"`

	// url is the root URL: http or https, a host, and perhaps a port, a path and
	// a query. A Webhook's url is appended to it as it stands, without adding or
	// removing a slash, and can change neither scheme, host nor port. It is not a
	// template. Credentials do not belong here: use a header from a Secret.
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=2048
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="url must have only printable ASCII characters and no spaces; write others percent-encoded, and a host name in Punycode"
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://')",message="url must start with http:// or https://"
	// +kubebuilder:validation:XValidation:rule="isURL(self)",message="url must be a valid URL such as https://api.example.com/v1"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^[a-z]+://[^/?#]*@')",message="url must not contain user information; send credentials as a header from a Secret"
	// +kubebuilder:validation:XValidation:rule="!self.contains('#')",message="url must not contain a fragment (#)"
	// +kubebuilder:validation:XValidation:rule="!self.contains('${') && !self.contains('@{')",message="url must not contain template instructions; put them into the Webhook's url"
	// +required
	URL string `json:"url,omitempty"`

	// requestsPerSecond limits the requests of all Webhooks of this integration
	// together, retries included: never more than this many in any second. Calls
	// over the limit wait; none is dropped. No limit if unset. 1 to 10,000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	RequestsPerSecond *int32 `json:"requestsPerSecond,omitempty"`

	// maxConcurrency bounds the requests under way at one time. 64 if unset;
	// 1 to 1,000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	// +optional
	MaxConcurrency *int32 `json:"maxConcurrency,omitempty"`

	// maxWaiting bounds the calls of this integration that wait to be sent or to
	// be retried. Past it new calls are answered 429, those of other integrations
	// are not. 1,000,000 if unset; 1 to 100,000,000.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100000000
	// +optional
	MaxWaiting *int32 `json:"maxWaiting,omitempty"`

	// maxWaitingBytes bounds what the calls that wait hold together: their
	// rendered URL suffixes, headers and bodies. Past it new calls are answered
	// 429, those of other integrations are not. 1,073,741,824 (1 GiB) if unset;
	// 1,048,576 (1 MiB) to 1,099,511,627,776 (1 TiB).
	// +kubebuilder:validation:Minimum=1048576
	// +kubebuilder:validation:Maximum=1099511627776
	// +optional
	MaxWaitingBytes *int64 `json:"maxWaitingBytes,omitempty"`

	// headers are sent with the requests of all Webhooks, except where a Webhook
	// turns one off or has its own of the same name. Values are not templates. At
	// most 64; names are compared in any case.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(h, self.exists_one(o, o.name.lowerAscii() == h.name.lowerAscii()))",message="headers must not name the same header twice, also not in another case"
	// +listType=map
	// +listMapKey=name
	// +optional
	Headers []IntegrationHeader `json:"headers,omitempty"`

	// auth authenticates requests, with credentials from Secrets.
	// +optional
	Auth *Auth `json:"auth,omitempty"`

	// signing signs requests, with keys from Secrets.
	// +optional
	Signing *Signing `json:"signing,omitempty"`

	// tls says whom to trust and which certificate to show. The system's
	// authorities, and none, if unset.
	// +optional
	TLS *TLS `json:"tls,omitempty"`

	// egress narrows where requests may go, and says by which way. What the
	// operator allows, and no way but the operator's, if unset.
	// +optional
	Egress *Egress `json:"egress,omitempty"`

	// allowedNamespaces says from which namespaces Webhooks may use this
	// integration. Secrets and ConfigMaps always come from the integration's own.
	// Same if unset.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// timeout bounds one attempt: getting a token, connecting, sending, and reading the answer
	// together. 30s if unset; 1s to 120s. A Webhook may override it.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1s') && duration(self) <= duration('120s')",message="timeout must be a duration between 1s and 120s, such as 30s"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// retry says how failed calls are retried. Only calls whose templates use
	// WebhookRequest.TransactionalId are, since only then can the receiver
	// recognise a repeat. 3 retries 105s apart if unset. A Webhook may override
	// it as a whole.
	// +optional
	Retry *Retry `json:"retry,omitempty"`

	// suspend keeps the calls of all Webhooks of this integration waiting, while
	// new ones are still taken in. Requests under way end as usual. false if unset.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`

	// logRetention says how long the delivery log keeps calls of this integration
	// that have ended. As long as the operator keeps all of them if unset.
	// +optional
	LogRetention *LogRetention `json:"logRetention,omitempty"`
}

// LogRetention bounds the delivery log of an integration. What is past either
// bound goes, the oldest first; a call that waits stays with all of its rows.
// +kubebuilder:validation:MinProperties=1
type LogRetention struct {
	// maxAge is how long calls that have ended are kept with their rows. 1h to 8760h,
	// but no longer than the dispatcher's --log-max-age says, which also holds if
	// it is unset.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') && duration(self) >= duration('1h') && duration(self) <= duration('8760h')",message="logRetention.maxAge must be a duration between 1h and 8760h, such as 336h"
	// +optional
	MaxAge *metav1.Duration `json:"maxAge,omitempty"`

	// maxBytes is what the log of this integration may take, before compression:
	// URLs, headers and bodies of requests and answers. 1,048,576 (1 MiB) to
	// 1,099,511,627,776 (1 TiB); no bound of its own if unset, beside the
	// dispatcher's --log-max-mib for the whole log.
	// +kubebuilder:validation:Minimum=1048576
	// +kubebuilder:validation:Maximum=1099511627776
	// +optional
	MaxBytes *int64 `json:"maxBytes,omitempty"`
}

// IntegrationHeader is a header that all requests of an integration carry.
// +kubebuilder:validation:XValidation:rule="has(self.value) != has(self.valueFrom)",message="a header needs either value or valueFrom"
// +kubebuilder:validation:XValidation:rule="!has(self.private) || !has(self.valueFrom) || !has(self.valueFrom.secretKeyRef)",message="a value from a Secret is always private; take private out"
type IntegrationHeader struct {
	// name is the header's name, at most 256 characters. Headers that HTTP itself
	// sets, such as Host and Content-Length, are refused.
	// +required
	Name HeaderName `json:"name,omitempty"`

	// value is the literal value, at most 8,192 characters without line breaks.
	// Everyone who may read this object can read it: take secrets from a Secret.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=8192
	// +kubebuilder:validation:XValidation:rule="!self.matches('[\\\\x00-\\\\x08\\\\x0a-\\\\x1f\\\\x7f]')",message="a header value must not contain line breaks or other control characters"
	// +optional
	Value *string `json:"value,omitempty"`

	// valueFrom takes the value from elsewhere. It is followed: a changed Secret
	// or ConfigMap applies to the next attempt.
	// +optional
	ValueFrom *HeaderValueSource `json:"valueFrom,omitempty"`

	// private hides a literal value, or one from a ConfigMap, in status, logs and
	// everything else this operator shows; at 8 bytes or more also where URLs,
	// bodies and answers repeat it. false if unset.
	// +optional
	Private *bool `json:"private,omitempty"`
}

// HeaderValueSource is where a header's value comes from.
// +kubebuilder:validation:XValidation:rule="has(self.secretKeyRef) != has(self.configMapKeyRef)",message="valueFrom needs either secretKeyRef or configMapKeyRef"
type HeaderValueSource struct {
	// secretKeyRef is a key of a Secret in the integration's namespace. Its value
	// is used without a trailing line break, and is shown nowhere.
	// +optional
	SecretKeyRef *SecretKeyRef `json:"secretKeyRef,omitempty"`

	// configMapKeyRef is a key of a ConfigMap in the integration's namespace. Its
	// value is used without a trailing line break.
	// +optional
	ConfigMapKeyRef *ConfigMapKeyRef `json:"configMapKeyRef,omitempty"`
}

// SecretKeyRef points at one key of a Secret in the same namespace.
type SecretKeyRef struct {
	// name is the Secret's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// key is the key within the Secret's data.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key,omitempty"`
}

// WebhookIntegrationStatus is what the operator has observed.
type WebhookIntegrationStatus struct {
	// conditions tell the state: Accepted (the spec is valid), ResolvedRefs (all
	// Secrets, ConfigMaps and keys are there), Programmed (the dispatcher works
	// with this content), Ready (all three); Stalled, Reconciling and InsecureTLS
	// (tls.insecureSkipVerify is set) only while true; Healthy (whether too many
	// calls of a Webhook fail), never part of Ready, after the first outcome. The
	// reasons are documented in conditions.go and docs/conditions.md.
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

	// webhooks is how many Webhooks use this integration, or would if they were
	// valid.
	// +kubebuilder:validation:Minimum=0
	// +optional
	Webhooks *int32 `json:"webhooks,omitempty"`
}

// WebhookIntegration is a remote HTTP service that Webhooks call: its root URL,
// the headers all of them send, and one limit for all of them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=whi,categories=maestra
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.spec.url`
// +kubebuilder:printcolumn:name="RPS",type=integer,JSONPath=`.spec.requestsPerSecond`
// +kubebuilder:printcolumn:name="Webhooks",type=integer,JSONPath=`.status.webhooks`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Healthy",type=string,JSONPath=`.status.conditions[?(@.type=="Healthy")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type WebhookIntegration struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is the standard object's metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitempty,omitzero"`

	// spec is what the author wants.
	// +required
	Spec WebhookIntegrationSpec `json:"spec,omitempty,omitzero"`

	// status is what the operator has observed.
	// +default={"observedGeneration": -1}
	// +optional
	Status WebhookIntegrationStatus `json:"status,omitempty,omitzero"`
}

// WebhookIntegrationList is a list of WebhookIntegrations.
//
// +kubebuilder:object:root=true
type WebhookIntegrationList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []WebhookIntegration `json:"items"`
}
