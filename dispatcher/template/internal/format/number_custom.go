package format

import (
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
)

// appendCustom appends a number in a custom format. The format has up to three
// sections, for positive and negative numbers and for zero; where one is empty
// or missing the first is used.
func appendCustom(dst []byte, d decimal.Decimal, format string, c *Culture) ([]byte, error) {
	var buffer [40]byte
	n := read(d, buffer[:0])
	index := 0
	switch {
	case len(n.digits) == 0:
		index, n.point = 2, 0
	case n.negative:
		index = 1
	}
	text, own := findSection(format, index)
	s := parseSection(text)
	if len(n.digits) > 0 {
		if n.tooLong() && !s.scientific {
			return dst, errExponent
		}
		n.point += s.scale
		n = n.round(s.keeps(n.point))
		if len(n.digits) == 0 { // what is rounded to zero is formatted as zero
			text, _ = findSection(format, 2)
			s = parseSection(text)
		}
	}
	w := newSectionWriter(dst, s, n, c)
	return w.append(n.negative && !own), nil
}

// findSection returns the section of that index, from 0, and whatever follows
// it, and whether it is not the first one.
func findSection(format string, index int) (text string, own bool) {
	rest := format
	for i := 1; i <= index; i++ {
		length := sectionLength(rest)
		if length == len(rest) {
			break
		}
		rest = rest[length+1:]
		if i == index && rest != "" && rest[0] != ';' {
			return rest, true
		}
	}
	return format, false
}

// sectionLength returns the length of the format up to its next semicolon.
func sectionLength(format string) int {
	for i := 0; i < len(format); {
		kind, end := customToken(format, i)
		if kind == literal && format[i] == ';' {
			return i
		}
		i = end
	}
	return len(format)
}

// The tokens of a custom format that are not the character that they are
// written with.
const (
	literal  = 'x' // one byte to be copied
	quoted   = '"'
	escaped  = '\\'
	exponent = 'E' // as in E+00
	thousand = 'm' // ‰
)

// customToken returns the kind of the token at i, and where it ends.
func customToken(format string, i int) (kind byte, end int) {
	switch c := format[i]; c {
	case '0', '#', '.', ',', '%':
		return c, i + 1
	case '\'', '"':
		if length := strings.IndexByte(format[i+1:], c); length >= 0 {
			return quoted, i + 1 + length + 1
		}
		return quoted, len(format)
	case '\\':
		return escaped, min(i+2, len(format))
	case 'E', 'e':
		digits := strings.TrimLeft(format[i+1:], "0")
		if digits != format[i+1:] {
			return exponent, len(format) - len(digits)
		}
		if digits != "" && (digits[0] == '+' || digits[0] == '-') {
			if zeros := strings.TrimLeft(digits[1:], "0"); zeros != digits[1:] {
				return exponent, len(format) - len(zeros)
			}
		}
	case perMille[0]:
		if strings.HasPrefix(format[i:], perMille) {
			return thousand, i + len(perMille)
		}
	}
	return literal, i + 1
}

// section is what the placeholders of one section say.
type section struct {
	text       string
	digits     int // digit placeholders
	point      int // those of them before the point
	firstZero  int // those before the point from the first 0 on
	lastZero   int // those after the point up to the last 0
	grouped    bool
	scale      int // power of ten that the number is multiplied with
	scientific bool
}

// parseSection reads the section that the text starts with.
func parseSection(text string) section {
	s := section{text: text[:sectionLength(text)], point: -1}
	first, last := -1, 0
	comma, commas := -1, 0 // digits before the last commas, and their number
	for i := 0; i < len(s.text); {
		kind, end := customToken(s.text, i)
		i = end
		switch kind {
		case '0':
			if first < 0 {
				first = s.digits
			}
			s.digits++
			last = s.digits
		case '#':
			s.digits++
		case '.':
			if s.point < 0 {
				s.point = s.digits
			}
		case ',':
			switch {
			case s.digits == 0 || s.point >= 0:
			case comma == s.digits:
				commas++
			default:
				s.grouped = comma >= 0
				comma, commas = s.digits, 1
			}
		case '%':
			s.scale += 2
		case thousand:
			s.scale += 3
		case exponent:
			s.scientific = true
		}
	}
	s.finish(first, last, comma, commas)
	return s
}

// finish completes a section whose tokens are read.
func (s *section) finish(first, last, comma, commas int) {
	if s.point < 0 {
		s.point = s.digits
	}
	switch comma {
	case -1:
	case s.point: // directly before the point
		s.scale -= 3 * commas
	default:
		s.grouped = true
	}
	if first >= 0 {
		s.firstZero = max(s.point-first, 0)
	}
	s.lastZero = max(last-s.point, 0)
}

// keeps returns how many digits of a number are kept.
func (s *section) keeps(point int) int {
	if s.scientific {
		return s.digits
	}
	return point + s.digits - s.point
}

// sectionWriter writes a number into the placeholders of a section.
type sectionWriter struct {
	section
	number  digits
	culture *Culture
	dst     []byte

	next     int // index of the next digit of the number
	place    int // of the next placeholder: 1 is the last before the point
	surplus  int // digits before the point that have no placeholder; negative: the reverse
	pointed  bool
	exponent bool // is written
}

func newSectionWriter(dst []byte, s section, n digits, c *Culture) sectionWriter {
	w := sectionWriter{section: s, number: n, culture: c, dst: dst, place: s.point}
	if !s.scientific {
		w.place = max(n.point, s.point)
		w.surplus = n.point - s.point
	}
	return w
}

// append writes the section. Without its sign a number that has nothing before
// its point must come out as more than nothing, to get the sign.
func (w *sectionWriter) append(sign bool) []byte {
	start := len(w.dst)
	for i := 0; i < len(w.text); {
		kind, end := customToken(w.text, i)
		w.token(kind, w.text[i:end])
		i = end
	}
	if sign && (w.number.point != 0 || len(w.dst) > start) {
		w.dst = slices.Insert(w.dst, start, negativeSign[0])
	}
	return w.dst
}

func (w *sectionWriter) token(kind byte, text string) {
	switch kind {
	case '0', '#':
		w.flush()
		w.placeholder()
	case '.':
		w.flush()
		w.point()
	case ',':
	case '%':
		w.dst = append(w.dst, percentSymbol...)
	case quoted:
		w.dst = append(w.dst, strings.Trim(text, text[:1])...)
	case escaped:
		w.dst = append(w.dst, text[1:]...)
	case exponent:
		w.appendExponent(text)
	default:
		w.dst = append(w.dst, text...)
	}
}

// flush writes the digits that come before the first placeholder's.
func (w *sectionWriter) flush() {
	for ; w.surplus > 0; w.surplus-- {
		w.digit(w.number.at(w.next))
		w.next++
		w.place--
	}
}

func (w *sectionWriter) placeholder() {
	switch {
	case w.surplus < 0:
		w.surplus++
		if w.place <= w.firstZero {
			w.digit('0')
		}
	case w.next < len(w.number.digits) || w.place > -w.lastZero:
		w.digit(w.number.at(w.next))
		w.next++
	}
	w.place--
}

// digit writes a digit, and the separator of groups behind it.
func (w *sectionWriter) digit(c byte) {
	w.dst = append(w.dst, c)
	if w.grouped && w.place > 1 && (w.place-1)%groupSize == 0 {
		w.dst = append(w.dst, w.culture.group...)
	}
}

// point writes the point if anything comes behind it.
func (w *sectionWriter) point() {
	if w.place != 0 || w.pointed {
		return
	}
	if w.lastZero > 0 || w.section.point < w.digits && w.next < len(w.number.digits) {
		w.dst = append(w.dst, w.culture.decimal...)
		w.pointed = true
	}
}

// maxExponentZeros is how many zeros of an exponent in a format have an effect.
const maxExponentZeros = 10

// appendExponent writes the exponent at its first token, and other ones as text.
func (w *sectionWriter) appendExponent(text string) {
	if w.exponent {
		w.dst = append(w.dst, text...)
		return
	}
	w.exponent = true
	value := 0
	if len(w.number.digits) > 0 {
		value = w.number.point - w.section.point
	}
	zeros := strings.Count(text, "0")
	w.dst = appendExponent(w.dst, text[0], value, min(zeros, maxExponentZeros), text[1] == '+')
}
