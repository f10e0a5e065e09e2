package template

// checker infers the model from all usages of all values, and rejects a value
// that is used in two ways that exclude each other.
type checker struct {
	root     *shape
	usages   map[*shape][]usage
	refs     map[*refExpr]*shape // what each reference leads to
	slots    int
	problems []problem
}

// usage is one place that needs a value to be of a type.
type usage struct {
	at  int
	typ Type
}

// check infers the model of a body and gives every reference its slot. It
// returns the model's root, the number of slots, and what is wrong.
func check(body []node) (root *shape, slots int, problems []problem) {
	c := &checker{root: &shape{typ: TypeComposite}, usages: make(map[*shape][]usage), refs: make(map[*refExpr]*shape)}
	for _, n := range body {
		if output, ok := n.(*outputNode); ok {
			output.value.check(c, TypePrimitive)
		}
	}
	c.resolve(c.root)
	if len(c.problems) > 0 {
		return nil, 0, c.problems
	}
	for ref, s := range c.refs {
		ref.slot = s.slot
	}
	return c.root, c.slots, nil
}

// check records the usages of a path: all names but the last own a member.
func (e *refExpr) check(c *checker, typ Type) {
	s := c.root
	for i, n := range e.names {
		s = s.field(n)
		needed := TypeComposite
		if i == len(e.names)-1 {
			needed = typ
		}
		c.usages[s] = append(c.usages[s], usage{at: n.at, typ: needed})
	}
	c.refs[e] = s
}

// resolve sets the types of all fields below s: the usage of the highest rank
// decides, and those that do not go with it are reported. Then every primitive
// gets a slot.
func (c *checker) resolve(s *shape) {
	for _, f := range s.fields {
		for _, u := range c.usages[f] {
			f.typ = max(f.typ, u.typ)
		}
		for _, u := range c.usages[f] {
			if !f.typ.fits(u.typ) {
				c.problems = append(c.problems, problem{kind: KindType, at: u.at, message: quoted(f.path()) +
					" is used here as " + u.typ.words() + ", but elsewhere as " + f.typ.words()})
			}
		}
		if f.typ == TypePrimitive {
			f.slot = c.slots
			c.slots++
		}
		c.resolve(f)
	}
}
