package v1alpha1

// Escaping says how templates write values.
// +kubebuilder:validation:Enum=Contextual;None
type Escaping string

// The kinds of escaping.
const (
	EscapingContextual Escaping = "Contextual"
	EscapingNone       Escaping = "None"
)

// Missing says what becomes of values that the data of a call does not have.
// +kubebuilder:validation:Enum=Fail;Null
type Missing string

// The ways to treat missing values.
const (
	MissingFail Missing = "Fail"
	MissingNull Missing = "Null"
)

// BodySource is where a body's template comes from.
type BodySource struct {
	// configMapKeyRef is a key of a ConfigMap in the Webhook's namespace. Its
	// value, at most 262,144 bytes, is the template as it stands, with a last line
	// break if it has one. It must be in data, not in binaryData.
	// +required
	ConfigMapKeyRef ConfigMapKeyRef `json:"configMapKeyRef,omitempty,omitzero"`
}

// ConfigMapKeyRef points at one key of a ConfigMap in the same namespace.
type ConfigMapKeyRef struct {
	// name is the ConfigMap's name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name,omitempty"`

	// key is the key within the ConfigMap's data.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key,omitempty"`
}

// ModelPath is a value that templates need of a call's data.
type ModelPath struct {
	// path is the names that lead to the value, written as where a template
	// mentions it first: Order.Items[].Sku is the Sku of each element of the array
	// Items of Order. Data is matched in any case. Cut at 512 bytes.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +required
	Path string `json:"path,omitempty"`

	// type is what the value must be: Primitive (any single value), Boolean,
	// String, Decimal, Integer, DateTime, TimeSpan, Composite (an object), Array,
	// or Unknown (anything).
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +required
	Type string `json:"type,omitempty"`
}
