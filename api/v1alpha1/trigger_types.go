package v1alpha1

// OutcomeEventPrefix begins the types of the events that the dispatcher itself
// makes of outcomes: io.maestra.webhooks.call.Succeeded and so on.
const OutcomeEventPrefix = "io.maestra.webhooks.call."

// Trigger says upon which events a Webhook is called: CloudEvents that are posted to
// the namespace, and the outcomes of the namespace's own calls, which are events of
// the types io.maestra.webhooks.call.<outcome>.
type Trigger struct {
	// type is the event's type. One that ends in * means all types that begin with
	// what stands before it; outcomes are meant only by types that begin with
	// io.maestra.webhooks.call. At most 256 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="!self.contains('*') || self.indexOf('*') == self.size() - 1",message="type may have one *, at its end"
	// +required
	Type string `json:"type,omitempty"`

	// source is the event's source. One that ends in * means all that begin with what
	// stands before it. That of an outcome is /namespaces/<namespace>/webhooks/<name>.
	// Any source if unset. At most 1,024 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="!self.contains('*') || self.indexOf('*') == self.size() - 1",message="source may have one *, at its end"
	// +optional
	Source string `json:"source,omitempty"`

	// when is an expression in CEL over event, such as event.data.total > 100.0 or
	// event.subject.startsWith("eu-"): attributes by their names, the data as
	// event.data. It must give a boolean. An event for which it fails, as for a value
	// that is not there, does not match. At most 1,024 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	When string `json:"when,omitempty"`
}
