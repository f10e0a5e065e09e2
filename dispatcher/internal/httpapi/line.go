package httpapi

import (
	"bytes"
	"encoding/json"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
)

// parseLine reads a line of a batch. It looks only as far into the data as it
// must to find its end: intake parses that, and encoding/json would read each
// byte three times here, half of what taking a call in costs.
func parseLine(text []byte) (intake.Request, error) {
	s := scanner{text: text}
	request, ok := s.envelope()
	if !ok {
		return intake.Request{}, errLine
	}
	if len(request.Data) > MaxBody {
		return intake.Request{}, &http.MaxBytesError{Limit: MaxBody}
	}
	return request, nil
}

// scanner goes over one line.
type scanner struct {
	text []byte
	pos  int
}

// envelope reads the whole line; false if it is not as errLine says.
func (s *scanner) envelope() (r intake.Request, ok bool) {
	if !s.take('{') {
		return r, false
	}
	for n := 0; !s.take('}'); n++ {
		if n > 0 && !s.take(',') {
			return r, false
		}
		name, ok := s.value()
		if !ok || !s.take(':') {
			return r, false
		}
		value, ok := s.value()
		if !ok || !member(&r, string(name), value) {
			return r, false
		}
	}
	s.space()
	return r, r.Data != nil && s.pos == len(s.text)
}

// member sets what a member of the line says; false for an unknown one, one
// that stands there twice, and a key that is no string.
func member(r *intake.Request, name string, value []byte) bool {
	switch name {
	case `"data"`:
		twice := r.Data != nil
		r.Data = value
		return !twice
	case `"idempotencyKey"`:
		twice := r.HasKey
		r.HasKey = true
		return !twice && value[0] == '"' && json.Unmarshal(value, &r.Key) == nil
	}
	return false
}

// space passes over white space.
func (s *scanner) space() {
	for s.pos < len(s.text) && (s.text[s.pos] == ' ' || s.text[s.pos] == '\t' || s.text[s.pos] == '\r' || s.text[s.pos] == '\n') {
		s.pos++
	}
}

// take consumes c if it comes next, after white space.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.pos < len(s.text) && s.text[s.pos] == c {
		s.pos++
		return true
	}
	return false
}

// value passes over what is a JSON value if it is one at all, and returns it.
func (s *scanner) value() ([]byte, bool) {
	s.space()
	start := s.pos
	for depth := 0; s.pos < len(s.text); {
		c := s.text[s.pos]
		switch {
		case c == '"':
			if !s.string() {
				return nil, false
			}
		case c == '{' || c == '[':
			depth++
			s.pos++
		case (c == '}' || c == ']') && depth > 0:
			depth--
			s.pos++
		case depth == 0: // a number or a word
			s.pos += len(s.text[s.pos:]) - len(bytes.TrimLeft(s.text[s.pos:], "+-.0123456789abcdefghijklmnopqrstuvwxyzE"))
			return s.text[start:s.pos], s.pos > start
		default:
			s.pos++
			continue
		}
		if depth == 0 {
			return s.text[start:s.pos], true
		}
	}
	return nil, false
}

// string passes over a string.
func (s *scanner) string() bool {
	for s.pos++; s.pos < len(s.text); s.pos++ {
		switch s.text[s.pos] {
		case '"':
			s.pos++
			return true
		case '\\':
			s.pos++
		}
	}
	return false
}
