package template

// exprState is the state of the expressions of one instruction.
type exprState struct {
	found map[memoKey]memo
	depth int
	limit string // says which limit was passed, if one was
	// The furthest token that could not be used, and what was wanted there.
	missed int
	want   string
}

// memoKey is a place and what is tried there.
type memoKey struct {
	production production
	pos        int
	follow     tokenSet
}

// production is a production whose results are remembered.
type production uint8

const (
	productionRef production = iota
	productionBool
	productionTest
	productionArith
)

// memo is the result of trying a production.
type memo struct {
	expr expr
	ok   bool
	end  int
}

// instruction reads expressions of an instruction; it reports the furthest
// mistake if there is one. Want names the whole for a message.
func (p *parser) instruction(open token, want string, read func() (expr, bool)) (expr, bool) {
	if p.exprs.found == nil {
		p.exprs.found = make(map[memoKey]memo)
	}
	clear(p.exprs.found)
	p.exprs = exprState{found: p.exprs.found, missed: p.pos, want: want}
	e, ok := read()
	switch {
	case ok:
		return e, true
	case p.exprs.limit != "":
		return nil, p.fail(KindLimit, p.tokens[p.exprs.missed], "%s %d", p.exprs.limit, MaxNesting)
	}
	p.pos = p.exprs.missed
	return nil, p.unexpected(open, p.peek(), p.exprs.want)
}

// miss notes what was wanted at the next token; it returns false for the caller
// to return. The furthest place is reported, and what was wanted there first.
func (p *parser) miss(want string) bool {
	further := p.pos > p.exprs.missed || p.pos == p.exprs.missed && p.exprs.want == wantComparison
	if further && p.exprs.limit == "" {
		p.exprs.missed, p.exprs.want = p.pos, want
	}
	return false
}

// wantComparison is wanted after any number that might begin a condition, so
// whatever else is wanted there says more.
const wantComparison = "a comparison such as = or <"

// pass notes that a limit is passed at the next token, which ends all attempts;
// it returns false for the caller to return.
func (p *parser) pass(limit string) bool {
	if p.exprs.limit == "" {
		p.exprs.limit, p.exprs.missed = limit, p.pos
	}
	return false
}

// deeper runs read one level deeper, and fails at the limit.
func (p *parser) deeper(read func() (expr, bool)) (expr, bool) {
	if p.exprs.depth == MaxNesting {
		p.pass("the expression is nested deeper than")
	}
	if p.exprs.limit != "" {
		return nil, false
	}
	p.exprs.depth++
	e, ok := read()
	p.exprs.depth--
	return e, ok
}

// remember tries a production, or returns what it found here before. After a
// failure the position is as it was.
func (p *parser) remember(production production, after tokenSet, read func() (expr, bool)) (expr, bool) {
	key := memoKey{production: production, pos: p.pos, follow: after}
	m, known := p.exprs.found[key]
	if !known {
		m.expr, m.ok = read()
		m.end = p.pos
		if !m.ok {
			m.end = key.pos
		}
		p.exprs.found[key] = m
	}
	p.pos = m.end
	return m.expr, m.ok
}
