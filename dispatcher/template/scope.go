package template

// scope holds the variables of the template, or of one loop's body. An if opens
// no scope.
type scope struct {
	parent *scope
	loop   *forNode // nil for the outermost
	vars   map[string]*variable
	order  []*variable
	sets   map[int]bool // the slots that are assigned directly in the scope
}

// variable is a name of a scope: a value of the data, the variable of a loop,
// or what is assigned by set.
type variable struct {
	name  name
	shape *shape
	slot  int // unused for values of the data, whose members have slots
	data  bool

	loop      bool // declared by for
	readFirst bool // first mentioned where it is read
	assigned  bool
	set       int // where it is first assigned
}

// newScope opens a scope.
func newScope(parent *scope, loop *forNode) *scope {
	return &scope{parent: parent, loop: loop, vars: make(map[string]*variable), sets: make(map[int]bool)}
}

// find returns the variable of that name in s or the nearest enclosing scope
// that has it, nil if there is none.
func (s *scope) find(key string) *variable {
	for ; s != nil; s = s.parent {
		if v, ok := s.vars[key]; ok {
			return v
		}
	}
	return nil
}

// declare adds a variable to s.
func (s *scope) declare(v *variable) {
	s.vars[fold(v.name.text)] = v
	s.order = append(s.order, v)
}
