package escape

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonText follows static text of a JSON text.
func (s State) jsonText(text string) (State, []Piece, *Mistake) {
	j, p := s.json, pieces{text: text}
	for i := 0; i < len(text); {
		var n int // bytes that were taken, or were fine before a mistake
		var message string
		switch {
		case j.place == jsonString:
			n, message = j.inString(text[i:])
		case j.place == jsonEscape || j.place == jsonHex:
			n, message = j.inEscape(text[i])
		case j.place == jsonWord:
			n, message = j.inWord(text[i])
		case j.inNumber():
			n, message = j.inDigits(text[i])
		case isSpace(text[i]):
			n = 1
		default:
			n, message = j.structure(text[i:], i, &p)
		}
		i += n
		if message != "" {
			return s, nil, &Mistake{Offset: i, Message: message}
		}
	}
	s.json = j
	return s, p.all(), nil
}

// inString takes the text of a string up to an escape or its end.
func (s *jsonState) inString(text string) (n int, message string) {
	for n < len(text) {
		switch c := text[n]; {
		case c == '"':
			name := s.name
			if s.value(); name {
				s.place, s.before = jsonColon, 0
			}
			return n + 1, ""
		case c == '\\':
			s.place = jsonEscape
			return n + 1, ""
		case c < ' ':
			return n, "a string has no control characters and line breaks; write them as \\n, \\t or \\u and four digits"
		case c < utf8.RuneSelf:
			n++
		default:
			r, size := utf8.DecodeRuneInString(text[n:])
			if r == utf8.RuneError && size == 1 {
				return n, "the text is not valid UTF-8"
			}
			n += size
		}
	}
	return n, ""
}

// inEscape takes the next byte of an escape sequence.
func (s *jsonState) inEscape(c byte) (n int, message string) {
	switch {
	case s.place == jsonHex && isHex(c):
		if s.step--; s.step == 0 {
			s.place = jsonString
		}
	case s.place == jsonEscape && c == 'u':
		s.place, s.step = jsonHex, 4
	case s.place == jsonEscape && strings.IndexByte(`"\/bfnrt`, c) >= 0:
		s.place = jsonString
	default:
		return 0, "this is no escape sequence of JSON; write a plain backslash as \\\\"
	}
	return 1, ""
}

// jsonWords are the words by their first letter.
var jsonWords = [...]string{'f': "false", 'n': "null", 't': "true"}

// inWord takes the next byte of true, false or null.
func (s *jsonState) inWord(c byte) (n int, message string) {
	word := jsonWords[s.word]
	if c != word[s.step] {
		return 0, "only true, false and null may stand without quotes"
	}
	if s.step++; int(s.step) == len(word) {
		s.value()
	}
	return 1, ""
}

// inDigits takes the next byte of a number, or none if the number ends before it.
func (s *jsonState) inDigits(c byte) (n int, message string) {
	if next := numberStep(s.place, c); next != jsonItem {
		s.place = next
		return 1, ""
	}
	ended := s.settled()
	switch c {
	case ' ', '\n', '\t', '\r', ',', ']', '}':
		if ended.place == jsonItem {
			*s = ended
			return 0, ""
		}
	}
	return 0, s.unexpected(c)
}

// numberStep returns the place behind c inside a number, jsonItem if the number
// cannot go on with it.
func numberStep(p jsonPlace, c byte) jsonPlace {
	digit := '0' <= c && c <= '9'
	switch {
	case p == jsonMinus && c == '0':
		return jsonZero
	case digit && (p == jsonMinus || p == jsonWhole):
		return jsonWhole
	case c == '.' && (p == jsonZero || p == jsonWhole):
		return jsonPoint
	case digit && (p == jsonPoint || p == jsonDigits):
		return jsonDigits
	case c|0x20 == 'e' && (p == jsonZero || p == jsonWhole || p == jsonDigits):
		return jsonE
	case (c == '+' || c == '-') && p == jsonE:
		return jsonSign
	case digit && (p == jsonE || p == jsonSign || p == jsonPower):
		return jsonPower
	}
	return jsonItem
}

// structure takes what begins with the first byte of text, which is not white
// space, between strings, words and numbers. It stands at i of what p writes.
func (s *jsonState) structure(text string, i int, p *pieces) (n int, message string) {
	c := text[0]
	switch {
	case s.place == jsonColon && c == ':':
		s.place = jsonMember
		return 1, ""
	case s.place == jsonColon:
		return 0, s.unexpected(c)
	case s.place == jsonMember:
		return s.begin(c)
	case c == ',':
		return s.comma(i, p)
	case c == ']' || c == '}':
		return s.close(c, i, p)
	case s.inObject() && c != '"' || !beginsValue(c):
		return 0, s.unexpected(c)
	}
	edit, message := s.item()
	if message != "" {
		return 0, message
	}
	if edit != NoEdit {
		p.cut(i, 0, edit)
	}
	if s.inObject() {
		s.place, s.before, s.name = jsonString, 0, true
		return 1, ""
	}
	return s.begin(c)
}

func beginsValue(c byte) bool {
	return c == '{' || c == '[' || c == '"' || c == '-' || '0' <= c && c <= '9' || c == 't' || c == 'f' || c == 'n'
}

// begin takes the first byte of a value.
func (s *jsonState) begin(c byte) (n int, message string) {
	switch {
	case (c == '{' || c == '[') && s.depth == MaxNesting:
		return 0, "objects and arrays are nested deeper than " + strconv.Itoa(MaxNesting) + " levels"
	case c == '{' || c == '[':
		s.depth++
		s.place, s.before = jsonItem, afterOpening
		if c == '{' {
			s.objects |= s.level()
		}
		return 1, ""
	case c == '"':
		s.place = jsonString
	case c == '-':
		s.place = jsonMinus
	case '0' <= c && c <= '9':
		s.place = numberStep(jsonMinus, c)
	case beginsValue(c):
		s.place, s.word, s.step = jsonWord, c, 1
	default:
		return 0, s.unexpected(c)
	}
	s.before = 0
	return 1, ""
}

// comma takes a comma between values.
func (s *jsonState) comma(i int, p *pieces) (n int, message string) {
	if s.depth == 0 || !s.before.has(afterValue|inLoop) {
		return 0, s.unexpected(',')
	}
	if s.before != afterValue {
		p.cut(i, 1, WriteComma)
	}
	s.before = afterComma | straight
	return 1, ""
}

// close takes the bracket that ends a container.
func (s *jsonState) close(c byte, i int, p *pieces) (n int, message string) {
	switch {
	case s.depth == 0 || s.inObject() != (c == '}'):
		return 0, s.unexpected(c)
	case s.before.has(straight):
		return 0, "a comma stands before this; JSON has none after the last value"
	case s.before.has(afterComma | inLoop):
		p.cut(i, 0, DropComma)
	}
	s.objects &^= s.level()
	s.bare &^= s.level()
	s.depth--
	s.value()
	return 1, ""
}

// unexpected returns the message for a byte that cannot stand at s.
func (s *jsonState) unexpected(c byte) string {
	what := "this character"
	if ' ' < c && c < utf8.RuneSelf {
		what = string([]byte{'"', c, '"'})
		if c == '"' {
			what = "a quote"
		}
	}
	return what + " cannot stand " + s.where()
}
