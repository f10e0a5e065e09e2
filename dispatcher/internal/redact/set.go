package redact

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// set is a number of values in the forms in which they are searched for.
type set struct {
	patterns []pattern
	spaces   bool     // a value has one
	names    []string // values that the name of a header can hold, in lower case
	// Of each pattern the 4 bytes from each of the first [stride] places are in
	// grams, sorted, and their hashes in filter.
	grams  []gram
	filter []uint64
	shift  int // of a hash, for the bits that index filter
}

// pattern is one form of a value.
type pattern struct {
	text []byte
	// before and after say that it is in base64 and that a part of the value is in
	// the digit before or after text.
	before, after bool
}

// gram is 4 bytes of a pattern.
type gram struct {
	code    uint32
	pattern int32
	offset  int32
}

// stride is how far apart the places are at which a text is looked at: wherever
// [MinValue] bytes are, one of the first 5 groups of 4 among them begins at such a
// place.
const stride = MinValue - 4 + 1

// newSet returns the set of secrets, nil if there is nothing to search for.
func newSet(secrets []plan.Secret) *set {
	values := expand(secrets)
	if len(values) == 0 {
		return nil
	}
	s := &set{}
	for _, value := range values {
		s.spaces = s.spaces || strings.Contains(value, " ")
		s.add(pattern{text: []byte(value)})
		if !strings.ContainsFunc(value, notInName) {
			s.names = append(s.names, lowered(value))
		}
		for skipped := range 3 {
			s.addBase64(value, skipped)
		}
	}
	s.index()
	return s
}

// notInName reports whether the name of a header cannot hold a character (RFC 9110,
// 5.6.2).
func notInName(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"(),/:;<=>?@[\\]{}", r)
}

// expand returns the texts that are private, without those too short.
func expand(secrets []plan.Secret) []string {
	var values []string
	add := func(value string) {
		if len(value) >= MinValue && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	for _, secret := range secrets {
		value := secret.Reveal()
		add(value)
		scheme, credential, ok := strings.Cut(value, " ")
		if !ok || scheme == "" {
			continue
		}
		credential = strings.TrimSpace(credential)
		add(credential)
		if !strings.EqualFold(scheme, "Basic") {
			continue
		}
		pair, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(credential, "="))
		if err != nil {
			continue // no Basic authentication after all
		}
		add(string(pair))
		_, password, _ := strings.Cut(string(pair), ":")
		add(password)
	}
	return values
}

// add adds a pattern, and what becomes of it where + is a space, see
// [encoding.decode].
func (s *set) add(p pattern) {
	s.patterns = append(s.patterns, p)
	if bytes.IndexByte(p.text, '+') >= 0 {
		p.text = bytes.ReplaceAll(p.text, []byte("+"), []byte(" "))
		s.patterns = append(s.patterns, p)
	}
}

// addBase64 adds the digits that a value has in base64, in both alphabets, where so
// many of three bytes are something else. Digits that it shares with what is before
// or after it are left out; at least ten stay.
func (s *set) addBase64(value string, skipped int) {
	padded := append(make([]byte, skipped, skipped+len(value)), value...)
	digits := base64.RawStdEncoding.AppendEncode(nil, padded)
	first := (8*skipped + 5) / 6 // digits with something before the value
	last := len(padded) * 8 / 6  // and the end of those without anything after it
	p := pattern{text: digits[first:last:last], before: skipped > 0, after: last < len(digits)}
	s.add(p)
	if bytes.ContainsAny(p.text, "+/") {
		p.text = base64.RawURLEncoding.AppendEncode(nil, padded)[first:last:last]
		s.add(p)
	}
}

// index fills grams and filter.
func (s *set) index() {
	s.grams = make([]gram, 0, len(s.patterns)*stride)
	for i, p := range s.patterns {
		for offset := range stride {
			s.grams = append(s.grams, gram{binary.LittleEndian.Uint32(p.text[offset:]), int32(i), int32(offset)})
		}
	}
	slices.SortFunc(s.grams, func(a, b gram) int { return cmp.Compare(a.code, b.code) })
	width := max(6, bits.Len(uint(len(s.grams)*16))) // at most one bit in 16 is set
	s.filter, s.shift = make([]uint64, 1<<(width-6)), 32-width
	for _, g := range s.grams {
		h := hash(g.code) >> s.shift
		s.filter[h>>6] |= 1 << (h & 63)
	}
}

// hash spreads a gram over 32 bits: Fibonacci hashing, by 2^32 over the golden
// ratio.
func hash(code uint32) uint32 { return code * 0x9E3779B1 }
