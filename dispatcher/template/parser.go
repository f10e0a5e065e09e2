package template

import "fmt"

// parser builds the tree of a template, one method a production:
//
//	template = { TEXT | COMMENT | output | control }
//	output   = "${" expr "}"
//	expr     = ref
//	ref      = NAME { "." NAME }
//
// The first mistake of an instruction is reported, and parsing goes on after
// the instruction's end, so that one pass finds the mistakes of all.
type parser struct {
	source   string
	tokens   []token
	pos      int
	problems []problem
}

// parse returns the body of the source, or what is wrong with it.
func parse(source string) ([]node, []problem) {
	p := &parser{source: source, tokens: lex(source)}
	body := p.template()
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

// unsupported reports a construct that this version does not have.
func (p *parser) unsupported(t token, what string) bool {
	return p.fail(KindUnsupported, t, "%s not supported in this version", what)
}

func (p *parser) template() []node {
	var body []node
	for {
		switch t := p.next(); t.kind {
		case tokenEnd:
			return body
		case tokenText:
			body = append(body, &textNode{at: t.start, text: t.text(p.source)})
		case tokenComment:
			body = append(body, &commentNode{text: t.text(p.source)})
		case tokenOutput:
			if n, ok := p.output(t); ok {
				body = append(body, n)
			} else {
				p.skipInstruction()
			}
		case tokenControl:
			p.control(t)
			p.skipInstruction()
		}
	}
}

// skipInstruction drops the rest of an instruction, its } included.
func (p *parser) skipInstruction() {
	for {
		if kind := p.next().kind; kind == tokenClose || kind == tokenEnd {
			return
		}
	}
}

func (p *parser) output(open token) (*outputNode, bool) {
	if p.peek().kind == tokenClose {
		return nil, p.fail(KindSyntax, p.peek(), "${ } needs a value to write")
	}
	value, ok := p.expr(open)
	if !ok {
		return nil, false
	}
	switch t := p.peek(); {
	case t.kind == tokenClose:
		p.next()
		return &outputNode{value: value}, true
	case t.kind == tokenPipe:
		return nil, p.unsupported(t, "a filter is")
	case isOperator(t.kind):
		return nil, p.unsupported(t, "the operator "+quoted(spelling(t, p.source))+" is")
	default:
		return nil, p.unexpected(open, t, "} after the value")
	}
}

// control rejects what stands after @{. All of the language's control
// instructions start with a keyword.
func (p *parser) control(open token) {
	switch t := p.peek(); t.kind {
	case tokenIf, tokenElse, tokenElseIf, tokenEndIf, tokenFor, tokenEndFor, tokenSet:
		p.unsupported(t, "the instruction "+quoted(keywordTexts[t.kind])+" is")
	case tokenTimes:
		p.fail(KindSyntax, open, "the comment is not closed by *}, or there is a } in it")
	default:
		p.unexpected(open, t, "if, for or set after @{")
	}
}

func (p *parser) expr(open token) (expr, bool) {
	switch t := p.peek(); t.kind {
	case tokenName:
		return p.ref(open)
	case tokenIf:
		if p.tokens[p.pos+1].kind == tokenOpenParen {
			return nil, p.unsupported(t, `the function "if" is`)
		}
		return nil, p.unexpected(open, t, "a name")
	case tokenString:
		return nil, p.unsupported(t, "a string is")
	case tokenNumber:
		return nil, p.unsupported(t, "a number is")
	case tokenOpenParen:
		return nil, p.unsupported(t, "an expression in parentheses is")
	case tokenMinus, tokenNot:
		return nil, p.unsupported(t, "the operator "+quoted(spelling(t, p.source))+" is")
	default:
		return nil, p.unexpected(open, t, "a name")
	}
}

func (p *parser) ref(open token) (*refExpr, bool) {
	ref := &refExpr{}
	for {
		t := p.peek()
		if t.kind != tokenName {
			return nil, p.unexpected(open, t, "a name after the dot")
		}
		p.next()
		if len(ref.names) == MaxNesting {
			return nil, p.fail(KindLimit, t, "the path has more than %d names", MaxNesting)
		}
		ref.names = append(ref.names, name{at: t.start, text: t.text(p.source)})
		switch p.peek().kind {
		case tokenDot:
			p.next()
		case tokenOpenParen:
			if len(ref.names) == 1 {
				return nil, p.unsupported(t, "the function "+quoted(t.text(p.source))+" is")
			}
			return nil, p.unsupported(t, "the method "+quoted(t.text(p.source))+" is")
		default:
			return ref, true
		}
	}
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

// isOperator reports whether the token joins two operands.
func isOperator(kind tokenKind) bool {
	return tokenConcat <= kind && kind <= tokenGreaterEqual || kind == tokenAnd || kind == tokenOr
}

// spelling returns an operator as the language spells it.
func spelling(t token, source string) string {
	if word, ok := keywordTexts[t.kind]; ok {
		return word
	}
	return t.text(source)
}
