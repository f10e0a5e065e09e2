package v1alpha1

// Response says what is read from the receiver's answer.
// +kubebuilder:validation:XValidation:rule="(has(self.awaitJSON) && self.awaitJSON) || (!has(self.variables) && !has(self.conditions) && !(has(self.useFullResponse) && self.useFullResponse))",message="variables, conditions and useFullResponse need awaitJSON: true"
// +kubebuilder:validation:XValidation:rule="!has(self.conditions) || self.conditions.all(c, has(self.variables) && self.variables.exists(v, v.name.lowerAscii() == c.variable.lowerAscii()))",message="each of conditions must name one of variables"
type Response struct {
	// awaitJSON makes a call succeed only if the answer's body is a JSON document
	// of at most 1 MiB; else the outcome is ResponseUnusable. An answer that breaks
	// off is repeated like other network errors, so the templates must send the
	// transaction id, by which the receiver recognises that. false if unset.
	// +optional
	AwaitJSON *bool `json:"awaitJSON,omitempty"`

	// variables are values of the answer. Who waits for the call gets them, and
	// Webhooks that are triggered by its outcome read one by
	// WebhookVariables.GetValue("Webhooks.<systemName>.<name>"). At most 32.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:XValidation:rule="self.all(v, self.exists_one(o, o.name.lowerAscii() == v.name.lowerAscii()))",message="variables must not name the same variable twice, also not in another case"
	// +listType=map
	// +listMapKey=name
	// +optional
	Variables []ResponseVariable `json:"variables,omitempty"`

	// conditions must all hold for the call to succeed; else its outcome is
	// ResponseUnusable, and its branch no. At most 16.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Conditions []ResponseCondition `json:"conditions,omitempty"`

	// useFullResponse keeps the whole document, of at most 256 KiB, beside the
	// variables. Who waits for the call gets it as response, and Webhooks that are
	// triggered by its outcome read it as ${Response.…}. false if unset.
	// +optional
	UseFullResponse *bool `json:"useFullResponse,omitempty"`
}

// VariableName is the name of a variable of a response.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="the name of a variable must be a letter followed by letters, digits and underscores"
type VariableName string

// ResponseVariable is one value of the answer, as text: strings, numbers and
// booleans as they stand in the document, objects and arrays as compact JSON. null
// is the same as nothing.
type ResponseVariable struct {
	// name is a letter, then letters, digits and underscores, at most 63. Names that
	// differ only in case are the same.
	// +required
	Name VariableName `json:"name,omitempty"`

	// path is where the value is: JSONPath (RFC 9535), whose leading "$." may be left
	// out, such as promocode.value or items[0].id. One that may find several values,
	// such as items[*].id, gives an array of those it finds. At most 1,024 characters.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +required
	Path string `json:"path,omitempty"`

	// required makes the outcome ResponseUnusable if there is no such value. true if
	// unset.
	// +default=true
	// +optional
	Required *bool `json:"required,omitempty"`
}

// ConditionOperator says what a condition asks of a variable.
// +kubebuilder:validation:Enum=Exists;Equals;NotEquals;Contains;NotContains;StartsWith
type ConditionOperator string

// The operators. Texts are compared byte by byte. Of a variable without a value
// only NotEquals and NotContains hold.
const (
	OperatorExists      ConditionOperator = "Exists"
	OperatorEquals      ConditionOperator = "Equals"
	OperatorNotEquals   ConditionOperator = "NotEquals"
	OperatorContains    ConditionOperator = "Contains"
	OperatorNotContains ConditionOperator = "NotContains"
	OperatorStartsWith  ConditionOperator = "StartsWith"
)

// ResponseCondition is something that must hold for the call to succeed.
// +kubebuilder:validation:XValidation:rule="(self.operator == 'Exists') != has(self.value)",message="value is needed with every operator but Exists, which takes none"
type ResponseCondition struct {
	// variable is the name of one of variables, in any case.
	// +required
	Variable VariableName `json:"variable,omitempty"`

	// operator is Exists, Equals, NotEquals, Contains, NotContains or StartsWith. Texts
	// are compared as they are, with case. Of a variable without a value only
	// NotEquals and NotContains hold.
	// +required
	Operator ConditionOperator `json:"operator,omitempty"`

	// value is the text that the variable's is compared with, at most 1,024
	// characters.
	// +kubebuilder:validation:MinLength=0
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Value *string `json:"value,omitempty"`
}
