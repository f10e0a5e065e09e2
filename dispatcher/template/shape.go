package template

import (
	"slices"
	"strconv"
	"strings"
)

// shape is what a template needs one value to be: a value of the data, an
// element of an array, a variable, or a part of a fixed value such as a row of
// tableRows. The shapes of the data are a tree, whose root is the data itself.
type shape struct {
	parent *shape
	name   string
	key    string // the name as fold returns it, and the arguments of a method
	start  int    // offset of the first mention
	typ    Type
	slot   int // where a rendering keeps the value, if it is of the data; see slotted

	fields []*shape // in the order of first mention
	index  map[string]*shape
	// element is what is needed of the elements, once anything is.
	element *shape

	call  bool     // a method of the data
	args  []string // its arguments as they were written
	keys  []string // its arguments as text, as fold returns it
	taken int64    // of the method Take: the number of elements, otherwise -1

	// fixed is true for values that have certain members and no others.
	fixed bool
	// host is true for the object of the host variables, whose members are known
	// but needed only if they are mentioned.
	host bool
	// variables is true for WebhookVariables, which has one method and nothing else.
	variables bool
	// link, if it is set, is what the value really is: a cell's value is an
	// element of the array.
	link *shape
	// slotted is true if the value is kept in a slot of its own.
	slotted bool
	// id numbers the shapes; see run.hints.
	id int

	// seen has a bit for each type that is asked of the value, and first the
	// place of the first such usage; sources are the values that are assigned
	// to this one, and so must serve wherever it does.
	seen    uint16
	first   [typeCount]int
	usages  []usage
	sources []source
}

// source is a value that is assigned to a variable.
type source struct {
	at    int
	shape *shape
}

// usage is one place that needs a value to be of a type.
type usage struct {
	at  int
	typ Type
}

// newShape returns the shape of a value that is part of another one.
func newShape(parent *shape, n name) *shape {
	return &shape{parent: parent, name: n.text, key: fold(n.text), start: n.start, taken: -1}
}

// field returns the field of that name, adding it at its first mention; it
// returns nil for a name that a fixed value does not have.
func (s *shape) field(n name) *shape {
	key := fold(n.text)
	if f, ok := s.index[key]; ok {
		return f
	}
	if s.fixed {
		return nil
	}
	return s.add(newShape(s, n), key)
}

// method returns the method of that name with those arguments, which are
// literals, adding it at its first mention.
func (s *shape) method(n name, args []expr) *shape {
	f := newShape(s, n)
	f.call = true
	for _, arg := range args {
		f.args = append(f.args, arg.String())
		f.keys = append(f.keys, fold(literalText(arg)))
	}
	key := f.key + "\x00" + strings.Join(f.keys, "\x00")
	if known, ok := s.index[key]; ok {
		return known
	}
	if n, ok := takeCount(f.key, args); ok {
		f.taken = n
	}
	return s.add(f, key)
}

func (s *shape) add(f *shape, key string) *shape {
	if s.index == nil {
		s.index = make(map[string]*shape)
	}
	s.index[key] = f
	s.fields = append(s.fields, f)
	return f
}

// elements returns the shape of the elements.
func (s *shape) elements(at int) *shape {
	if s.element == nil {
		s.element = &shape{parent: s, name: "[]", start: at, taken: -1}
	}
	return s.element
}

// use records a place that needs the value to be of a type.
func (s *shape) use(at int, typ Type) {
	s.usages = append(s.usages, usage{at: at, typ: typ})
	s.mark(at, typ)
}

// mark adds a type to those that are asked; it reports whether it is new.
func (s *shape) mark(at int, typ Type) bool {
	if s.seen&(1<<typ) != 0 {
		return false
	}
	s.seen |= 1 << typ
	s.first[typ] = at
	return true
}

// path returns the names that lead from the root to s. The indexes, if there
// are any, are those of the elements on the way.
func (s *shape) path(indexes ...int) string {
	var chain []*shape
	for ; s.parent != nil; s = s.parent {
		chain = append(chain, s)
	}
	var b strings.Builder
	for _, s := range slices.Backward(chain) {
		switch {
		case s.name != "[]":
			if s.parent.parent != nil {
				b.WriteByte('.')
			}
			b.WriteString(s.name)
		case len(indexes) > 0:
			b.WriteString("[" + strconv.Itoa(indexes[0]) + "]")
			indexes = indexes[1:]
		default:
			b.WriteString(s.name)
		}
		if s.call {
			b.WriteString("(" + strings.Join(s.args, ", ") + ")")
		}
	}
	return b.String()
}

// find returns the shape at a path of names in any case, nil if there is none.
func (s *shape) find(path string) *shape {
	for text := range strings.SplitSeq(path, ".") {
		parent, key := s, fold(text)
		if s = parent.index[key]; s == nil {
			s = parent.index[key+"\x00"] // a method without arguments
		}
		if s == nil {
			return nil
		}
	}
	return s
}
