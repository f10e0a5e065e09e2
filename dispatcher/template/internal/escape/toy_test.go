package escape

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// toy is a template of the smallest language that has what matters here: text,
// ${} for a value, @{if}…@{else}…@{end} and @{for}…@{end}.
type toy struct {
	kind         toyKind
	text         string
	at           int
	body, orElse []*toy

	// What follow found out.
	pieces []Piece
	mode   Mode
	edit   Edit
}

type toyKind uint8

const (
	toyText toyKind = iota
	toyOutput
	toyIf
	toyFor
)

// parseToy returns the nodes of a source; ok is false if its blocks do not match.
func parseToy(source string) (nodes []*toy, ok bool) {
	p := toyParser{source: source}
	nodes, end := p.block(0)
	return nodes, end == "" && p.at == len(source) && !p.bad
}

type toyParser struct {
	source string
	at     int
	bad    bool
}

var toyMarks = [...]string{"${}", "@{if}", "@{for}", "@{else}", "@{end}"}

// next returns the nearest mark and the text before it.
func (p *toyParser) next() (text, mark string) {
	rest := p.source[p.at:]
	text = rest
	for _, m := range toyMarks {
		if i := strings.Index(rest, m); i >= 0 && i < len(text) {
			text, mark = rest[:i], m
		}
	}
	return text, mark
}

// block parses up to a mark that ends it, which it returns.
func (p *toyParser) block(depth int) (nodes []*toy, end string) {
	for !p.bad {
		text, mark := p.next()
		if text != "" {
			nodes = append(nodes, &toy{kind: toyText, text: text, at: p.at})
		}
		n := &toy{at: p.at + len(text)}
		p.at = n.at + len(mark)
		switch mark {
		case "${}":
			n.kind = toyOutput
		case "@{if}":
			n.kind = toyIf
			if n.body, end = p.block(depth + 1); end == "@{else}" {
				n.orElse, end = p.block(depth + 1)
			}
			p.bad = p.bad || end != "@{end}" || depth > 50
		case "@{for}":
			n.kind = toyFor
			n.body, end = p.block(depth + 1)
			p.bad = p.bad || end != "@{end}" || depth > 50
		default:
			return nodes, mark
		}
		nodes = append(nodes, n)
	}
	return nodes, "bad"
}

// follow does what the template package does at compile time. The error has the
// offset and the message.
func follow(g Grammar, nodes []*toy, size int) error {
	s, err := followBlock(Start(g), nodes)
	if err != nil {
		return err
	}
	if m := s.End(); m != nil {
		return fmt.Errorf("%d: %s", size, m.Message)
	}
	return nil
}

func followBlock(s State, nodes []*toy) (State, error) {
	var err error
	for _, n := range nodes {
		if s, err = n.follow(s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (n *toy) follow(s State) (State, error) {
	var m *Mistake
	switch n.kind {
	case toyText:
		s, n.pieces, m = s.Text(n.text)
	case toyOutput:
		n.mode, n.edit, s, m = s.Output()
	case toyFor:
		end, err := followBlock(s.LoopBody(), n.body)
		if err != nil {
			return s, err
		}
		s, m = Loop(s, end)
	case toyIf:
		a, err := followBlock(s, n.body)
		if err != nil {
			return s, err
		}
		b, err := followBlock(s, n.orElse)
		if err != nil {
			return s, err
		}
		joined, ok := Join(a, b)
		if !ok {
			return s, fmt.Errorf("%d: the branches end %s and %s", n.at, a, b)
		}
		s = joined
	}
	if m != nil {
		return s, fmt.Errorf("%d: %s", n.at+m.Offset, m.Message)
	}
	return s, nil
}

// rendering is one output of a toy: which branches are taken comes from choices,
// values from value, which gets the mode and the number of the output.
type rendering struct {
	choices *rand.Rand
	value   func(m Mode, k int) string
	outputs int
	passes  int // left, so that nested loops end soon
	tail    Tail
	out     []byte
}

// render renders the nodes behind the bytes of before. Equal seeds take equal
// branches.
func render(nodes []*toy, seed uint64, before string, value func(m Mode, k int) string) string {
	r := rendering{
		choices: rand.New(rand.NewPCG(seed, 1)), value: value, passes: 60,
		tail: NewTail(len(before)), out: []byte(before),
	}
	r.block(nodes)
	return string(r.out[len(before):])
}

func (r *rendering) block(nodes []*toy) {
	for _, n := range nodes {
		switch n.kind {
		case toyText:
			for _, p := range n.pieces {
				r.out = append(r.tail.Apply(p.Edit, r.out), p.Text...)
			}
		case toyOutput:
			text := r.value(n.mode, r.outputs)
			r.outputs++
			r.out = Append(r.tail.Apply(n.edit, r.out), text, n.mode)
		case toyIf:
			if r.choices.IntN(2) == 0 {
				r.block(n.body)
			} else {
				r.block(n.orElse)
			}
		case toyFor:
			for range r.choices.IntN(4) {
				if r.passes--; r.passes < 0 {
					break
				}
				r.block(n.body)
			}
		}
	}
}

// sourceOf returns the source of nodes.
func sourceOf(nodes []*toy) string {
	var b strings.Builder
	for _, n := range nodes {
		switch n.kind {
		case toyText:
			b.WriteString(n.text)
		case toyOutput:
			b.WriteString("${}")
		case toyFor:
			b.WriteString("@{for}" + sourceOf(n.body) + "@{end}")
		case toyIf:
			b.WriteString("@{if}" + sourceOf(n.body) + "@{else}" + sourceOf(n.orElse) + "@{end}")
		}
	}
	return b.String()
}
