package template

import (
	"math"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/text"
)

// present returns the value of an expression, which may not be null.
func (r *run) present(e expr) (value, bool) {
	v, ok := e.eval(r)
	if ok && v.kind == nullValue {
		return v, r.fail(KindRender, e.at(), described(e)+" is null, but a value is needed here")
	}
	return v, ok
}

// described names an expression for a message: a path or function by its name.
func described(e expr) string {
	switch e := e.(type) {
	case *refExpr:
		return quoted(e.String())
	case *callExpr:
		return "the result of " + quoted(e.name.text)
	}
	return "the value"
}

// cannot reports a value that is not what its place needs. The check of the
// model leaves that to variables alone, whose values come from several places.
func (r *run) cannot(e expr, v value, needed string) bool {
	return r.fail(KindRender, e.at(), described(e)+" is "+v.kind.words()+", but "+needed+" is needed here")
}

// tooLarge reports a number that cannot be written or kept: one of the data with
// a huge exponent, or a result of arithmetic.
func (r *run) tooLarge(e expr) bool {
	if _, ok := e.(*refExpr); ok {
		return r.fail(KindRender, e.at(), described(e)+" is a number too large to write out")
	}
	return r.fail(KindRender, e.at(), described(e)+" is infinite, undefined, or a number too large to write out")
}

// condition returns the value of a condition.
func (r *run) condition(e expr) (holds, ok bool) {
	if !r.step(1, e.at()) {
		return false, false
	}
	v, ok := r.present(e)
	if !ok {
		return false, false
	}
	if v.kind != boolValue {
		return false, r.cannot(e, v, "a boolean")
	}
	return v.truth(), true
}

// number returns the value of an operand of arithmetic or of a comparison.
func (r *run) number(e expr) (float64, bool) {
	if !r.step(1, e.at()) {
		return 0, false
	}
	v, ok := r.present(e)
	if !ok {
		return 0, false
	}
	if !v.isNumber() {
		return 0, r.cannot(e, v, "a number")
	}
	return v.float(), r.step(len(v.text)/slowBytesPerStep, e.at())
}

// eval returns the value that bind found for the reference, or looks the rest
// of the path up in a variable. Null has nothing but null below it.
func (e *refExpr) eval(r *run) (value, bool) {
	v := &r.slots[e.slot]
	if v.kind == unsetValue {
		return value{}, r.fail(KindRender, e.at(), "nothing has been assigned to "+quoted(e.name.text)+" before it is read")
	}
	for _, s := range e.steps {
		next, ok := r.member(v, s)
		if !ok {
			return absent, r.steps <= MaxSteps
		}
		v = next
	}
	return v.as(e.shape.typ), true
}

func (e *textExpr) eval(*run) (value, bool)   { return textOf(e.text()), true }
func (e *numberExpr) eval(*run) (value, bool) { return floatOf(e.float), true }

// eval joins the texts of the parts.
func (e *concatExpr) eval(r *run) (value, bool) {
	start := len(r.scratch)
	defer func() { r.scratch = r.scratch[:start] }()
	for _, part := range e.parts {
		v, ok := r.present(part)
		if !ok {
			return value{}, false
		}
		before := len(r.scratch)
		if r.scratch, ok = r.appendText(r.scratch, part, v); !ok {
			return value{}, false
		}
		if !r.grow(len(r.scratch)-start, len(r.scratch)-before, part.at()) {
			return value{}, false
		}
	}
	return textOf(string(r.scratch[start:])), r.step(len(e.parts), e.at())
}

// eval stops at the first part that decides.
func (e *logicExpr) eval(r *run) (value, bool) {
	for _, part := range e.parts {
		holds, ok := r.condition(part)
		if !ok {
			return value{}, false
		}
		if holds == e.or {
			return boolOf(holds), true
		}
	}
	return boolOf(!e.or), true
}

func (e *notExpr) eval(r *run) (value, bool) {
	holds, ok := r.condition(e.cond)
	return boolOf(!holds), ok
}

func (e *groupExpr) eval(r *run) (value, bool) {
	if e.arithmetic {
		x, ok := r.number(e.inner)
		return floatOf(x), ok
	}
	holds, ok := r.condition(e.inner)
	return boolOf(holds), ok
}

func (e *negateExpr) eval(r *run) (value, bool) {
	x, ok := r.number(e.operand)
	return floatOf(-x), ok
}

func (e *arithExpr) eval(r *run) (value, bool) {
	x, ok := r.number(e.first)
	if !ok {
		return value{}, false
	}
	for _, op := range e.rest {
		y, ok := r.number(op.operand)
		if !ok {
			return value{}, false
		}
		switch op.operator {
		case tokenPlus:
			x += y
		case tokenMinus:
			x -= y
		case tokenTimes:
			x *= y
		default:
			x /= y
		}
	}
	return floatOf(x), true
}

// tolerance is how far apart two numbers are that still compare as equal.
const tolerance = 1e-7

func (e *compareExpr) eval(r *run) (value, bool) {
	a, ok := r.number(e.left)
	if !ok {
		return value{}, false
	}
	b, ok := r.number(e.right)
	if !ok {
		return value{}, false
	}
	return boolOf(compare(e.operator, a, b)), true
}

// compare compares two numbers. Nothing compares with what is no number.
func compare(operator tokenKind, a, b float64) bool {
	equal := math.Abs(a-b) < tolerance
	switch operator {
	case tokenEqual:
		return equal
	case tokenNotEqual:
		return math.Abs(a-b) > tolerance
	case tokenLess:
		return b-a > tolerance
	case tokenGreater:
		return a-b > tolerance
	case tokenLessEqual:
		return equal || b-a > tolerance
	default:
		return equal || a-b > tolerance
	}
}

func (e *sameTextExpr) eval(r *run) (value, bool) {
	left, ok := r.present(e.left)
	if !ok {
		return value{}, false
	}
	right, ok := e.right.eval(r)
	if !ok {
		return value{}, false
	}
	if left.kind != textValue {
		return value{}, r.cannot(e.left, left, "a string")
	}
	same := text.EqualFold(left.text, right.text)
	return boolOf(same != e.not), r.step(1+(len(left.text)+len(right.text))/slowBytesPerStep, e.at())
}

func (e *isNullExpr) eval(r *run) (value, bool) {
	v, ok := e.value.eval(r)
	return boolOf((v.kind == nullValue) != e.not), ok && r.step(1, e.at())
}

func (e *callExpr) eval(r *run) (value, bool) {
	start := len(r.stack)
	for i, arg := range e.args {
		v, ok := r.argument(e.function.param(i), arg)
		if !ok {
			clear(r.stack[start:])
			r.stack = r.stack[:start]
			return value{}, false
		}
		r.stack = append(r.stack, v)
	}
	v, ok := r.call(e, r.stack[start:])
	clear(r.stack[start:])
	r.stack = r.stack[:start]
	return v, ok
}
