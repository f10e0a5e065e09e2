package template

import (
	"slices"
	"strconv"
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// run is one rendering: all state that a template itself never holds.
type run struct {
	template *Template
	culture  *format.Culture
	slots    []value // what the template's names stand for
	hints    []int32 // where a member was found last, by the id of its shape; also by other renderings
	stack    []value // arguments of the functions that are being called
	scratch  []byte  // a text on its way into the output
	local    []int   // slots of the variables that end with the pass of a loop
	indexes  []int   // of the elements that are being checked
	steps    int

	out      []byte
	start    int // where this rendering's output begins in out
	tail     escape.Tail
	problems []problem
}

// runs keeps the memory of finished renderings for the next ones.
var runs = sync.Pool{New: func() any { return new(run) }}

// keptValues and keptBytes are how much of it is kept; a webhook's templates
// rarely need more.
const (
	keptValues = 1 << 10
	keptBytes  = 64 << 10
)

// begin starts a rendering whose output is appended to dst.
func begin(t *Template, dst []byte) *run {
	r := runs.Get().(*run)
	r.template, r.culture = t, t.culture
	r.slots = slices.Grow(r.slots, t.model.slots)[:t.model.slots]
	r.hints = slices.Grow(r.hints[:0], t.model.ids)[:max(t.model.ids, len(r.hints))]
	r.out, r.start, r.tail = dst, len(dst), escape.NewTail(len(dst))
	return r
}

// end gives the rendering's memory back, without the values it held.
func (r *run) end() {
	if cap(r.slots) > keptValues || cap(r.hints) > keptValues || cap(r.stack) > keptValues || cap(r.scratch) > keptBytes {
		return
	}
	clear(r.slots)
	*r = run{slots: r.slots[:0], hints: r.hints, stack: r.stack[:0], scratch: r.scratch[:0], local: r.local[:0], indexes: r.indexes[:0]}
	runs.Put(r)
}

// fail reports a problem; it returns false for the caller to return.
func (r *run) fail(kind Kind, at int, message string) bool {
	r.problems = append(r.problems, problem{kind: kind, at: at, message: message})
	return false
}

// step counts work, and fails at the limit.
func (r *run) step(n, at int) bool {
	if r.steps += n; r.steps <= MaxSteps {
		return true
	}
	return r.fail(KindLimit, at, "the rendering takes more than "+strconv.Itoa(MaxSteps)+" steps; use fewer or smaller loops")
}

// work counts the making of a text, and guards its limit.
func (r *run) work(bytes, at int) bool { return r.grow(bytes, bytes, at) }

// grow counts the making of a part of a text, which is so long with it.
func (r *run) grow(whole, part, at int) bool {
	if whole > MaxTextBytes {
		return r.fail(KindLimit, at, "a text is longer than "+strconv.Itoa(MaxTextBytes>>20)+" MiB")
	}
	return r.step(part/bytesPerStep, at)
}

// append appends text to the output and guards its limit.
func (r *run) append(text string, at int) bool {
	if len(r.out)-r.start+len(text) > MaxOutputBytes {
		return r.full(at)
	}
	r.out = append(r.out, text...)
	return true
}

// full reports that the limit of output was passed.
func (r *run) full(at int) bool {
	return r.fail(KindLimit, at, "the output is longer than "+strconv.Itoa(MaxOutputBytes>>20)+" MiB")
}
