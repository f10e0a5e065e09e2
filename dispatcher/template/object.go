package template

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// object is the members of a JSON object, in document order, or, without names,
// the elements of an array.
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

// get returns the member that a shape names. The hint is where it was in an
// object like this one, and becomes where it is.
func (o *object) get(s *shape, hint *int32) (*value, bool) {
	if o == nil {
		return nil, false
	}
	if at := int(*hint); at < len(o.names) && (o.names[at] == s.name || sameName(o.names[at], s.name)) {
		return &o.values[at], true
	}
	i, ok := o.position(s.name, s)
	if !ok {
		return nil, false
	}
	*hint = int32(i) //nolint:gosec // there are fewer than 1 Mi members in 1 MiB
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

// find returns the member whose folded name is key.
func (o *object) find(key string) (*value, bool) {
	if o.index != nil {
		i, ok := o.index[key]
		if !ok {
			return nil, false
		}
		return &o.values[i], true
	}
	for i, other := range o.names {
		if sameName(other, key) {
			return &o.values[i], true
		}
	}
	return nil, false
}

// scanned returns how many bytes of names a search may have to compare.
func (o *object) scanned() int {
	if o.index != nil {
		return 0
	}
	bytes := 0
	for _, name := range o.names {
		bytes += len(name)
	}
	return bytes
}
