package template

import (
	"math"
	"strings"
)

// mismatch reports an expression that is not what its place needs.
func (c *checker) mismatch(e expr, is, asked Type) {
	c.fail(KindType, e.at(), "this is "+is.words()+", but "+asked.words()+" is needed here")
}

// need reports e if its static type, when it is known, is not what is asked.
func (c *checker) need(e expr, asked Type) {
	if t := e.static(); t != TypeUnknown && !t.fits(asked) {
		c.mismatch(e, t, asked)
	}
}

// check records the usages of a path: all names but the last own a member.
func (e *refExpr) check(c *checker, asked Type) {
	v := c.variableOf(e.name)
	s, start := v.shape, e.name.start
	for _, m := range e.members {
		if !c.use(s, start, TypeComposite) {
			return
		}
		next := c.member(s, m)
		if next == nil {
			return
		}
		if !v.data {
			e.steps = append(e.steps, next)
		}
		if s, start = next, m.name.start; next.link != nil {
			s = next.link
		}
	}
	c.use(s, start, asked)
	e.shape = s
	switch {
	case !v.data:
		e.slot = v.slot
	case s.slotted:
		e.slot = s.slot
	default:
		s.slotted, s.slot = true, c.newSlot()
		e.slot = s.slot
	}
}

// use records a usage, or judges it at once if the value has a fixed type; it
// reports false if that is another.
func (c *checker) use(s *shape, at int, asked Type) bool {
	if !s.fixed {
		s.use(at, asked)
		return true
	}
	if s.typ.fits(asked) {
		return true
	}
	c.fail(KindType, at, quoted(s.path())+" is "+s.typ.words()+", but "+asked.words()+" is needed here")
	return false
}

// member returns the shape of a member, nil after an error.
func (c *checker) member(s *shape, m member) *shape {
	for _, arg := range m.args {
		if !isLiteral(arg) {
			c.fail(KindType, arg.at(), "the arguments of the method "+quoted(m.name.text)+" must be plain numbers or strings")
			return nil
		}
	}
	switch {
	case s.variables && !isGetValue(m):
		c.fail(KindType, m.name.start, quoted(s.path())+" has only the method "+quoted(variablesFields[0])+` with one name, such as GetValue("Webhooks.first.code")`)
		return nil
	case m.method && s.fixed:
		c.fail(KindType, m.name.start, quoted(s.path())+" has no method "+quoted(m.name.text))
		return nil
	case m.method:
		return s.method(m.name, m.args)
	}
	f := s.field(m.name)
	if f == nil && s.host {
		f = hostVariable(s, m.name)
	}
	if f == nil {
		message := quoted(s.path()) + " has no member " + quoted(m.name.text)
		if s.host {
			message += ", only " + strings.Join(requestFields, " and ")
		}
		c.fail(KindType, m.name.start, message)
	}
	return f
}

// isGetValue reports whether a member is the one that WebhookVariables has.
func isGetValue(m member) bool {
	if !m.method || len(m.args) != 1 || !strings.EqualFold(m.name.text, variablesFields[0]) {
		return false
	}
	_, text := m.args[0].(*textExpr)
	return text
}

// hostVariable returns the shape of a host variable at its first mention, nil if
// there is none of that name.
func hostVariable(s *shape, n name) *shape {
	for i, field := range requestFields {
		if strings.EqualFold(field, n.text) {
			return fixedMember(s, n.text, requestTypes[i], n.start)
		}
	}
	return nil
}

func (e *callExpr) check(c *checker, asked Type) {
	f, message := findFunction(e.name.text, len(e.args))
	if f == nil {
		c.fail(KindFunction, e.name.start, message)
		return
	}
	e.function = f
	for i, arg := range e.args {
		c.argument(f, f.param(i), arg, asked)
	}
	if f.name == tableRows {
		e.rows = rowsShape(arrayShape(e.args[0]), e.name.start)
	}
	if f.like {
		return // its arguments have been asked
	}
	if !f.result.fits(asked) {
		c.fail(KindType, e.name.start, quoted(f.name)+" gives "+f.result.words()+", but "+asked.words()+" is needed here")
	}
}

// argument checks one argument of a function whose own value is asked to be of
// a type.
func (c *checker) argument(f *function, p param, arg expr, asked Type) {
	if f.like {
		if asked.isObject() {
			c.fail(KindType, arg.at(), quoted(f.name)+" gives a single value, but "+asked.words()+" is needed here")
			return
		}
		arg.check(c, asked)
		return
	}
	if p.check != nil && isLiteral(arg) && arg.static().fits(p.typ) {
		if message := p.check(literalValue(arg)); message != "" {
			c.fail(KindFunction, arg.at(), message)
		}
	}
	arg.check(c, p.typ)
	if items := arrayShape(arg); items != nil && p.elements != TypeUnknown {
		c.use(items.elements(arg.at()), arg.at(), p.elements)
	}
}

func (e *textExpr) check(c *checker, asked Type)   { c.need(e, asked) }
func (e *numberExpr) check(c *checker, asked Type) { c.need(e, asked) }

func (e *concatExpr) check(c *checker, asked Type) {
	for _, part := range e.parts {
		part.check(c, TypePrimitive)
	}
	c.need(e, asked)
}

func (e *logicExpr) check(c *checker, asked Type) {
	for _, part := range e.parts {
		part.check(c, TypeBoolean)
	}
	c.need(e, asked)
}

func (e *notExpr) check(c *checker, asked Type) {
	e.cond.check(c, TypeBoolean)
	c.need(e, asked)
}

func (e *groupExpr) check(c *checker, asked Type) {
	if e.arithmetic {
		e.inner.check(c, TypeDecimal)
	} else {
		e.inner.check(c, TypeBoolean)
	}
	c.need(e, asked)
}

func (e *arithExpr) check(c *checker, asked Type) {
	e.first.check(c, TypeDecimal)
	for _, op := range e.rest {
		op.operand.check(c, TypeDecimal)
	}
	c.need(e, asked)
}

func (e *negateExpr) check(c *checker, asked Type) {
	e.operand.check(c, TypeDecimal)
	c.need(e, asked)
}

func (e *compareExpr) check(c *checker, asked Type) {
	e.left.check(c, TypeDecimal)
	e.right.check(c, TypeDecimal)
	c.need(e, asked)
}

func (e *sameTextExpr) check(c *checker, asked Type) {
	e.left.check(c, TypeString)
	e.right.check(c, TypeString)
	c.need(e, asked)
}

func (e *isNullExpr) check(c *checker, asked Type) {
	e.value.check(c, TypeUnknown)
	c.need(e, asked)
}

func (e *refExpr) static() Type      { return TypeUnknown }
func (e *textExpr) static() Type     { return TypeString }
func (e *concatExpr) static() Type   { return TypeString }
func (e *logicExpr) static() Type    { return TypeBoolean }
func (e *notExpr) static() Type      { return TypeBoolean }
func (e *compareExpr) static() Type  { return TypeBoolean }
func (e *sameTextExpr) static() Type { return TypeBoolean }
func (e *isNullExpr) static() Type   { return TypeBoolean }

func (e *callExpr) static() Type {
	if e.function == nil || e.function.like {
		return TypeUnknown
	}
	return e.function.result
}

func (e *numberExpr) static() Type {
	if e.float == math.Trunc(e.float) {
		return TypeInteger
	}
	return TypeDecimal
}

func (e *groupExpr) static() Type {
	if e.arithmetic {
		return operandType(e.inner)
	}
	return TypeBoolean
}

func (e *negateExpr) static() Type { return operandType(e.operand) }

func (e *arithExpr) static() Type {
	if operandType(e.first) != TypeInteger {
		return TypeDecimal
	}
	for _, op := range e.rest {
		if operandType(op.operand) != TypeInteger {
			return TypeDecimal
		}
	}
	return TypeInteger
}

// operandType is the static type of an operand: a whole number, or any.
func operandType(e expr) Type {
	if e.static() == TypeInteger {
		return TypeInteger
	}
	return TypeDecimal
}

// isLiteral reports whether e is a plain number or string.
func isLiteral(e expr) bool {
	switch e.(type) {
	case *textExpr, *numberExpr:
		return true
	}
	return false
}
