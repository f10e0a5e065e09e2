package template

// checker goes through a template in the order of its text, before there is any
// data. It finds out what each name means, infers the model from all usages of
// all values, and rejects what cannot work with any data. It ignores branches:
// all of them count.
type checker struct {
	root      *shape // the data
	variables *shape // the parent of the shapes of assigned variables
	scope     *scope
	scopes    []*scope
	slots     int            // values a rendering keeps
	setSlots  map[string]int // of the assigned variables, by folded name
	ids       int            // shapes
	lines     lines
	problems  []problem
}

// checked is what a rendering needs to know of a template.
type checked struct {
	root  *shape
	slots int
	ids   int
	// assigned are the variables that are assigned: data of that name, which the
	// template does not need, is their value until something is.
	assigned []*variable
}

// check infers the model of a body and resolves all names in it, or says what is
// wrong.
func check(body []node, source string) (*checked, []problem) {
	c := &checker{root: &shape{typ: TypeComposite}, variables: &shape{}, setSlots: make(map[string]int), lines: linesOf(source)}
	c.open(nil)
	c.body(body)
	c.declarations()
	c.infer()
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	result := &checked{root: c.root, slots: c.slots, ids: c.ids}
	for _, s := range c.scopes {
		for _, v := range s.order {
			if v.assigned {
				result.assigned = append(result.assigned, v)
			}
		}
	}
	return result, nil
}

// open opens the scope of a loop's body, or the outermost.
func (c *checker) open(loop *forNode) {
	c.scope = newScope(c.scope, loop)
	c.scopes = append(c.scopes, c.scope)
}

func (c *checker) fail(kind Kind, at int, message string) {
	c.problems = append(c.problems, problem{kind: kind, at: at, message: message})
}

// newSlot returns the number of a slot that nothing uses yet.
func (c *checker) newSlot() int {
	c.slots++
	return c.slots - 1
}

func (c *checker) body(body []node) {
	for _, n := range body {
		n.check(c)
	}
}

func (n *textNode) check(*checker)     {}
func (n *commentNode) check(*checker)  {}
func (n *outputNode) check(c *checker) { n.value.check(c, TypePrimitive) }

func (n *ifNode) check(c *checker) {
	for _, b := range n.branches {
		b.cond.check(c, TypeBoolean)
		c.body(b.body)
	}
	c.body(n.elseBody)
}

func (n *forNode) check(c *checker) {
	n.items.check(c, TypeArray)
	element := &shape{parent: c.variables, name: n.item.text, taken: -1} // of no array, after an error
	if items := arrayShape(n.items); items != nil {
		element = items.elements(n.items.at())
	}
	c.open(n)
	v := &variable{name: n.item, shape: element, slot: c.newSlot(), loop: true}
	c.scope.declare(v)
	n.slot = v.slot
	c.body(n.body)
	c.scope = c.scope.parent
}

func (n *setNode) check(c *checker) {
	n.value.check(c, TypePrimitive)
	v := c.scope.find(fold(n.name.text))
	if v == nil {
		v = &variable{name: n.name, shape: newShape(c.variables, n.name), slot: c.setSlot(n.name)}
		c.scope.declare(v)
	}
	if loop := c.scope.loop; loop != nil && !c.scope.sets[v.slot] {
		c.scope.sets[v.slot] = true
		loop.assigned = append(loop.assigned, v.slot)
	}
	if !v.assigned {
		v.assigned, v.set = true, n.name.start
	}
	n.slot = v.slot
	v.shape.use(n.name.start, n.value.static())
	if ref, ok := n.value.(*refExpr); ok && ref.shape != nil {
		v.shape.sources = append(v.shape.sources, source{at: ref.at(), shape: ref.shape})
	}
}

// setSlot returns the slot of an assigned variable. Those of one name share it:
// loops that stand side by side never use it at the same time.
func (c *checker) setSlot(n name) int {
	slot, ok := c.setSlots[fold(n.text)]
	if !ok {
		slot = c.newSlot()
		c.setSlots[fold(n.text)] = slot
	}
	return slot
}

// declarations reports variables that are read before they are assigned, and
// those that have the name of another one around them.
func (c *checker) declarations() {
	for _, s := range c.scopes {
		for _, v := range s.order {
			switch {
			case v.assigned && v.loop:
				c.fail(KindVariable, v.set, quoted(v.name.text)+" is the variable of a loop and cannot be assigned")
			case v.assigned && v.readFirst:
				c.fail(KindVariable, v.name.start, quoted(v.name.text)+" is read here before anything is assigned to it")
			}
			if outer := s.parent.find(fold(v.name.text)); outer != nil {
				c.fail(KindVariable, v.name.start, quoted(v.name.text)+" lives for one pass of the loop, but the same name is used outside it, on line "+
					c.lines.text(outer.name.start)+"; use another name, or set it before the loop")
			}
		}
	}
}

// variableOf returns what a name means where it is read. A name that nothing
// declares is a value of the data.
func (c *checker) variableOf(n name) *variable {
	if v := c.scope.find(fold(n.text)); v != nil {
		return v
	}
	s := c.root.field(n)
	switch s.key {
	case requestKey:
		s.fixed, s.host, s.typ = true, true, TypeComposite
	case variablesKey:
		s.variables = true
	}
	v := &variable{name: n, shape: s, data: true, readFirst: true}
	c.scopes[0].declare(v)
	return v
}
