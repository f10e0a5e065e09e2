package template

import (
	"fmt"
	"strconv"
)

// parser builds the tree of a template, one method a production:
//
//	template = block
//	block    = { TEXT | COMMENT | output | ifStmt | forStmt | setStmt }
//	output   = "${" expr { "|" call } "}"
//	ifStmt   = "@{" "if" bool "}" block { "@{" "else if" bool "}" block } [ "@{" "else" "}" block ] "@{" "end if" "}"
//	forStmt  = "@{" "for" NAME "in" ref "}" block "@{" "end for" "}"
//	setStmt  = "@{" "set" NAME "=" expr "}"
//
// parseexpr.go has the rest. The first mistake of an instruction is reported,
// and parsing goes on after the instruction's end, so that one pass finds the
// mistakes of all.
type parser struct {
	source   string
	tokens   []token
	pos      int
	problems []problem

	blocks []tokenKind // tokenIf or tokenFor for each block that is open
	exprs  exprState
}

// parse returns the body of the source, or what is wrong with it.
func parse(source string) ([]node, []problem) {
	p := &parser{source: source, tokens: lex(source)}
	for _, t := range p.tokens {
		if t.kind == tokenName && t.end-t.start > MaxNameBytes {
			p.fail(KindLimit, t, "the name is longer than %d bytes", MaxNameBytes)
			return nil, p.problems
		}
	}
	body := p.block()
	for p.peek().kind != tokenEnd { // a control instruction that ends no block
		p.stray()
		body = append(body, p.block()...)
	}
	return body, p.problems
}

// peek returns the next token; at the end, [tokenEnd] again and again.
func (p *parser) peek() token { return p.tokens[p.pos] }

// next consumes and returns the next token.
func (p *parser) next() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

// fail reports a problem at a token; it returns false for the caller to return.
func (p *parser) fail(kind Kind, t token, format string, args ...any) bool {
	p.problems = append(p.problems, problem{kind: kind, at: t.start, message: fmt.Sprintf(format, args...)})
	return false
}

// block reads up to the end of the source or to a control instruction that
// begins none: that one's @{ is the next token then.
func (p *parser) block() []node {
	var body []node
	for {
		switch t := p.peek(); t.kind {
		case tokenText:
			body = append(body, &textNode{start: t.start, text: p.next().text(p.source)})
		case tokenComment:
			body = append(body, &commentNode{start: t.start, text: p.next().text(p.source)})
		case tokenOutput:
			if n, ok := p.output(p.next()); ok {
				body = append(body, n)
			} else {
				p.skipInstruction()
			}
		case tokenControl:
			n, begins := p.control(t)
			if !begins {
				return body
			}
			if n != nil {
				body = append(body, n)
			}
		default:
			return body
		}
	}
}

// control reads a statement. It reports false, without reading, for a control
// instruction that belongs to an enclosing block. The node is nil after an
// error.
func (p *parser) control(open token) (n node, begins bool) {
	switch p.tokens[p.pos+1].kind {
	case tokenIf:
		return p.ifStatement(), true
	case tokenFor:
		return p.forStatement(), true
	case tokenAssign:
		if n := p.setStatement(); n != nil {
			return n, true
		}
		return nil, true
	case tokenElse, tokenElseIf, tokenEndIf, tokenEndFor:
		return nil, false
	}
	p.next()
	p.badControl(open)
	p.skipInstruction()
	return nil, true
}

// badControl reports what stands after @{ and starts no instruction.
func (p *parser) badControl(open token) {
	switch t := p.peek(); {
	case t.kind == tokenTimes:
		p.fail(KindSyntax, open, "the comment is not closed by *}, or there is a } in it")
	case t.kind == tokenName && oneWord[fold(t.text(p.source))] != "":
		p.fail(KindSyntax, t, "%s is written as two words: %s", quoted(t.text(p.source)), oneWord[fold(t.text(p.source))])
	default:
		p.unexpected(open, t, "if, for or set after @{")
	}
}

// oneWord has the two-word keywords for those who write them as one.
var oneWord = map[string]string{"ENDIF": "end if", "ENDFOR": "end for", "ELSEIF": "else if"}

// skipInstruction drops the rest of an instruction, its } included.
func (p *parser) skipInstruction() {
	for {
		switch p.peek().kind {
		case tokenEnd:
			return
		case tokenClose:
			p.next()
			return
		}
		p.next()
	}
}

// stray reports a control instruction that ends a block which is not open.
func (p *parser) stray() {
	p.next()
	t := p.next()
	before := "if"
	if t.kind == tokenEndFor {
		before = "for"
	}
	p.fail(KindSyntax, t, "%s has no %s before it", quoted(keywordTexts[t.kind]), before)
	p.skipInstruction()
}

// nested runs body one block deeper. At the limit it reports that and ends
// parsing.
func (p *parser) nested(opener token, body func()) {
	if len(p.blocks) == MaxNesting {
		p.fail(KindLimit, opener, "conditions and loops are nested deeper than %d", MaxNesting)
		p.pos = len(p.tokens) - 1
		return
	}
	p.blocks = append(p.blocks, opener.kind)
	body()
	p.blocks = p.blocks[:len(p.blocks)-1]
}

// isOpen reports whether a block of the kind is open.
func (p *parser) isOpen(kind tokenKind) bool {
	for _, b := range p.blocks {
		if b == kind {
			return true
		}
	}
	return false
}

// ends reads the instruction that ends a block if it is next. Another one is
// left where it is if an enclosing block waits for it, and reported and dropped
// otherwise, as often as there are such.
func (p *parser) ends(opener token, end tokenKind, more ...tokenKind) (token, bool) {
	for p.peek().kind == tokenControl {
		t := p.tokens[p.pos+1]
		if t.kind == end {
			p.pos += 2
			return t, true
		}
		for _, k := range more {
			if t.kind == k {
				p.pos += 2
				return t, true
			}
		}
		owner := tokenIf
		if t.kind == tokenEndFor {
			owner = tokenFor
		}
		if owner == opener.kind || p.isOpen(owner) {
			break
		}
		p.stray()
		p.block()
	}
	return token{}, false
}

// unclosed reports a block without its end.
func (p *parser) unclosed(opener token, end tokenKind) {
	if len(p.problems) > 0 && p.problems[len(p.problems)-1].kind == KindLimit {
		return
	}
	p.fail(KindSyntax, opener, "%s is not closed by @{ %s }", quoted(keywordTexts[opener.kind]), keywordTexts[end])
}

func (p *parser) ifStatement() node {
	open := p.next()
	opener := p.next()
	n := &ifNode{start: open.start}
	cond := p.condition(open)
	p.nested(opener, func() {
		current := opener
		for {
			body := p.block()
			if n.hasElse {
				n.elseBody = body
			} else {
				n.branches = append(n.branches, branch{start: current.start, cond: cond, body: body})
			}
			more := []tokenKind{tokenElse, tokenElseIf}
			var ok bool
			begin := p.peek()
			if current, ok = p.ends(opener, tokenEndIf, more...); !ok {
				p.unclosed(opener, tokenEndIf)
				return
			}
			if current.kind != tokenEndIf && n.hasElse {
				p.fail(KindSyntax, current, "%s stands after else", quoted(keywordTexts[current.kind]))
				p.skipInstruction()
				continue
			}
			switch current.kind {
			case tokenElseIf:
				cond = p.condition(begin)
				continue
			case tokenElse:
				n.hasElse = true
			}
			p.close(begin, keywordTexts[current.kind])
			if current.kind == tokenEndIf {
				return
			}
		}
	})
	return n
}

// condition reads the condition of an instruction and its }. After a mistake,
// which keeps the template from being run, it returns any condition.
func (p *parser) condition(open token) expr {
	after := follow{set: setOf(tokenClose), want: "} after the condition"}
	cond, ok := p.instruction(open, "a condition", func() (expr, bool) { return p.or(after) })
	p.skipInstruction()
	if !ok {
		return &refExpr{}
	}
	return cond
}

// close reads the } of an instruction; if something else is next it reports
// that and skips the instruction.
func (p *parser) close(open token, after string) bool {
	if p.peek().kind == tokenClose {
		p.next()
		return true
	}
	p.unexpected(open, p.peek(), "} after "+after)
	p.skipInstruction()
	return false
}

func (p *parser) forStatement() node {
	open := p.next()
	opener := p.next()
	n := &forNode{start: open.start}
	if !p.forHead(open, n) {
		p.skipInstruction()
	}
	p.nested(opener, func() {
		n.body = p.block()
		begin := p.peek()
		if _, ok := p.ends(opener, tokenEndFor); !ok {
			p.unclosed(opener, tokenEndFor)
			return
		}
		p.close(begin, keywordTexts[tokenEndFor])
	})
	return n
}

// forHead reads the variable and the array of a loop, with the }.
func (p *parser) forHead(open token, n *forNode) bool {
	t := p.peek()
	if t.kind != tokenName {
		return p.unexpected(open, t, "a name for the loop's variable")
	}
	n.item = name{start: p.next().start, text: t.text(p.source)}
	if t := p.peek(); t.kind != tokenIn {
		return p.unexpected(open, t, "in after the loop's variable")
	}
	p.next()
	items, ok := p.instruction(open, "an array", p.ref)
	if !ok {
		return false
	}
	n.items = items
	if t := p.peek(); t.kind != tokenClose {
		return p.unexpected(open, t, "} after the array")
	}
	p.next()
	return true
}

func (p *parser) setStatement() node {
	open := p.next()
	p.next()
	n := &setNode{start: open.start}
	if !p.setHead(open, n) {
		p.skipInstruction()
		return nil
	}
	return n
}

// setHead reads all of an assignment after set, with the }.
func (p *parser) setHead(open token, n *setNode) bool {
	t := p.peek()
	if t.kind != tokenName {
		return p.unexpected(open, t, "a name to assign to")
	}
	n.name = name{start: p.next().start, text: t.text(p.source)}
	if t := p.peek(); t.kind != tokenEqual {
		return p.unexpected(open, t, "= after the variable")
	}
	p.next()
	value, ok := p.instruction(open, "a value", func() (expr, bool) { return p.expr(follow{set: setOf(tokenClose), want: "} after the value"}) })
	if !ok {
		return false
	}
	n.value = value
	p.next()
	return true
}

func (p *parser) output(open token) (*outputNode, bool) {
	if p.peek().kind == tokenClose {
		return nil, p.fail(KindSyntax, p.peek(), "${ } needs a value to write")
	}
	after := follow{set: setOf(tokenClose, tokenPipe), want: "} after the value"}
	value, ok := p.instruction(open, "a value", func() (expr, bool) { return p.expr(after) })
	for ok && p.peek().kind == tokenPipe {
		p.next()
		value, ok = p.instruction(open, "a function after |", func() (expr, bool) { return p.filter(value, after) })
	}
	if !ok {
		return nil, false
	}
	p.next()
	return &outputNode{start: open.start, value: value}, true
}

// unexpected reports the token t where something else was needed. The end of
// the template is reported where the instruction began: that is what lacks
// its }.
func (p *parser) unexpected(open, t token, want string) bool {
	switch t.kind {
	case tokenEnd:
		return p.fail(KindSyntax, open, "the instruction is not closed by }")
	case tokenOpenString:
		return p.fail(KindSyntax, t, "the string is not closed by %s", quoteName(p.source[t.start]))
	}
	return p.fail(KindSyntax, t, "expected %s, found %s", want, t.describe(p.source))
}

// quoteName names a quote in words, since a quoted quote is hard to read.
func quoteName(quote byte) string {
	if quote == '"' {
		return "a double quote"
	}
	return "a single quote"
}

// number returns the value of a number literal, whose text is digits and
// possibly a point with more of them.
func number(text string) float64 {
	value, _ := strconv.ParseFloat(text, 64) // too large is an infinity, and fails where it is used
	return value
}
