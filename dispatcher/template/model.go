package template

import "strings"

// Model is what a template needs of its data: the root values, in the order of
// their first mention. Host variables are listed like all others.
type Model struct {
	Fields []Field
}

// Field is one value that a template needs.
type Field struct {
	// Name is written as at its first mention; data is matched in any case.
	Name string
	// Method is true for a method of the data, such as
	// GetBonusPointsAccount("LoyaltyPoints"). The data holds it as a field of
	// that name with one level below for each argument; Take(n) is also the
	// first n elements of an array.
	Method bool
	// Arguments are those of a method, as they are written in the template.
	Arguments []string
	Type      Type
	// Fields are what is needed of an object, in the order of first mention.
	Fields []Field
	// Elements is what is needed of the elements of an array; nil if they are
	// only counted, or not even that. It has no name.
	Elements *Field
}

// Path is a value that a template needs, with the names that lead to it.
type Path struct {
	// Path is the names joined by dots, with [] after arrays and the arguments
	// after methods: Order.Items[].Sku.
	Path string
	Type Type
}

// Paths lists the values that have nothing below them, in the model's order: the
// first [MaxPaths].
func (m Model) Paths() []Path { return appendPaths(nil, "", m.Fields) }

func appendPaths(paths []Path, prefix string, fields []Field) []Path {
	for _, f := range fields {
		if len(paths) >= MaxPaths {
			return paths
		}
		path := prefix + f.Name
		if f.Method {
			path += "(" + strings.Join(f.Arguments, ", ") + ")"
		}
		paths = appendPath(paths, path, f)
	}
	return paths
}

// appendPath appends a value, or what is below it.
func appendPath(paths []Path, path string, f Field) []Path {
	if len(f.Fields) == 0 && f.Elements == nil {
		return append(paths, Path{Path: path, Type: f.Type})
	}
	paths = appendPaths(paths, path+".", f.Fields)
	if f.Elements != nil {
		paths = appendPath(paths, path+"[]", *f.Elements)
	}
	return paths
}

// export copies the fields for a [Model].
func (s *shape) export() []Field {
	var fields []Field
	for _, f := range s.fields {
		fields = append(fields, f.exported())
	}
	return fields
}

func (s *shape) exported() Field {
	f := Field{Name: s.name, Method: s.call, Arguments: s.args, Type: s.typ, Fields: s.export()}
	if s.element != nil && s.element.needed() {
		element := s.element.exported()
		element.Name = ""
		f.Elements = &element
	}
	return f
}

// needed reports whether anything is needed of the value at all.
func (s *shape) needed() bool {
	return s.typ != TypeUnknown || s.element != nil || len(s.fields) > 0
}
