package template

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decoder reads one JSON text. Strings without escapes and numbers are pieces
// of it: encoding/json would copy each, and take a repeated name silently.
type decoder struct {
	text string
	pos  int
	// sizes are how many members or elements the objects and arrays have, in the
	// order in which they begin; the others are room for all of them.
	sizes   []int32
	objects []object
	names   []string
	values  []value
}

// fail returns an error at the current position.
func (d *decoder) fail(message string) error { return d.failAs(KindData, message) }

func (d *decoder) failAs(kind Kind, message string) error {
	line, column := position(d.text, d.pos)
	return &Error{Kind: kind, Name: "data", Message: message, Line: line, Column: column}
}

// syntax returns the error for whatever stands at the current position.
func (d *decoder) syntax() error {
	if d.pos >= len(d.text) {
		return d.fail("the data ends in the middle of the JSON object")
	}
	return d.fail("the data is not valid JSON here")
}

// peek skips white space and returns the next byte, 0 at the end. A NUL in the
// text is as wrong as the end everywhere.
func (d *decoder) peek() byte {
	for ; d.pos < len(d.text); d.pos++ {
		if c := d.text[d.pos]; !isSpace(c) {
			return c
		}
	}
	return 0
}

// take consumes c if it comes next, after white space.
func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.pos++
	return true
}

// document reads the whole text: one object.
func (d *decoder) document() (*object, error) {
	if d.peek() != '{' {
		return nil, d.fail("the data must be a JSON object")
	}
	v, err := d.value(1)
	if err != nil {
		return nil, err
	}
	if d.peek(); d.pos < len(d.text) {
		return nil, d.fail("the data goes on after the JSON object")
	}
	return v.object, nil
}

// value reads any value. The depth is what it is if the value is an object or
// array.
func (d *decoder) value(depth int) (value, error) {
	switch c := d.peek(); {
	case c == '{' || c == '[':
		if depth > MaxNesting {
			return value{}, d.failAs(KindLimit, "the data is nested deeper than 64 objects and arrays")
		}
		if c == '[' {
			return d.array(depth)
		}
		return d.object(depth)
	case c == '"':
		text, err := d.string()
		return value{kind: textValue, text: text}, err
	case c == '-' || isDigit(c):
		return d.number()
	case c == 't':
		return d.word("true", boolOf(true))
	case c == 'f':
		return d.word("false", boolOf(false))
	case c == 'n':
		return d.word("null", value{kind: nullValue})
	}
	return value{}, d.syntax()
}

// word reads one of the three literal names.
func (d *decoder) word(word string, v value) (value, error) {
	for i := range len(word) {
		if d.pos == len(d.text) || d.text[d.pos] != word[i] {
			return value{}, d.syntax()
		}
		d.pos++
	}
	return v, nil
}

func (d *decoder) object(depth int) (value, error) {
	d.pos++ // {
	o := d.newObject(true)
	for !d.take('}') {
		if len(o.names) > 0 && !d.take(',') || d.peek() != '"' {
			return value{}, d.syntax()
		}
		at := d.pos
		name, err := d.string()
		if err != nil {
			return value{}, err
		}
		if !d.take(':') {
			return value{}, d.syntax()
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return value{}, err
		}
		if !o.add(name, v) {
			d.pos = at
			return value{}, d.fail("the data holds this name twice in one object; names may not differ only in case")
		}
	}
	return value{kind: objectValue, object: o}, nil
}

// array reads an array.
func (d *decoder) array(depth int) (value, error) {
	d.pos++ // [
	o := d.newObject(false)
	for !d.take(']') {
		if len(o.values) > 0 && !d.take(',') {
			return value{}, d.syntax()
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return value{}, err
		}
		o.values = append(o.values, v)
	}
	return value{kind: arrayValue, object: o}, nil
}

// number reads a number and keeps its text.
func (d *decoder) number() (value, error) {
	start := d.pos
	if d.text[d.pos] == '-' {
		d.pos++
	}
	whole := d.pos
	if !d.digits() {
		return value{}, d.syntax()
	}
	if d.text[whole] == '0' && d.pos > whole+1 {
		d.pos = whole + 1
		return value{}, d.syntax()
	}
	if d.at('.', '.') {
		d.pos++
		if !d.digits() {
			return value{}, d.syntax()
		}
	}
	if d.at('e', 'E') {
		d.pos++
		if d.at('+', '-') {
			d.pos++
		}
		if !d.digits() {
			return value{}, d.syntax()
		}
	}
	return value{kind: numberValue, text: d.text[start:d.pos]}, nil
}

// at reports whether one of two bytes comes next.
func (d *decoder) at(one, other byte) bool {
	return d.pos < len(d.text) && (d.text[d.pos] == one || d.text[d.pos] == other)
}

// digits consumes digits; it reports whether there were any.
func (d *decoder) digits() bool {
	start := d.pos
	d.pos = digitsEnd(d.text, d.pos)
	return d.pos > start
}

// string reads a string. The common one, without escapes, is not copied.
func (d *decoder) string() (string, error) {
	d.pos++ // the quote
	start := d.pos
	for d.pos < len(d.text) {
		switch c := d.text[d.pos]; {
		case c == '"':
			d.pos++
			return d.text[start : d.pos-1], nil
		case c == '\\':
			return d.escaped(start)
		case c < ' ':
			return "", d.fail("the data has a control character in a string")
		}
		d.pos++
	}
	return "", d.syntax()
}

// escaped reads a string on from its first escape.
func (d *decoder) escaped(start int) (string, error) {
	text := []byte(d.text[start:d.pos])
	for d.pos < len(d.text) {
		c := d.text[d.pos]
		switch {
		case c == '"':
			d.pos++
			return string(text), nil
		case c < ' ':
			return "", d.fail("the data has a control character in a string")
		case c != '\\':
			text = append(text, c)
			d.pos++
			continue
		}
		r, ok := d.escape()
		if !ok {
			return "", d.syntax()
		}
		text = utf8.AppendRune(text, r)
	}
	return "", d.syntax()
}

// escape reads one escape sequence. Half a surrogate pair is U+FFFD.
func (d *decoder) escape() (rune, bool) {
	d.pos++ // the backslash
	if d.pos == len(d.text) {
		return 0, false
	}
	c := d.text[d.pos]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		d.pos++
		return rune("\"\\/\b\f\n\r\t"[i]), true
	}
	if c != 'u' {
		return 0, false
	}
	d.pos++
	r, ok := d.hex()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if after := d.pos; strings.HasPrefix(d.text[after:], `\u`) {
		d.pos += 2
		low, ok := d.hex()
		if !ok {
			return 0, false
		}
		if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
			return pair, true
		}
		d.pos = after // the second is read again, for itself
	}
	return utf8.RuneError, true
}

// hex reads the four digits of a \u escape.
func (d *decoder) hex() (rune, bool) {
	var r rune
	for range 4 {
		if d.pos == len(d.text) {
			return 0, false
		}
		digit := strings.IndexByte("0123456789abcdef", d.text[d.pos]|0x20)
		if c := d.text[d.pos]; digit < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(digit)
		d.pos++
	}
	return r, true
}
