package redact

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// encoding is an encoding that can be undone bit by bit.
type encoding struct {
	mark byte // with which each of its escapes begins
	// unescape reads the escape that src begins with: what it stands for, and how
	// many bytes it takes. width is 0 if it is none, and negative if it might be one
	// if src were longer.
	unescape func(src []byte) (text [utf8.UTFMax]byte, n, width int)
	plus     bool // + is a space
}

// encodings are tried in turn.
var encodings = []*encoding{
	{mark: '%', unescape: unescapePercent, plus: true},
	{mark: '\\', unescape: unescapeJSON},
}

// mayHide reports whether text may be encoded so. A + alone hides nothing but
// spaces.
func (m *Masker) mayHide(e *encoding, text []byte) bool {
	if bytes.IndexByte(text, e.mark) >= 0 {
		return true
	}
	if !e.plus {
		return false
	}
	for _, s := range m.sets {
		if s.spaces {
			return bytes.IndexByte(text, '+') >= 0
		}
	}
	return false
}

// decode appends to view what text is when the encoding is undone. What is no
// escape stands for itself. An escape that is cut off at the end of text is left
// out. changed is false if view is text.
//
// Where + is a space every + becomes one, an escaped one, too, here and in the layers
// below (fold), as it does in the patterns: those who leave a + as it is and mean it
// cannot be told from others.
func (e *encoding) decode(view, text []byte, cut, fold bool) (_ []byte, changed bool) {
	for {
		plain := bytes.IndexByte(text, e.mark)
		if plain < 0 {
			view, more := e.copy(view, text)
			return view, changed || more
		}
		var more bool
		view, more = e.copy(view, text[:plain])
		changed = changed || more
		text = text[plain:]
		escaped, n, width := e.unescape(text)
		switch {
		case width > 0:
			if fold && escaped[0] == '+' {
				escaped[0] = ' '
			}
			view, text, changed = append(view, escaped[:n]...), text[width:], true
		case width < 0 && cut:
			return view, true
		default:
			view, text = append(view, e.mark), text[1:]
		}
	}
}

// copy appends text without escapes.
func (e *encoding) copy(view, text []byte) (_ []byte, changed bool) {
	from := len(view)
	view = append(view, text...)
	if !e.plus {
		return view, false
	}
	for rest := view[from:]; ; {
		i := bytes.IndexByte(rest, '+')
		if i < 0 {
			return view, changed
		}
		rest[i], changed = ' ', true
		rest = rest[i+1:]
	}
}

// locate appends to spans where found, which is of the view of text, is in text.
func (e *encoding) locate(spans []Span, text []byte, found []Span, cut bool) []Span {
	at, seen := 0, 0 // in text and in the view
	for _, f := range found {
		var s Span
		at, seen = e.seek(text, at, seen, f.Start)
		s.Start = at
		at, seen = e.seek(text, at, seen, f.End-1)
		next, _ := e.step(text, at)
		s.End = next
		if cut && e.cutOff(text[next:]) {
			s.End = len(text)
		}
		spans = append(spans, s)
	}
	return spans
}

// seek goes on from a place in text, which is seen in its view, to the one that
// target is made of.
func (e *encoding) seek(text []byte, at, seen, target int) (int, int) {
	for {
		next, n := e.step(text, at)
		if seen+n > target {
			return at, seen
		}
		at, seen = next, seen+n
	}
}

// step returns what follows the byte or escape at a place in text, and how many
// bytes of the view it makes.
func (e *encoding) step(text []byte, at int) (next, n int) {
	if text[at] == e.mark {
		if _, n, width := e.unescape(text[at:]); width > 0 {
			return at + width, n
		}
	}
	return at + 1, 1
}

// cutOff reports whether text is an escape that is cut off.
func (e *encoding) cutOff(text []byte) bool {
	if len(text) == 0 || text[0] != e.mark {
		return false
	}
	_, _, width := e.unescape(text)
	return width < 0
}

// unescapePercent reads %XX.
func unescapePercent(src []byte) (text [utf8.UTFMax]byte, n, width int) {
	code, digits := hex(src[1:min(3, len(src))])
	switch {
	case digits == 2:
		text[0] = byte(code)
		return text, 1, 3
	case 1+digits == len(src):
		return text, 0, -1
	}
	return text, 0, 0
}

// shortEscapes are what the escapes of JSON with one letter stand for.
var shortEscapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescapeJSON reads \n and the like, \uXXXX, or two of these that are one
// character together. A half of such a pair alone is no escape.
func unescapeJSON(src []byte) (text [utf8.UTFMax]byte, n, width int) {
	switch {
	case len(src) == 1:
		return text, 0, -1
	case shortEscapes[src[1]] != 0:
		text[0] = shortEscapes[src[1]]
		return text, 1, 2
	}
	first, width := unescapeUnit(src)
	if width <= 0 || !utf16.IsSurrogate(first) {
		return text, utf8.EncodeRune(text[:], first), width
	}
	second, width := unescapeUnit(src[6:])
	if width <= 0 {
		return text, 0, width
	}
	r := utf16.DecodeRune(first, second)
	if r == utf8.RuneError {
		return text, 0, 0
	}
	return text, utf8.EncodeRune(text[:], r), 12
}

// unescapeUnit reads \uXXXX.
func unescapeUnit(src []byte) (unit rune, width int) {
	if begins := `\u`[:min(2, len(src))]; string(src[:len(begins)]) != begins {
		return 0, 0
	}
	if len(src) < 2 {
		return 0, -1
	}
	code, digits := hex(src[2:min(6, len(src))])
	switch {
	case digits == 4:
		return code, 6
	case 2+digits == len(src):
		return 0, -1
	}
	return 0, 0
}

// hex reads hexadecimal digits in either case, up to the first that is none.
func hex(src []byte) (code rune, digits int) {
	for _, c := range src {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return code, digits
		}
		code, digits = code<<4|rune(c), digits+1
	}
	return code, digits
}
