package template

// Type is what a template needs a value of the data to be.
type Type uint8

// The types. A value of a type serves wherever one of its ancestors is needed:
// Integer, Decimal, Primitive, Unknown; Array, Composite, Unknown.
const (
	// TypeUnknown is anything, null included: the value is only compared with
	// null, or counted.
	TypeUnknown Type = iota
	// TypePrimitive is a single value: a string, number, boolean, date or time
	// span. Null passes the check of the data, as with all types of single
	// values; writing it fails.
	TypePrimitive
	// TypeBoolean is true or false.
	TypeBoolean
	// TypeString is a string.
	TypeString
	// TypeDecimal is a number.
	TypeDecimal
	// TypeInteger is a number without a decimal point, of at most 64 bits.
	TypeInteger
	// TypeDateTime is a string with a date in the form of RFC 3339. Offset, time
	// and seconds may be left out.
	TypeDateTime
	// TypeTimeSpan is a string with a time span: [-][d.]hh:mm:ss[.fffffff] or an
	// ISO 8601 duration without years and months.
	TypeTimeSpan
	// TypeComposite is an object.
	TypeComposite
	// TypeArray is an array.
	TypeArray
)

// typeFacts are the properties of the types, by type. Of several usages of one
// value, the one with the highest rank decides.
var typeFacts = [...]struct {
	name, words string
	parent      Type
	rank        int
}{
	TypeUnknown:   {"Unknown", "anything", TypeUnknown, 0},
	TypePrimitive: {"Primitive", "a single value", TypeUnknown, 5},
	TypeBoolean:   {"Boolean", "a boolean", TypePrimitive, 10},
	TypeString:    {"String", "a string", TypePrimitive, 10},
	TypeDecimal:   {"Decimal", "a number", TypePrimitive, 15},
	TypeInteger:   {"Integer", "a whole number", TypeDecimal, 20},
	TypeDateTime:  {"DateTime", "a date", TypePrimitive, 15},
	TypeTimeSpan:  {"TimeSpan", "a time span", TypePrimitive, 15},
	TypeComposite: {"Composite", "an object", TypeUnknown, 20},
	TypeArray:     {"Array", "an array", TypeComposite, 50},
}

// typeCount is the number of types.
const typeCount = len(typeFacts)

// String returns the type's name, such as Primitive.
func (t Type) String() string { return typeFacts[t].name }

// words names the type for an author.
func (t Type) words() string { return typeFacts[t].words }

// fits reports whether a value of type t serves where want is needed.
func (t Type) fits(want Type) bool {
	for ; t != want; t = typeFacts[t].parent {
		if t == TypeUnknown {
			return false
		}
	}
	return true
}

// outranks reports whether a usage as t decides over one as other.
func (t Type) outranks(other Type) bool { return typeFacts[t].rank > typeFacts[other].rank }

// isObject reports whether values of the type are objects or arrays, which
// cannot be null.
func (t Type) isObject() bool { return t >= TypeComposite }
