package escape

// Edit is a change of the output so far that depends on what was written, so on
// the branches that were taken. The zero Edit changes nothing.
type Edit uint8

const (
	// NoEdit changes nothing.
	NoEdit Edit = iota
	// WriteComma appends a comma if the last thing of the container that stands
	// open is a value: not if it is a comma or if the container is empty.
	WriteComma
	// DropComma takes the last comma out if nothing but white space follows it.
	DropComma
	// SplitCDATA ends the CDATA section and begins another if the output ends
	// with ]], so that a > may follow.
	SplitCDATA
)

const cdataSplit = "]]><![CDATA["

// Tail carries out the edits of one output. It remembers where it looked, so that
// all edits together look at each byte once. The zero Tail is for an output that
// begins its buffer.
type Tail struct {
	start int // where the output begins in its buffer
	seen  int // how much of the buffer was looked at
	after int // behind the last byte of that which is not white space
}

// NewTail returns the Tail of an output that begins at byte start of its buffer.
func NewTail(start int) Tail { return Tail{start: start, seen: start, after: start} }

// Apply carries out an edit on out, the buffer with all of the output so far, and
// returns the changed buffer. Between two calls the output may only grow.
func (t *Tail) Apply(e Edit, out []byte) []byte {
	switch e {
	case WriteComma:
		if c := t.lastByte(out); c != 0 && c != ',' && c != '[' && c != '{' {
			out = append(out, ',')
		}
	case DropComma:
		if t.lastByte(out) == ',' {
			out = append(out[:t.after-1], out[t.after:]...)
			t.seen, t.after = t.start, t.start
		}
	case SplitCDATA:
		if endsWithBrackets(out) {
			out = append(out, cdataSplit...)
		}
	}
	return out
}

// lastByte returns the last byte of the output that is not white space, 0 if
// there is none.
func (t *Tail) lastByte(out []byte) byte {
	for i := len(out) - 1; i >= t.seen; i-- {
		if !isSpace(out[i]) {
			t.after = i + 1
			break
		}
	}
	t.seen = len(out)
	if t.after == t.start {
		return 0
	}
	return out[t.after-1]
}

// endsWithBrackets reports whether a > would end the CDATA section that out ends
// in.
func endsWithBrackets(out []byte) bool {
	n := len(out)
	return n >= 2 && out[n-1] == ']' && out[n-2] == ']'
}

// isSpace reports white space of JSON and XML, which agree on it.
func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

// pieces collects what to write for one static text.
type pieces struct {
	text string
	from int // text before it is in list
	edit Edit
	list []Piece
}

// cut ends a piece before byte i; the next begins with the edit and without the
// first skip bytes.
func (p *pieces) cut(i, skip int, edit Edit) {
	if p.edit != NoEdit || i > p.from {
		p.list = append(p.list, Piece{Edit: p.edit, Text: p.text[p.from:i]})
	}
	p.from, p.edit = i+skip, edit
}

// replace writes another text for the skip bytes at i.
func (p *pieces) replace(i, skip int, text string) {
	p.cut(i, skip, NoEdit)
	p.list = append(p.list, Piece{Text: text})
}

// all returns the pieces of the whole text.
func (p *pieces) all() []Piece {
	p.cut(len(p.text), 0, NoEdit)
	return p.list
}
