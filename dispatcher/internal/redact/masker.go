package redact

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// MinValue is the length, in bytes, from which a private value is looked for.
const MinValue = 8

// layers is how many encodings of a text are undone, one within the other.
const layers = 2

// Masker masks private values. It is immutable and safe for concurrent use. A nil
// Masker masks nothing. Nothing that prints it shows a value.
type Masker struct {
	sets []*set // pointers, behind which no verb of fmt looks
}

// Span is the place of a private value in a text: the bytes from Start to End, End
// excluded.
type Span struct{ Start, End int }

// New returns a Masker of values. Those shorter than [MinValue] bytes are left
// out.
func New(values ...plan.Secret) *Masker { return (*Masker)(nil).With(values...) }

// With returns a Masker of m's values and of more, such as an access token; m stays
// as it is. It costs up to 100 µs and some 20 KiB for a value of 1 KiB, so keep the result
// as long as the value is in use; a search in it passes over the text once more.
func (m *Masker) With(values ...plan.Secret) *Masker {
	added := newSet(values)
	switch {
	case added == nil:
		return m
	case m == nil:
		return &Masker{sets: []*set{added}}
	}
	return &Masker{sets: append(slices.Clip(m.sets), added)}
}

// Text returns s with the private values masked, s itself if there are none.
func (m *Masker) Text(s string) string {
	if m == nil || len(s) < MinValue {
		return s
	}
	w := workspaces.Get().(*workspace) //nolint:forcetypeassert // nothing else is put in
	defer w.rest()
	w.text = append(w.text[:0], s...)
	spans := m.look(w, w.text, layer{})
	if len(spans) == 0 {
		return s
	}
	return string(Apply(w.text, spans))
}

// Name returns the name of a header with the private values masked, name itself if
// there are none. Names have no case (RFC 9110, 5.1): net/http gives each word of one a
// capital, and HTTP/2 none, so values are found in it in any case.
func (m *Masker) Name(name string) string {
	name = m.Text(name)
	if m == nil || len(name) < MinValue {
		return name
	}
	lower := lowered(name)
	var spans []Span
	for _, s := range m.sets {
		for _, value := range s.names {
			for from := 0; ; {
				at := strings.Index(lower[from:], value)
				if at < 0 {
					break
				}
				from += at + len(value)
				spans = append(spans, Span{Start: from - len(value), End: from})
			}
		}
	}
	return string(Apply([]byte(name), merge(spans)))
}

// lowered is text with its ASCII letters in lower case; no other may be in a name.
func lowered(text string) string {
	b := []byte(text)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return string(b)
}

// Bytes returns b with the private values masked, b itself if there are none; b is
// not changed. cut says that b is the beginning of a longer text: then the
// beginning of a value at its very end, in whatever form, is masked, too, be it one
// byte.
func (m *Masker) Bytes(b []byte, cut bool) []byte { return Apply(b, m.Spans(b, cut)) }

// Spans returns where private values are in b, in order, without overlaps and at
// least one byte apart; nil if there are none. It is for callers that keep b as it
// is and mask it with [Apply] when it is shown. cut is that of [Masker.Bytes].
func (m *Masker) Spans(b []byte, cut bool) []Span {
	if m == nil || len(b) < MinValue && !cut {
		return nil
	}
	w := workspaces.Get().(*workspace) //nolint:forcetypeassert // nothing else is put in
	defer w.rest()
	return m.look(w, b, layer{cut: cut})
}

// Apply returns b with [plan.Redacted] in place of each span, b itself if there
// are none; b is not changed. The spans are those of [Masker.Spans] for b.
func Apply(b []byte, spans []Span) []byte {
	if len(spans) == 0 {
		return b
	}
	masked := make([]byte, 0, len(b)+len(spans)*len(plan.Redacted))
	from := 0
	for _, s := range spans {
		masked = append(masked, b[from:s.Start]...)
		masked = append(masked, plan.Redacted...)
		from = s.End
	}
	return append(masked, b[from:]...)
}

// String returns [plan.Redacted].
func (m *Masker) String() string { return plan.Redacted }

// Format writes [plan.Redacted] for every verb.
func (m *Masker) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(plan.Redacted)) }

// MarshalText returns [plan.Redacted]; encoding/json uses it too.
func (m *Masker) MarshalText() ([]byte, error) { return []byte(plan.Redacted), nil }

// LogValue returns [plan.Redacted] for log/slog.
func (m *Masker) LogValue() slog.Value { return slog.StringValue(plan.Redacted) }

// layer is what is known of a text that is looked into.
type layer struct {
	depth int  // encodings undone
	cut   bool // it goes on after its end
	fold  bool // its + have become spaces
}

// look returns where values are in text: in the text as it is, and in what it is
// when one more encoding is undone.
func (m *Masker) look(w *workspace, text []byte, l layer) []Span {
	var spans []Span
	for _, s := range m.sets {
		spans = s.find(w, spans, text)
		if l.cut {
			spans = s.findBeginning(w, spans, text)
		}
	}
	for _, e := range encodings {
		if l.depth == layers || !m.mayHide(e, text) {
			continue
		}
		below := layer{depth: l.depth + 1, cut: l.cut, fold: l.fold || e.plus}
		view, changed := e.decode(w.views[l.depth][:0], text, l.cut, below.fold)
		w.views[l.depth] = view
		if changed {
			spans = e.locate(spans, text, m.look(w, view, below), l.cut)
		}
	}
	return merge(spans)
}

// merge sorts spans and joins those that overlap or touch, in place.
func merge(spans []Span) []Span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b Span) int { return a.Start - b.Start })
	merged := spans[:1]
	for _, s := range spans[1:] {
		if last := &merged[len(merged)-1]; s.Start <= last.End {
			last.End = max(last.End, s.End)
		} else {
			merged = append(merged, s)
		}
	}
	return merged
}

// workspace is the memory of one search. Its views are as long as the longest text
// that was searched with it, which callers bound (1 MiB), and there is about one
// workspace for each processor.
type workspace struct {
	text  []byte
	views [layers][]byte
	work  []int   // spent on comparing each pattern
	back  []int32 // of one pattern, see [borders]
}

var workspaces = sync.Pool{New: func() any { return new(workspace) }}

// rest gives the workspace back. It may hold private values, as the memory of any
// text does that was looked into.
func (w *workspace) rest() { workspaces.Put(w) }
