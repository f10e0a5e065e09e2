package template

import "strings"

// Type is what a template needs a value of the data to be.
type Type uint8

// The types, by rank: of several usages of one value the highest decides.
const (
	// TypePrimitive is a single value: a string, number, boolean or date. Null
	// passes the check of the data; writing it fails.
	TypePrimitive Type = iota + 1
	// TypeComposite is an object.
	TypeComposite
)

// String returns the type's name: Primitive or Composite.
func (t Type) String() string {
	if t == TypePrimitive {
		return "Primitive"
	}
	return "Composite"
}

// words names the type for an author.
func (t Type) words() string {
	if t == TypePrimitive {
		return "a single value"
	}
	return "an object"
}

// fits reports whether a value of type t serves where want is needed.
func (t Type) fits(want Type) bool { return t == want }

// Model is what a template needs of its data: the root values, in the order of
// their first mention. Host variables are listed like all others.
type Model struct {
	Fields []Field
}

// Field is one value that a template needs.
type Field struct {
	// Name is written as at its first mention; data is matched in any case.
	Name string
	Type Type
	// Fields are what is needed of an object, in the order of first mention.
	Fields []Field
}

// Path is a value that a template needs, with the names that lead to it.
type Path struct {
	// Path is the names joined by dots: Order.Customer.Email.
	Path string
	Type Type
}

// Paths lists the values that have no fields below them, in the model's order.
func (m Model) Paths() []Path { return appendPaths(nil, "", m.Fields) }

func appendPaths(paths []Path, prefix string, fields []Field) []Path {
	for _, f := range fields {
		if path := prefix + f.Name; len(f.Fields) == 0 {
			paths = append(paths, Path{Path: path, Type: f.Type})
		} else {
			paths = appendPaths(paths, path+".", f.Fields)
		}
	}
	return paths
}

// shape is a node of the model as the checker builds it and rendering uses it.
// The root is the data itself.
type shape struct {
	parent *shape
	name   string
	key    string // the name as fold returns it
	at     int    // offset of the first mention
	typ    Type
	fields []*shape
	index  map[string]*shape // fields by key
	slot   int               // where a rendering keeps the value, if primitive
}

// field returns the field of that name, adding it at its first mention.
func (s *shape) field(n name) *shape {
	key := fold(n.text)
	if f, ok := s.index[key]; ok {
		return f
	}
	f := &shape{parent: s, name: n.text, key: key, at: n.at}
	if s.index == nil {
		s.index = make(map[string]*shape)
	}
	s.index[key] = f
	s.fields = append(s.fields, f)
	return f
}

// path returns the names that lead from the root to s, joined by dots.
func (s *shape) path() string {
	if s.parent.parent == nil {
		return s.name
	}
	return s.parent.path() + "." + s.name
}

// find returns the shape at a path of names in any case, nil if there is none.
func (s *shape) find(path string) *shape {
	for text := range strings.SplitSeq(path, ".") {
		if s = s.index[fold(text)]; s == nil {
			return nil
		}
	}
	return s
}

// export copies the fields for a [Model].
func (s *shape) export() []Field {
	var fields []Field
	for _, f := range s.fields {
		fields = append(fields, Field{Name: f.name, Type: f.typ, Fields: f.export()})
	}
	return fields
}
