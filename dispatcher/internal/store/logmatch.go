package store

import (
	"bytes"
	"unicode"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// RequestBody is the call's body as it is shown: without its private parts.
func (r *LogRow) RequestBody() []byte {
	if !r.searched() {
		return nil
	}
	if len(r.Attempt.RequestBodyMask) == 0 {
		return r.Call.Body
	}
	return r.appendBody(nil)
}

// searched reports whether the body was searched for private values. It was not where
// nothing was sent, nor where it is not known what was.
func (r *LogRow) searched() bool {
	return r.Attempt.Number > 0 && r.Attempt.Reason != plan.ReasonCrash
}

// appendBody appends the call's body as it is shown.
func (r *LogRow) appendBody(dst []byte) []byte {
	begin, at := len(dst), 0
	for _, s := range r.Attempt.RequestBodyMask {
		if s.Start < at || s.End < s.Start || s.End > len(r.Call.Body) {
			return append(dst[:begin], plan.Redacted...) // the row does not fit the call
		}
		dst = append(append(dst, r.Call.Body[at:s.Start]...), plan.Redacted...)
		at = s.End
	}
	return append(dst, r.Call.Body[at:]...)
}

// search looks for a text in rows, in any case of letters, without a copy of what it
// looks through.
type search struct {
	text   []byte
	begins [256]bool // what the first letter can begin with, in any case
	shown  []byte    // a body with masks, of the last row
}

// newSearch makes a search; nil for no text.
func newSearch(text string) *search {
	if text == "" {
		return nil
	}
	s := &search{text: []byte(text)}
	first, size := utf8.DecodeRune(s.text)
	s.begins[text[0]] = true
	if first == utf8.RuneError && size <= 1 {
		return s
	}
	var letter [utf8.UTFMax]byte
	for r := unicode.SimpleFold(first); r != first; r = unicode.SimpleFold(r) {
		utf8.EncodeRune(letter[:], r)
		s.begins[letter[0]] = true
	}
	return s
}

// in reports whether the text is in what is shown of a row. It may be called on nil.
func (s *search) in(row *LogRow) bool {
	if s == nil {
		return true
	}
	if s.find([]byte(row.Attempt.URL)) || s.find(row.Attempt.ResponseBody) {
		return true
	}
	if !row.searched() {
		return false
	}
	if len(row.Attempt.RequestBodyMask) == 0 {
		return s.find(row.Call.Body)
	}
	s.shown = row.appendBody(s.shown[:0])
	return s.find(s.shown)
}

// find reports whether the text is in another.
func (s *search) find(in []byte) bool {
	for i, c := range in {
		if s.begins[c] && hasFoldPrefix(in[i:], s.text) {
			return true
		}
	}
	return false
}

// hasFoldPrefix reports whether a text begins with another, in any case of letters.
// Bytes that are no UTF-8 are equal to themselves.
func hasFoldPrefix(text, prefix []byte) bool {
	for len(prefix) > 0 {
		if len(text) == 0 {
			return false
		}
		if a, b := text[0], prefix[0]; a < utf8.RuneSelf && b < utf8.RuneSelf {
			if a != b && lower(a) != lower(b) {
				return false
			}
			text, prefix = text[1:], prefix[1:]
			continue
		}
		a, n := utf8.DecodeRune(text)
		b, m := utf8.DecodeRune(prefix)
		if !sameLetter(a, b) || a == utf8.RuneError && !bytes.Equal(text[:n], prefix[:m]) {
			return false
		}
		text, prefix = text[n:], prefix[m:]
	}
	return true
}

// lower is an ASCII letter in lower case.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// sameLetter reports whether two letters are one, but for their case.
func sameLetter(a, b rune) bool {
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return a == b
}
