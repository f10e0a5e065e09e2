package plan

// Response says what is read from an answer, which must be a JSON document.
type Response struct {
	// Variables are values of the document.
	Variables []Variable
	// Conditions must all hold for the call to succeed.
	Conditions []Condition
	// Full keeps the whole document.
	Full bool
}

// Variable is a value of a JSON document.
type Variable struct {
	Name string
	// Path is a JSONPath query (RFC 9535), whose leading "$." may be left out.
	Path string
	// Required makes an answer without the value unusable.
	Required bool
}

// Condition is something that must hold of a variable.
type Condition struct {
	// Variable is the name of a variable, in any case.
	Variable string
	Operator Operator
	// Value is what is compared with.
	Value string
}

// Operator is how a condition compares. Of a variable without a value only
// OperatorNotEquals and OperatorNotContains hold.
type Operator string

// The operators.
const (
	OperatorExists      Operator = "Exists"
	OperatorEquals      Operator = "Equals"
	OperatorNotEquals   Operator = "NotEquals"
	OperatorContains    Operator = "Contains"
	OperatorNotContains Operator = "NotContains"
	OperatorStartsWith  Operator = "StartsWith"
)

// FullName is the name by which templates of other webhooks know a variable.
func FullName(systemName, variable string) string {
	return "Webhooks." + systemName + "." + variable
}

// Bounds of what is read from an answer. The document may have as much as is read
// of an answer at all, 1 MiB.
const (
	// MaxVariables bounds the names and values of all variables of a call together,
	// in bytes.
	MaxVariables = 64 << 10
	// MaxFullResponse bounds a document that is kept whole, in bytes of its compact
	// form.
	MaxFullResponse = 256 << 10
)
