package template

import "strings"

// node is a part of a template's body: *textNode, *commentNode or *outputNode.
// String returns source that parses to the same node.
type node interface {
	String() string
	isNode()
}

// textNode is text that is written as it stands.
type textNode struct {
	at   int // offset in the source
	text string
}

// commentNode is a comment, with its marks. It writes nothing.
type commentNode struct{ text string }

// outputNode writes the value of an expression.
type outputNode struct{ value expr }

// expr is an expression: *refExpr.
type expr interface {
	// String returns source that parses to the same expression.
	String() string
	// pos is the offset in the source.
	pos() int
	// check records what the expression needs of the data if its value is to
	// be of a type.
	check(c *checker, typ Type)
	// eval returns the value, given what the checked references lead to.
	eval(slots []*value) *value
}

// refExpr is a path into the data: a name and its members.
type refExpr struct {
	names []name
	// slot is where a rendering keeps the value; set by the checker.
	slot int
}

// name is one name of a path as it was written.
type name struct {
	at   int // offset in the source
	text string
}

func (*textNode) isNode()    {}
func (*commentNode) isNode() {}
func (*outputNode) isNode()  {}

func (n *textNode) String() string    { return n.text }
func (n *commentNode) String() string { return n.text }
func (n *outputNode) String() string  { return "${" + n.value.String() + "}" }

func (e *refExpr) pos() int { return e.names[0].at }

func (e *refExpr) String() string {
	var b strings.Builder
	for i, n := range e.names {
		if i > 0 {
			b.WriteByte('.')
		}
		b.WriteString(n.text)
	}
	return b.String()
}
