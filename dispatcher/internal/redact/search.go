package redact

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// A pattern is compared with the text where a gram of it is. Texts and values can
// be made in which that is everywhere and every comparison is long, so each
// pattern may cost a few bytes compared for each byte of text; then it is searched
// for by the algorithm of Knuth, Morris and Pratt, which takes no more than two for
// each byte whatever the text is, but cannot skip any.
const (
	compareFactor = 4
	compareFree   = 1 << 12
	spent         = -1 // in workspace.work: the pattern was searched for otherwise
)

// find appends to spans where patterns are in text.
func (s *set) find(w *workspace, spans []Span, text []byte) []Span {
	met := false
	filter, shift := s.filter, s.shift
	for at := 0; at+4 <= len(text); at += stride {
		code := binary.LittleEndian.Uint32(text[at:])
		h := hash(code) >> shift
		if filter[h>>6]&(1<<(h&63)) == 0 {
			continue
		}
		first := sort.Search(len(s.grams), func(i int) bool { return s.grams[i].code >= code })
		for i := first; i < len(s.grams) && s.grams[i].code == code; i++ {
			if !met {
				met = true
				w.work = slices.Grow(w.work[:0], len(s.patterns))[:len(s.patterns)]
				clear(w.work)
			}
			g := s.grams[i]
			spans = s.compare(w, spans, text, int(g.pattern), at-int(g.offset))
		}
	}
	return spans
}

// compare appends the span of a pattern to spans if it begins at a place in text,
// or all its spans if it was compared too often.
func (s *set) compare(w *workspace, spans []Span, text []byte, number, at int) []Span {
	p, work := &s.patterns[number], &w.work[number]
	end := at + len(p.text)
	if at < 0 || end > len(text) || *work == spent {
		return spans
	}
	*work += MinValue
	if string(text[at:at+MinValue]) == string(p.text[:MinValue]) {
		*work += len(p.text)
		if bytes.Equal(text[at:end], p.text) {
			spans = addSpan(spans, p.span(text, at, end))
		}
	}
	if *work > compareFactor*len(text)+compareFree {
		*work = spent
		return p.findSteadily(w, spans, text)
	}
	return spans
}

// findSteadily appends to spans where the pattern is in text.
func (p *pattern) findSteadily(w *workspace, spans []Span, text []byte) []Span {
	w.back = borders(w.back, p.text)
	matched := 0
	for i, c := range text {
		if matched = advance(p.text, w.back, matched, c); matched == len(p.text) {
			spans = addSpan(spans, p.span(text, i+1-matched, i+1))
		}
	}
	return spans
}

// findBeginning appends to spans the longest beginning of each pattern that text
// ends with.
func (s *set) findBeginning(w *workspace, spans []Span, text []byte) []Span {
	for i := range s.patterns {
		p := &s.patterns[i]
		w.back = borders(w.back, p.text)
		matched := 0
		for _, c := range text[max(0, len(text)-len(p.text)+1):] {
			matched = advance(p.text, w.back, matched, c)
		}
		if matched > 0 {
			spans = addSpan(spans, p.span(text, len(text)-matched, len(text)))
		}
	}
	return spans
}

// span is the place of a match, with the digits that hold a part of the value.
func (p *pattern) span(text []byte, start, end int) Span {
	if p.before && start > 0 && isDigit(text[start-1]) {
		start--
	}
	if p.after && end < len(text) && isDigit(text[end]) {
		end++
	}
	return Span{start, end}
}

// isDigit reports whether c is a digit of base64, in either alphabet; a + may have
// become a space.
func isDigit(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' ||
		c == '+' || c == '/' || c == '-' || c == '_' || c == ' '
}

// addSpan appends a span, or widens the last if it overlaps: a text may hold a
// value at each of its bytes.
func addSpan(spans []Span, s Span) []Span {
	if n := len(spans); n > 0 && s.Start >= spans[n-1].Start && s.Start <= spans[n-1].End {
		spans[n-1].End = max(spans[n-1].End, s.End)
		return spans
	}
	return append(spans, s)
}

// borders returns for each beginning of a pattern how long the longest shorter
// beginning is that it ends with.
func borders(back []int32, pattern []byte) []int32 {
	back = append(back[:0], 0)
	for _, c := range pattern[1:] {
		back = append(back, int32(advance(pattern, back, int(back[len(back)-1]), c)))
	}
	return back
}

// advance returns how much of a pattern matches after one more byte of text.
func advance(pattern []byte, back []int32, matched int, c byte) int {
	if matched == len(pattern) {
		matched = int(back[matched-1])
	}
	for matched > 0 && pattern[matched] != c {
		matched = int(back[matched-1])
	}
	if pattern[matched] == c {
		matched++
	}
	return matched
}
