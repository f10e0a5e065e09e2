package template

import (
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
)

// follower goes through a template's static text in the grammar of its context,
// and so finds out how each output is to be written. All branches and loops are
// followed once: what comes after them must not depend on what they do.
type follower struct {
	state    escape.State
	lines    lines
	problems []problem
}

// grammars are what the contexts are to package escape.
var grammars = map[Context]escape.Grammar{
	ContextText: escape.Text, ContextJSON: escape.JSON, ContextForm: escape.Form,
	ContextXML: escape.XML, ContextURL: escape.URL, ContextHeader: escape.Header,
}

// followContext gives the outputs of a body the modes that its context needs, or
// says where the text and the context do not go together. It stops at the first
// mistake, since what follows one is not understood.
func followContext(body []node, context Context, source string) []problem {
	f := &follower{state: escape.Start(grammars[context]), lines: linesOf(source)}
	if f.body(body) {
		if err := f.state.End(); err != nil {
			f.fail(len(source), err.Message)
		}
	}
	return f.problems
}

// fail reports a problem; it returns false for the caller to return.
func (f *follower) fail(at int, message string) bool {
	f.problems = append(f.problems, problem{kind: KindContext, at: at, message: message})
	return false
}

func (f *follower) body(body []node) bool {
	for _, n := range body {
		if n.follow(f); len(f.problems) > 0 {
			return false
		}
	}
	return true
}

func (n *commentNode) follow(*follower) {}
func (n *setNode) follow(*follower)     {}

func (n *textNode) follow(f *follower) {
	next, pieces, err := f.state.Text(n.text)
	if err != nil {
		f.fail(n.start+err.Offset, err.Message)
		return
	}
	f.state = next
	if len(pieces) != 1 || pieces[0] != (escape.Piece{Text: n.text}) {
		n.pieces = pieces
	}
}

func (n *outputNode) follow(f *follower) {
	mode, edit, next, err := f.state.Output()
	if err != nil {
		f.fail(n.start, err.Message)
		return
	}
	n.mode, n.edit, f.state = mode, edit, next
}

func (n *ifNode) follow(f *follower) {
	begin := f.state
	var after escape.State
	for i, b := range n.branches {
		f.state = begin
		if !f.body(b.body) {
			return
		}
		if i == 0 {
			after = f.state
		} else if !f.join(n, b.start, &after) {
			return
		}
	}
	f.state = begin
	if !f.body(n.elseBody) {
		return
	}
	end := n.start
	if n.hasElse && len(n.elseBody) > 0 {
		end = n.elseBody[0].at()
	}
	if f.join(n, end, &after) {
		f.state = after
	}
}

// join makes one of the ends of two branches.
func (f *follower) join(n *ifNode, start int, after *escape.State) bool {
	joined, ok := escape.Join(*after, f.state)
	if !ok {
		first, second := n.branches[0].start, start
		text := "the branches of this if end in different places: the one on line " + f.lines.text(first) + " " + after.String()
		if second == n.start {
			return f.fail(n.start, text+", but without it the text is "+f.state.String())
		}
		return f.fail(n.start, text+", the one on line "+f.lines.text(second)+" "+f.state.String())
	}
	*after = joined
	return true
}

func (n *forNode) follow(f *follower) {
	begin := f.state
	f.state = begin.LoopBody()
	if !f.body(n.body) {
		return
	}
	after, err := escape.Loop(begin, f.state)
	if err != nil {
		f.fail(n.start, err.Message)
		return
	}
	f.state = after
}
