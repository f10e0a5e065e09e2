package template

// infer sets the types of all values from their usages, and reports usages that
// do not go together.
func (c *checker) infer() {
	pending := c.assigned()
	for len(pending) > 0 { // ends: every pass adds a type to a value, and types are few
		last := pending[len(pending)-1]
		pending = pending[:len(pending)-1]
		for _, from := range last.sources {
			if inherit(last, from) {
				pending = append(pending, from.shape)
			}
		}
	}
	seen := make(map[*shape]bool)
	for _, s := range c.roots() {
		c.resolve(s, seen)
	}
}

// assigned returns the shapes of all variables that values are assigned to.
func (c *checker) assigned() []*shape {
	var all []*shape
	for _, s := range c.scopes {
		for _, v := range s.order {
			if len(v.shape.sources) > 0 {
				all = append(all, v.shape)
			}
		}
	}
	return all
}

// inherit makes a source need what the variable it is assigned to needs; it
// reports whether that is new.
func inherit(to *shape, from source) bool {
	changed := false
	for typ := range Type(typeCount) {
		if to.seen&(1<<typ) != 0 && from.shape.seen&(1<<typ) == 0 {
			from.shape.use(from.at, typ)
			changed = true
		}
	}
	return changed
}

// roots returns the shapes that all others are parts of.
func (c *checker) roots() []*shape {
	all := []*shape{c.root}
	for _, s := range c.scopes {
		for _, v := range s.order {
			if !v.data {
				all = append(all, v.shape)
			}
		}
	}
	return all
}

// resolve sets the types of s and all below it: the usage of the highest rank
// decides, and those that do not go with it are reported.
func (c *checker) resolve(s *shape, seen map[*shape]bool) {
	if seen[s] {
		return
	}
	seen[s] = true
	s.id = c.ids
	c.ids++
	if s.parent != nil && !s.fixed {
		s.typ = s.decisive()
	}
	for _, u := range s.usages {
		if len(c.problems) >= maxProblems {
			return
		}
		switch {
		case s.typ.fits(u.typ):
		case s.fixed:
			c.fail(KindType, u.at, quoted(s.path())+" is "+s.typ.words()+", but is used as "+u.typ.words())
		default:
			c.fail(KindType, u.at, quoted(s.path())+" is used here as "+u.typ.words()+", but elsewhere as "+s.typ.words())
		}
	}
	c.fieldOrMethod(s)
	for _, f := range s.fields {
		c.resolve(f, seen)
	}
	if s.element != nil {
		c.resolve(s.element, seen)
	}
}

// decisive returns the type of the highest rank that is asked of s; of several,
// the one that is asked for first.
func (s *shape) decisive() Type {
	best := TypeUnknown
	for typ := range Type(typeCount) {
		if s.seen&(1<<typ) == 0 {
			continue
		}
		if typ.outranks(best) || !best.outranks(typ) && s.first[typ] < s.first[best] {
			best = typ
		}
	}
	return best
}

// fieldOrMethod reports methods that have the name of a field of s.
func (c *checker) fieldOrMethod(s *shape) {
	for _, f := range s.fields {
		if !f.call {
			continue
		}
		if _, both := s.index[f.key]; both {
			c.fail(KindType, f.start, quoted(f.name)+" is used as a method here, but as a field elsewhere")
		}
	}
}
