package escape

// settled returns s with the name of a start tag that may end here ended.
func (s xmlState) settled() xmlState {
	if s.place == xmlOpenName && isQualified(s.name, true) {
		s.push()
	}
	return s
}

// push opens the element whose name is complete.
func (s *xmlState) push() {
	s.open = &element{name: s.name, parent: s.open, depth: s.depth() + 1}
	s.stage = xmlRootBegun
	s.move(xmlTight)
}

// pop closes the innermost element.
func (s *xmlState) pop() {
	s.open = s.open.parent
	s.move(xmlText)
}

// join returns the place that stands for both s and t.
func (s xmlState) join(t xmlState) (xmlState, bool) {
	s, t = s.settled(), t.settled()
	switch {
	case !sameElement(s.open, t.open):
		return s, false
	case s.place == xmlTag && t.place == xmlTight, s.place == xmlTight && t.place == xmlTag:
		s.place, t.place = xmlTight, xmlTight
	}
	if s.place == xmlText || s.place == xmlCDATA {
		s.run |= t.run
		t.run = s.run
	}
	attrs, ok := s.attrs.union(t.attrs)
	if (s.stage == xmlRootBegun) != (t.stage == xmlRootBegun) {
		return s, false
	}
	s.stage = max(s.stage, t.stage)
	s.attrs = attrs
	t.stage, t.attrs, t.open = s.stage, s.attrs, s.open
	return s, ok && s == t
}

// loopBody returns the place where the body of a loop at s begins, for all its
// passes.
func (s xmlState) loopBody() xmlState {
	s = s.settled()
	switch s.place {
	case xmlText, xmlCDATA:
		s.run = runAny
	case xmlTag:
		s.place = xmlTight // where a pass may end
	}
	if s.stage < xmlRootBegun {
		s.stage = xmlDeclared
	}
	return s
}

// loop returns the place after a loop at s whose body ended at t, or why it
// cannot be repeated.
func (s xmlState) loop(t xmlState) (xmlState, string) {
	s, t = s.settled(), t.settled()
	if name := t.attrs.notIn(s.attrs); name != "" && sameElement(s.open, t.open) {
		return s, "the body of the loop repeats the attribute " + name + ", which an element has only once"
	}
	after, ok := s.join(t)
	if !ok {
		return s, notRepeatable
	}
	return after, ""
}

// sameElement reports whether two chains of open elements have the same names.
func sameElement(a, b *element) bool {
	for a != b {
		if a == nil || b == nil || a.depth != b.depth || a.name != b.name {
			return false
		}
		a, b = a.parent, b.parent
	}
	return true
}

// has reports whether an attribute of that name is there.
func (a *attribute) has(name string) bool {
	for ; a != nil; a = a.prior {
		if a.name == name {
			return true
		}
	}
	return false
}

// add returns the attributes with one more; it reports false if there are too
// many.
func (a *attribute) add(name string) (*attribute, bool) {
	b := &attribute{name: name, prior: a, count: 1}
	if a != nil {
		b.count += a.count
	}
	return b, b.count <= maxAttributes
}

// union returns the attributes of both; it reports false if there are too many.
func (a *attribute) union(b *attribute) (*attribute, bool) {
	ok := true
	for ; b != nil && b != a && ok; b = b.prior {
		if !a.has(b.name) {
			a, ok = a.add(b.name)
		}
	}
	return a, ok
}

// notIn returns the name of an attribute of a that b does not have, "" if there
// is none.
func (a *attribute) notIn(b *attribute) string {
	for ; a != nil && a != b; a = a.prior {
		if !b.has(a.name) {
			return a.name
		}
	}
	return ""
}
