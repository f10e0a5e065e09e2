package template

import (
	"strings"
)

// expr is an expression of an instruction.
type expr interface {
	// String returns source that parses to the same expression.
	String() string
	// at is the offset in the source.
	at() int
	// static is what is known of the value's type before there is data:
	// TypeUnknown for a plain reference.
	static() Type
	// check records what the expression needs of the data if its value is to
	// be of a type.
	check(c *checker, asked Type)
	// eval returns the value; it reports false after an error.
	eval(r *run) (value, bool)
	// hasNull reports whether an operand is null, so that the value of the
	// expression counts as null where null is accepted.
	hasNull(r *run) (null, ok bool)
}

// refExpr is a variable or a path into the data: a name and members.
type refExpr struct {
	name    name
	members []member

	// Set by the checker.
	slot  int      // where a rendering keeps the value that the path starts from
	steps []*shape // the members that are looked up from there
	shape *shape   // what the reference leads to
}

// member is a field or, with args, a method of an object in the data.
type member struct {
	name   name
	method bool
	args   []expr // of a method
}

// callExpr is a function call.
type callExpr struct {
	name name
	args []expr
	// piped is true for a filter, whose first argument stands before the |.
	piped bool

	// Set by the checker.
	function *function
	rows     *shape // what the result is, if it is an array
}

// textExpr is a string literal.
type textExpr struct {
	start  int
	source string // with its quotes
}

// numberExpr is a number literal.
type numberExpr struct {
	start  int
	source string
	float  float64
}

// concatExpr joins texts: a & b & c. It has at least two parts.
type concatExpr struct{ parts []expr }

// logicExpr is a chain of one of and, or. It has at least two parts.
type logicExpr struct {
	or    bool
	parts []expr
}

// notExpr is the opposite of a condition.
type notExpr struct {
	start int
	cond  expr
}

// groupExpr is an expression in parentheses: a number if arithmetic is true, a
// condition otherwise.
type groupExpr struct {
	start      int
	inner      expr
	arithmetic bool
}

// arithExpr is a chain of operators of one precedence: sums, or products.
type arithExpr struct {
	first expr
	rest  []operation
}

// operation is an operator and its right operand.
type operation struct {
	operator tokenKind
	operand  expr
}

// negateExpr is a number with its sign turned.
type negateExpr struct {
	start   int
	operand expr
}

// compareExpr compares two numbers.
type compareExpr struct {
	operator    tokenKind
	left, right expr
}

// sameTextExpr compares a reference with a text, in any case.
type sameTextExpr struct {
	not   bool
	left  expr // a *refExpr or *callExpr
	right expr
}

// isNullExpr compares a reference with null.
type isNullExpr struct {
	not   bool
	value expr // a *refExpr or *callExpr
}

func (e *refExpr) at() int      { return e.name.start }
func (e *callExpr) at() int     { return e.name.start }
func (e *textExpr) at() int     { return e.start }
func (e *numberExpr) at() int   { return e.start }
func (e *concatExpr) at() int   { return e.parts[0].at() }
func (e *logicExpr) at() int    { return e.parts[0].at() }
func (e *notExpr) at() int      { return e.start }
func (e *groupExpr) at() int    { return e.start }
func (e *arithExpr) at() int    { return e.first.at() }
func (e *negateExpr) at() int   { return e.start }
func (e *compareExpr) at() int  { return e.left.at() }
func (e *sameTextExpr) at() int { return e.left.at() }
func (e *isNullExpr) at() int   { return e.value.at() }

func (e *refExpr) String() string {
	var b strings.Builder
	b.WriteString(e.name.text)
	for _, m := range e.members {
		b.WriteString("." + m.name.text)
		if m.method {
			b.WriteString("(" + joined(m.args, ", ") + ")")
		}
	}
	return b.String()
}

func (e *callExpr) String() string {
	if e.piped {
		return e.args[0].String() + " | " + e.name.text + "(" + joined(e.args[1:], ", ") + ")"
	}
	return e.name.text + "(" + joined(e.args, ", ") + ")"
}

func (e *textExpr) String() string   { return e.source }
func (e *numberExpr) String() string { return e.source }
func (e *concatExpr) String() string { return joined(e.parts, " & ") }

func (e *logicExpr) String() string {
	if e.or {
		return joined(e.parts, " or ")
	}
	return joined(e.parts, " and ")
}

func (e *notExpr) String() string    { return "not " + e.cond.String() }
func (e *groupExpr) String() string  { return "(" + e.inner.String() + ")" }
func (e *negateExpr) String() string { return "-" + e.operand.String() }

func (e *arithExpr) String() string {
	var b strings.Builder
	b.WriteString(e.first.String())
	for _, op := range e.rest {
		b.WriteString(" " + symbols[op.operator] + " " + op.operand.String())
	}
	return b.String()
}

func (e *compareExpr) String() string {
	return e.left.String() + " " + symbols[e.operator] + " " + e.right.String()
}

func (e *sameTextExpr) String() string { return e.left.String() + equals(e.not) + e.right.String() }
func (e *isNullExpr) String() string   { return e.value.String() + equals(e.not) + "null" }

// text returns what stands between the quotes.
func (e *textExpr) text() string { return e.source[1 : len(e.source)-1] }

// equals spells = and !=.
func equals(not bool) string {
	if not {
		return " != "
	}
	return " = "
}

// joined returns the sources of expressions with a separator between them.
func joined(parts []expr, separator string) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = p.String()
	}
	return strings.Join(texts, separator)
}
