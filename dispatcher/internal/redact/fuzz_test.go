package redact

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// escape writes a text in one layer, each character in a way that chance picks.
type escape func(r *rand.Rand, text string) string

// percent percent-encodes what has to be and some of the rest.
func percent(r *rand.Rand, text string) string {
	var b strings.Builder
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		plain := text[0] != '%' && text[0] != '+' && r.IntN(2) == 0
		switch {
		case text[0] == ' ' && r.IntN(2) == 0:
			b.WriteByte('+')
		case plain:
			b.WriteString(text[:size])
		default:
			for _, c := range []byte(text[:size]) {
				fmt.Fprintf(&b, []string{"%%%02x", "%%%02X"}[r.IntN(2)], c)
			}
		}
		text = text[size:]
	}
	return b.String()
}

// inJSON escapes what has to be and some of the rest.
func inJSON(r *rand.Rand, text string) string {
	var b strings.Builder
	for _, c := range text {
		short := strings.IndexRune("\"\\/\b\f\n\r\t", c)
		units := []rune{c}
		if c > 0xffff {
			units = []rune{0xd800 + (c-0x10000)>>10, 0xdc00 + (c-0x10000)&0x3ff}
		}
		switch {
		case short >= 0 && r.IntN(2) == 0:
			b.WriteString(`\` + `"\/bfnrt`[short:short+1])
		case c >= ' ' && c != '"' && c != '\\' && r.IntN(2) == 0:
			b.WriteRune(c)
		default:
			for _, unit := range units {
				fmt.Fprintf(&b, []string{`\u%04x`, `\u%04X`}[r.IntN(2)], unit)
			}
		}
	}
	return b.String()
}

// encode writes a value in random ways and surroundings. whole is where it is,
// without digits of base64 that it shares with the surroundings.
func encode(r *rand.Rand, value string) (text string, whole Span) {
	parts := [3]string{surroundings(r), value, surroundings(r)}
	if r.IntN(2) == 0 {
		parts = inDigits(r, parts)
	}
	escapes := []escape{percent}
	if utf8.ValidString(strings.Join(parts[:], "")) && utf8.ValidString(parts[1]) {
		escapes = append(escapes, inJSON) // which has no way to write other bytes
	}
	for range r.IntN(layers + 1) {
		e := escapes[r.IntN(len(escapes))]
		for i := range parts {
			parts[i] = e(r, parts[i])
		}
	}
	start := len(parts[0])
	return parts[0] + parts[1] + parts[2], Span{start, start + len(parts[1])}
}

// surroundings have nothing in them that could be read together with what follows.
func surroundings(r *rand.Rand) string {
	const letters = `{}[]:," =&?abcdef0123 /` + "\n"
	b := make([]byte, r.IntN(20))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// inDigits writes parts in base64. The middle one is left with the digits that
// nothing else has a part in.
func inDigits(r *rand.Rand, parts [3]string) [3]string {
	alphabet := []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding}[r.IntN(4)]
	digits := alphabet.EncodeToString([]byte(strings.Join(parts[:], "")))
	first := (len(parts[0])*8 + 5) / 6
	last := (len(parts[0]) + len(parts[1])) * 8 / 6
	return [3]string{digits[:first], digits[first:last], digits[last:]}
}

func FuzzMask(f *testing.F) {
	for seed := range uint64(2000) { // unit tests run these
		r := rand.New(rand.NewPCG(seed, 1))
		value := make([]byte, MinValue+r.IntN(40))
		for i := range value {
			value[i] = `+/ "\%&az09-_`[r.IntN(13)]
			if r.IntN(3) == 0 {
				value[i] = byte(r.IntN(256))
			}
		}
		f.Add(value, seed)
		f.Add([]byte(strings.ToValidUTF8(string(value), "é😀")), seed)
	}
	f.Fuzz(func(t *testing.T, value []byte, seed uint64) {
		if len(value) < MinValue || len(value) > 1<<10 {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 2))
		m := New(secrets(string(value))...)
		text, whole := encode(r, string(value))
		spans := m.Spans([]byte(text), false)
		inOrder(t, spans, len(text))
		covered := false
		for _, s := range spans {
			covered = covered || s.Start <= whole.Start && s.End >= whole.End
		}
		if !covered {
			t.Fatalf("%q is at %v of %q, found are %v", value, whole, text, spans)
		}
		end := whole.Start + r.IntN(whole.End-whole.Start+1)
		cut := m.Spans([]byte(text[:end]), true)
		inOrder(t, cut, end)
		const first = 72 // bytes that a character takes at most, in two layers of JSON
		if end >= whole.Start+first && (len(cut) == 0 || cut[len(cut)-1].Start > whole.Start || cut[len(cut)-1].End != end) {
			t.Fatalf("%q is from %d on in %q, cut off, found are %v", value, whole.Start, text[:end], cut)
		}
	})
}

// FuzzText tries texts of any kind: spans are in order, and what has none is
// returned as it is.
func FuzzText(f *testing.F) {
	f.Add([]byte(`%25%2B+\\u0041\ud83d`), []byte("12345678"), true)
	f.Add([]byte(`\`), []byte(`\\\\\\\\`), true)
	f.Fuzz(func(t *testing.T, text, value []byte, cut bool) {
		m := New(secrets(string(value))...)
		spans := m.Spans(text, cut)
		inOrder(t, spans, len(text))
		if masked := m.Bytes(text, cut); len(spans) == 0 && !bytes.Equal(masked, text) {
			t.Errorf("%q became %q", text, masked)
		}
	})
}

// inOrder checks what is promised of all spans.
func inOrder(t *testing.T, spans []Span, size int) {
	t.Helper()
	last := -1
	for _, s := range spans {
		if s.Start <= last || s.End <= s.Start || s.End > size {
			t.Fatalf("%v are no spans of %d bytes", spans, size)
		}
		last = s.End
	}
}
