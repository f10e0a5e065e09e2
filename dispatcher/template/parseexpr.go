package template

// The expressions:
//
//	expr  = ref | text | bool | arith
//	ref   = call | NAME { "." NAME [ args ] }
//	call  = ( NAME | "if" ) args
//	args  = "(" [ expr { "," expr } ] ")"
//	text  = STRING | ( STRING | ref ) "&" expr
//	bool  = and { "or" and }
//	and   = test { "and" test }
//	test  = ref | "not" test | "(" bool ")" | ref ( "=" | "!=" ) text | ref ( "=" | "!=" ) "null" | arith COMPARE arith
//	arith = term { ( "+" | "-" ) term }
//	term  = atom { ( "*" | "/" ) atom }
//	atom  = NUMBER | ref | "-" atom | "(" arith ")"
//
// The alternatives overlap: of those after which the rest can be read, the one
// listed first is meant. So they are tried in this order, and an alternative
// counts only if a token comes next that may follow the whole expression. What
// was found at a place is remembered, so that trying costs time proportional to
// the length of the instruction.

// follow says what may come after an expression.
type follow struct {
	set  tokenSet
	want string // how to say it
}

// logicAlso is f with the operators between conditions.
func (f follow) logicAlso() follow {
	f.set |= setOf(tokenAnd, tokenOr)
	return f
}

// followed reports whether the next token may come after an expression.
func (p *parser) followed(after follow) bool {
	return after.set.has(p.peek().kind) || p.miss(after.want)
}

// accept consumes the next token if it is of the kind.
func (p *parser) accept(kind tokenKind) bool {
	if p.peek().kind != kind {
		return false
	}
	p.next()
	return true
}

func (p *parser) expr(after follow) (expr, bool) {
	start := p.pos
	if e, ok := p.chain(after, true); ok {
		return e, true
	}
	p.pos = start
	return p.boolOrArith(after)
}

// boolOrArith reads an expression that is neither reference nor text.
func (p *parser) boolOrArith(after follow) (expr, bool) {
	start := p.pos
	if e, ok := p.or(after); ok {
		return e, true
	}
	p.pos = start
	if e, ok := p.arith(); ok && p.followed(after) {
		return e, true
	}
	return nil, p.miss("a value")
}

// chain reads a text or, if refAlone is set, a reference. Of a & b & c only the
// last part can be any expression.
func (p *parser) chain(after follow, refAlone bool) (expr, bool) {
	var parts []expr
	for {
		start := p.pos
		part, ok := p.chainPart()
		switch {
		case ok && p.accept(tokenConcat):
			parts = append(parts, part)
			continue
		case ok && p.followed(after):
			if len(parts) > 0 {
				return &concatExpr{parts: append(parts, part)}, true
			}
			_, isText := part.(*textExpr)
			return part, isText || refAlone
		case len(parts) == 0:
			return nil, false
		}
		p.pos = start
		if part, ok = p.boolOrArith(after); !ok {
			return nil, false
		}
		return &concatExpr{parts: append(parts, part)}, true
	}
}

// chainPart reads a string or a reference.
func (p *parser) chainPart() (expr, bool) {
	if t := p.peek(); t.kind == tokenString {
		p.next()
		return &textExpr{start: t.start, source: t.text(p.source)}, true
	}
	return p.ref()
}

func (p *parser) ref() (expr, bool) {
	if t := p.peek(); t.kind == tokenName { // a name alone is read again as quickly as it is remembered
		if after := p.tokens[p.pos+1].kind; after != tokenOpenParen && after != tokenDot {
			p.next()
			return &refExpr{name: name{start: t.start, text: t.text(p.source)}}, true
		}
	}
	return p.remember(productionRef, 0, func() (expr, bool) {
		t := p.peek()
		called := p.pos+1 < len(p.tokens) && p.tokens[p.pos+1].kind == tokenOpenParen
		if t.kind != tokenName && (t.kind != tokenIf || !called) {
			return nil, p.miss("a value")
		}
		p.next()
		n := name{start: t.start, text: t.text(p.source)}
		if called {
			args, ok := p.args()
			return &callExpr{name: n, args: args}, ok
		}
		return p.members(&refExpr{name: n})
	})
}

// members reads what follows the name of a reference.
func (p *parser) members(ref *refExpr) (expr, bool) {
	for p.accept(tokenDot) {
		t := p.peek()
		if t.kind != tokenName {
			return nil, p.miss("a name after the dot")
		}
		if len(ref.members)+1 == MaxNesting {
			return nil, p.pass("the path has more names than")
		}
		p.next()
		m := member{name: name{start: t.start, text: t.text(p.source)}}
		if p.peek().kind == tokenOpenParen {
			var ok bool
			if m.args, ok = p.args(); !ok {
				return nil, false
			}
			m.method = true
		}
		ref.members = append(ref.members, m)
	}
	return ref, true
}

// args reads arguments and the parentheses around them.
func (p *parser) args() (args []expr, ok bool) {
	_, ok = p.deeper(func() (expr, bool) {
		p.next() // the parenthesis
		if p.accept(tokenCloseParen) {
			return nil, true
		}
		after := follow{set: setOf(tokenComma, tokenCloseParen), want: "a comma or ) after the argument"}
		for {
			arg, ok := p.expr(after)
			if !ok {
				return nil, false
			}
			args = append(args, arg)
			if p.next().kind == tokenCloseParen {
				return nil, true
			}
		}
	})
	return args, ok
}

// filter reads the call after a |, whose first argument is the value before it.
func (p *parser) filter(value expr, after follow) (expr, bool) {
	t := p.peek()
	if t.kind != tokenName && t.kind != tokenIf {
		return nil, p.miss("a function after |")
	}
	p.next()
	if p.peek().kind != tokenOpenParen {
		return nil, p.miss("( after the function")
	}
	args, ok := p.args()
	if !ok || !p.followed(after) {
		return nil, false
	}
	call := &callExpr{name: name{start: t.start, text: t.text(p.source)}, piped: true}
	call.args = append([]expr{value}, args...)
	return call, true
}

// or reads a condition.
func (p *parser) or(after follow) (expr, bool) {
	return p.remember(productionBool, after.set, func() (expr, bool) {
		return p.logic(tokenOr, func() (expr, bool) {
			return p.logic(tokenAnd, func() (expr, bool) { return p.test(after) })
		})
	})
}

// logic reads conditions with one operator between them.
func (p *parser) logic(operator tokenKind, read func() (expr, bool)) (expr, bool) {
	var parts []expr
	for {
		part, ok := read()
		if !ok {
			return nil, false
		}
		parts = append(parts, part)
		if p.accept(operator) {
			continue
		}
		if len(parts) == 1 {
			return part, true
		}
		return &logicExpr{or: operator == tokenOr, parts: parts}, true
	}
}

func (p *parser) test(after follow) (expr, bool) {
	after = after.logicAlso()
	return p.remember(productionTest, after.set, func() (expr, bool) {
		start := p.pos
		switch t := p.peek(); t.kind {
		case tokenNot:
			p.next()
			inner, ok := p.deeper(func() (expr, bool) { return p.test(after) })
			return &notExpr{start: t.start, cond: inner}, ok
		case tokenOpenParen:
			p.next()
			inner, ok := p.deeper(func() (expr, bool) {
				return p.or(follow{set: setOf(tokenCloseParen), want: ") after the condition"})
			})
			if ok {
				p.next()
				if p.followed(after) {
					return &groupExpr{start: t.start, inner: inner}, true
				}
			}
		case tokenName, tokenIf:
			if e, ok := p.refTest(after); ok {
				return e, true
			}
		case tokenString, tokenNull:
			return nil, p.miss("a condition")
		}
		p.pos = start
		return p.comparison(after)
	})
}

// refTest reads a test that begins with a reference and compares no numbers.
func (p *parser) refTest(after follow) (expr, bool) {
	ref, ok := p.ref()
	if !ok || after.set.has(p.peek().kind) {
		return ref, ok
	}
	not := p.peek().kind == tokenNotEqual
	if !not && p.peek().kind != tokenEqual {
		return nil, p.miss(after.want)
	}
	p.next()
	if p.accept(tokenNull) {
		return &isNullExpr{not: not, value: ref}, p.followed(after)
	}
	text, ok := p.chain(after, false)
	return &sameTextExpr{not: not, left: ref, right: text}, ok
}

// comparison reads a comparison of two numbers.
func (p *parser) comparison(after follow) (expr, bool) {
	left, ok := p.arith()
	if !ok {
		return nil, false
	}
	operator := p.peek().kind
	if operator < tokenEqual || operator > tokenGreaterEqual {
		return nil, p.miss(wantComparison)
	}
	p.next()
	right, ok := p.arith()
	if !ok || !p.followed(after) {
		return nil, false
	}
	return &compareExpr{operator: operator, left: left, right: right}, true
}

func (p *parser) arith() (expr, bool) {
	return p.remember(productionArith, 0, func() (expr, bool) {
		return p.operations(setOf(tokenPlus, tokenMinus), func() (expr, bool) {
			return p.operations(setOf(tokenTimes, tokenDivide), p.atom)
		})
	})
}

// operations reads operands with operators of one precedence between them.
func (p *parser) operations(operators tokenSet, read func() (expr, bool)) (expr, bool) {
	first, ok := read()
	if !ok || !operators.has(p.peek().kind) {
		return first, ok
	}
	e := &arithExpr{first: first}
	for operators.has(p.peek().kind) {
		operator := p.next().kind
		operand, ok := read()
		if !ok {
			return nil, false
		}
		e.rest = append(e.rest, operation{operator: operator, operand: operand})
	}
	return e, true
}

func (p *parser) atom() (expr, bool) {
	switch t := p.peek(); t.kind {
	case tokenNumber:
		p.next()
		text := t.text(p.source)
		return &numberExpr{start: t.start, source: text, float: number(text)}, true
	case tokenMinus:
		p.next()
		operand, ok := p.deeper(p.atom)
		return &negateExpr{start: t.start, operand: operand}, ok
	case tokenOpenParen:
		p.next()
		inner, ok := p.deeper(p.arith)
		if !ok {
			return nil, false
		}
		if !p.accept(tokenCloseParen) {
			return nil, p.miss(")")
		}
		return &groupExpr{start: t.start, inner: inner, arithmetic: true}, true
	}
	return p.ref()
}
