package escape

import "strings"

// percentText follows text of a URL or form: every % must begin an escape.
func (s State) percentText(text string) (State, *Mistake) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case s.digits > 0 && !isHex(c):
			return s, &Mistake{Offset: i, Message: "a % must be followed by two hexadecimal digits; write % as %25"}
		case s.digits > 0:
			s.digits--
		case c == '%':
			s.digits = 2
		default:
			next := strings.IndexByte(text[i:], '%')
			if next < 0 {
				return s, nil
			}
			i += next - 1
		}
	}
	return s, nil
}

// percentOutput returns what is wrong with an output at s.
func (s State) percentOutput() *Mistake {
	if s.digits == 0 {
		return nil
	}
	return &Mistake{Message: "an output cannot stand inside a percent escape; " +
		"values are percent-encoded as they are written, and a plain % is %25"}
}

// headerText follows text of a header's value.
func (s State) headerText(text string) (State, *Mistake) {
	if i := strings.IndexAny(text, "\r\n\x00"); i >= 0 {
		return s, &Mistake{Offset: i, Message: "a header value is one line; take the line break or NUL out"}
	}
	return s, nil
}

// HasLineBreak reports whether a text has what no header value may have: CR, LF
// or NUL.
func HasLineBreak(text string) bool { return strings.ContainsAny(text, "\r\n\x00") }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}
