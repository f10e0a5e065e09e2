package template

import (
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
)

// node is a part of a template's body: text, a comment, an output, or one of
// the control instructions. String returns source that parses to the same node.
type node interface {
	String() string
	// at is the offset in the source.
	at() int
	// check records what the node needs of the data.
	check(c *checker)
	// follow goes through the node's static text in the grammar of the context.
	follow(f *follower)
	// run writes the node; it reports false after an error.
	run(r *run) bool
}

// textNode is text that is written as it stands, but for the edits of its
// context.
type textNode struct {
	start  int
	text   string
	pieces []escape.Piece // nil if the text is one piece without edit
}

// commentNode is a comment, with its marks. It writes nothing.
type commentNode struct {
	start int
	text  string
}

// outputNode writes the value of an expression: ${ value }.
type outputNode struct {
	start int
	value expr
	mode  escape.Mode // how the context wants the value
	edit  escape.Edit // applied to what has been written before
}

// ifNode writes the body of the first branch whose condition holds.
type ifNode struct {
	start    int
	branches []branch
	// hasElse tells an empty else from none.
	hasElse  bool
	elseBody []node
}

// branch is one condition of an ifNode and what it leads to.
type branch struct {
	start int // of its instruction
	cond  expr
	body  []node
}

// forNode writes its body once for every element of an array.
type forNode struct {
	start int
	item  name
	items expr
	body  []node

	// Set by the checker.
	slot     int   // of the loop variable
	assigned []int // slots of the variables that are assigned in the body
}

// setNode assigns a value to a variable.
type setNode struct {
	start int
	name  name
	value expr
	slot  int // set by the checker
}

// name is a name as it was written.
type name struct {
	start int // offset in the source
	text  string
}

func (n *textNode) at() int    { return n.start }
func (n *commentNode) at() int { return n.start }
func (n *outputNode) at() int  { return n.start }
func (n *ifNode) at() int      { return n.start }
func (n *forNode) at() int     { return n.start }
func (n *setNode) at() int     { return n.start }

func (n *textNode) String() string    { return n.text }
func (n *commentNode) String() string { return n.text }
func (n *outputNode) String() string  { return "${" + n.value.String() + "}" }

func (n *ifNode) String() string {
	var b strings.Builder
	for i, branch := range n.branches {
		b.WriteString("@{")
		if i > 0 {
			b.WriteString("else ")
		}
		b.WriteString("if " + branch.cond.String() + "}" + sourceOf(branch.body))
	}
	if n.hasElse {
		b.WriteString("@{else}" + sourceOf(n.elseBody))
	}
	return b.String() + "@{end if}"
}

func (n *forNode) String() string {
	return "@{for " + n.item.text + " in " + n.items.String() + "}" + sourceOf(n.body) + "@{end for}"
}

func (n *setNode) String() string { return "@{set " + n.name.text + " = " + n.value.String() + "}" }

// sourceOf returns source that parses to the body.
func sourceOf(body []node) string {
	var b strings.Builder
	for _, n := range body {
		b.WriteString(n.String())
	}
	return b.String()
}

// withoutComments returns the body's source without its comments.
func withoutComments(body []node) string {
	var b strings.Builder
	for _, n := range body {
		switch n := n.(type) {
		case *commentNode:
		case *ifNode:
			plain := &ifNode{hasElse: n.hasElse, elseBody: []node{&textNode{text: withoutComments(n.elseBody)}}}
			for _, from := range n.branches {
				plain.branches = append(plain.branches, branch{cond: from.cond, body: []node{&textNode{text: withoutComments(from.body)}}})
			}
			b.WriteString(plain.String())
		case *forNode:
			plain := &forNode{item: n.item, items: n.items, body: []node{&textNode{text: withoutComments(n.body)}}}
			b.WriteString(plain.String())
		default:
			b.WriteString(n.String())
		}
	}
	return b.String()
}
