package template

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// valueKind is what a value of the data is.
type valueKind uint8

const (
	nullValue valueKind = iota
	boolValue
	numberValue
	textValue
	dateValue
	objectValue
	arrayValue
)

// words names the kind for whoever sends the data.
func (k valueKind) words() string {
	switch k {
	case nullValue:
		return "null"
	case objectValue:
		return "an object"
	case arrayValue:
		return "an array"
	default:
		return "a single value"
	}
}

// is reports whether data of this kind is of type t. Null is a possible single
// value, but no object.
func (k valueKind) is(t Type) bool {
	if t == TypeComposite {
		return k == objectValue
	}
	return k != objectValue && k != arrayValue
}

// value is one value of the data. Of an array only its being one is kept: no
// construct of the language looks into it.
type value struct {
	kind   valueKind
	truth  bool       // of a boolean
	text   string     // of a string; the digits of a number, as in the JSON
	date   *time.Time // of a date
	object *object
}

// object is the members of a JSON object, in document order.
type object struct {
	names  []string
	values []value
	// index finds members by folded name, above scanMax members.
	index map[string]int
}

// scanMax is up to how many members an object is searched by comparing names:
// cheaper there than a map, and it needs no folded copies of the names.
const scanMax = 16

// add appends a member; it reports false if there is one of that name already.
func (o *object) add(name string, v value) bool {
	if _, taken := o.position(name, nil); taken {
		return false
	}
	o.names = append(o.names, name)
	o.values = append(o.values, v)
	switch n := len(o.names); {
	case n == scanMax+1:
		o.index = make(map[string]int, 2*n)
		for i, other := range o.names {
			o.index[fold(other)] = i
		}
	case n > scanMax:
		o.index[fold(name)] = n - 1
	}
	return true
}

// get returns the member that a shape names.
func (o *object) get(s *shape) (*value, bool) {
	if o == nil {
		return nil, false
	}
	i, ok := o.position(s.name, s)
	if !ok {
		return nil, false
	}
	return &o.values[i], true
}

// position finds a member by name, in any case. The shape, if there is one,
// has the folded name ready.
func (o *object) position(name string, s *shape) (int, bool) {
	if o.index == nil {
		for i, other := range o.names {
			if sameName(name, other) {
				return i, true
			}
		}
		return 0, false
	}
	var key string
	if s != nil {
		key = s.key
	} else {
		key = fold(name)
	}
	i, ok := o.index[key]
	return i, ok
}

// sameName reports whether two names differ at most in case.
func sameName(a, b string) bool {
	if len(a) != len(b) {
		return !isASCII(a) && !isASCII(b) && fold(a) == fold(b)
	}
	for i := range len(a) {
		x, y := a[i], b[i]
		if x >= utf8.RuneSelf || y >= utf8.RuneSelf {
			return fold(a) == fold(b)
		}
		if x != y && (x|0x20 != y|0x20 || !isNameStart(x) || !isNameStart(y)) {
			return false
		}
	}
	return true
}

// fold returns the form that all cases of a name share: each rune in upper case
// by itself, without regard to language. Runes outside ASCII stay outside, so
// that only an ASCII name can be what a template mentions: the long s (ſ) is no
// S, and the Kelvin sign no K.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if upper := unicode.ToUpper(r); (upper < utf8.RuneSelf) == (r < utf8.RuneSelf) {
			return upper
		}
		return r
	}, name)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
