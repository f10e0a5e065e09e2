//go:build linux

package canary

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// window is how many bytes in a row of a canary are a leak: a piece is one, too.
const window = 12

// depth is how many encodings are undone, one within the other.
const depth = 3

// long is from how many bytes on a text is searched in parts.
const long = 128 << 10

// searcher finds canaries in what the channels showed. It works by undoing
// encodings, and knows nothing of how the program masks values.
type searcher struct {
	canaries []canary
	exact    index
	lower    index // of the values in lower case, as HTTP/2 writes names of headers

	mu       sync.Mutex
	findings map[place]string // to the form in which it was found first, and a masked context
	searched map[string]int   // bytes by channel
}

// place is a canary in a channel.
type place struct{ channel, canary string }

// newSearcher returns a searcher of canaries.
func newSearcher(all []canary) *searcher {
	s := &searcher{canaries: all, findings: map[place]string{}, searched: map[string]int{}}
	for i, c := range all {
		s.exact.add(i, c.value)
		s.lower.add(i, string(lowered([]byte(c.value))))
	}
	return s
}

// search looks for all canaries in what a channel showed.
func (s *searcher) search(channel string, text []byte) { s.searchBut(channel, text, nil) }

// searchBut is search but for some canaries. A long text is searched line by line,
// since a line is what encodings are within, and as a whole for what goes over lines.
func (s *searcher) searchBut(channel string, text []byte, except func(canary) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.searched[channel] += len(text)
	l := look{s: s, channel: channel, except: except}
	if len(text) <= long {
		l.in(text, "", depth)
		return
	}
	l.in(text, "", 1)
	for line := range bytes.Lines(text) {
		left := depth
		if len(line) > long {
			left = 1
		}
		l.in(line, "", left)
	}
}

// searchFile is searchBut for a large text that is not made of lines, with one encoding
// undone.
func (s *searcher) searchFile(channel string, text []byte, except func(canary) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.searched[channel] += len(text)
	l := look{s: s, channel: channel, except: except}
	l.in(text, "", 1)
}

// report lists what was found, without showing it.
func (s *searcher) report() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var lines []string
	for p, found := range s.findings {
		lines = append(lines, fmt.Sprintf("%s shows %s %s", p.channel, p.canary, found))
	}
	slices.Sort(lines)
	return lines
}

// look is one search.
type look struct {
	s       *searcher
	channel string
	except  func(canary) bool
}

// in looks into a text and into what it is when up to so many encodings are undone.
func (l *look) in(text []byte, form string, left int) {
	l.find(&l.s.exact, text, form)
	l.find(&l.s.lower, lowered(text), form+"in another case ")
	if left == 0 {
		return
	}
	for _, v := range views {
		if view := v.undo(text); len(view) >= window && !bytes.Equal(view, text) {
			l.in(view, form+v.name+" ", left-1)
		}
	}
}

// find adds what is found in a text.
func (l *look) find(x *index, text []byte, form string) {
	for at, i := range x.matches(text) {
		c := l.s.canaries[i]
		if l.except != nil && l.except(c) {
			continue
		}
		if _, again := l.s.findings[place{l.channel, c.name}]; !again {
			l.s.findings[place{l.channel, c.name}] = fmt.Sprintf("as %s: %s", cmp.Or(strings.TrimSpace(form), "it is"), l.s.context(text, at))
		}
	}
}

// index finds any window of the values in it.
type index struct {
	filter  [1 << 13]byte
	windows map[[window]byte]int
}

// add adds a value.
func (x *index) add(i int, value string) {
	if x.windows == nil {
		x.windows = map[[window]byte]int{}
	}
	for at := range len(value) - window + 1 {
		w := [window]byte([]byte(value[at : at+window]))
		x.windows[w] = i
		h := hash(w[:])
		x.filter[h>>3] |= 1 << (h & 7)
	}
}

// hash spreads the first four bytes over 16 bits.
func hash(b []byte) uint32 {
	return (uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24) * 0x9E3779B1 >> 16
}

// matches yields where a value's piece begins, and whose it is.
func (x *index) matches(text []byte) func(func(int, int) bool) {
	return func(yield func(int, int) bool) {
		for at := range max(0, len(text)-window+1) {
			h := hash(text[at:])
			if x.filter[h>>3]&(1<<(h&7)) == 0 {
				continue
			}
			if i, ok := x.windows[[window]byte(text[at:at+window])]; ok && !yield(at, i) {
				return
			}
		}
	}
}

// context is what stands around a place, with all pieces of values masked.
func (s *searcher) context(text []byte, at int) string {
	const around = 80
	from, to := max(0, at-around-window), min(len(text), at+2*window+around)
	shown := bytes.Clone(text[from:to])
	for _, x := range []struct {
		*index
		text []byte
	}{{&s.exact, text[from:to]}, {&s.lower, lowered(text[from:to])}} {
		for piece := range x.matches(x.text) {
			copy(shown[piece:], strings.Repeat("*", window))
		}
	}
	// Escapes cut pieces that are shorter than a window, of capitals and digits.
	for i, c := range shown {
		if c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' {
			shown[i] = '*'
		}
	}
	// A piece of less than a window may stand at either end.
	return fmt.Sprintf("%q", shown[min(window, at-from):max(len(shown)-window, min(at-from+window, len(shown)))])
}

// lowered is text with ASCII letters in lower case, of the same length.
func lowered(text []byte) []byte {
	lower := bytes.Clone(text)
	for i, c := range lower {
		if c >= 'A' && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}
