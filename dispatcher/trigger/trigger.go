package trigger

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Trigger is a compiled trigger. It is immutable and may be used concurrently.
type Trigger struct {
	kind, source pattern
	outcomes     bool
	when         cel.Program // nil for no expression
}

// Compile compiles a trigger. The error is one sentence that begins with the field:
// "type …", "source …" or "when:LINE:COLUMN: …", both counted from 1.
func Compile(t plan.Trigger) (*Trigger, error) {
	compiled := &Trigger{outcomes: t.MeansOutcomes()}
	var err error
	if compiled.kind, err = patternOf("type", t.Type, MaxType); err != nil {
		return nil, err
	}
	if t.Type == "" {
		return nil, fmt.Errorf("type must not be empty; * means all types")
	}
	if compiled.source, err = patternOf("source", t.Source, MaxSource); err != nil {
		return nil, err
	}
	if t.Source == "" {
		compiled.source.open = true
	}
	if t.When != "" {
		if compiled.when, err = compileWhen(t.When); err != nil {
			return nil, err
		}
	}
	return compiled, nil
}

// MeansOutcomes reports whether the trigger can match an outcome event.
func (t *Trigger) MeansOutcomes() bool { return t.outcomes }

// Match reports whether the event makes a call. What an outcome event is told by
// is its type, and only a trigger that means outcomes matches one.
func (t *Trigger) Match(e *Event) bool {
	if !t.kind.match(e.Type) || !t.source.match(e.Source) || e.Outcome() && !t.outcomes {
		return false
	}
	if t.when == nil {
		return true
	}
	value, _, err := t.when.Eval(e.activation())
	return err == nil && value == types.True
}

// pattern is a text, or the beginning of one.
type pattern struct {
	text string
	open bool
}

// patternOf reads a pattern of at most most characters.
func patternOf(field, text string, most int) (pattern, error) {
	if utf8.RuneCountInString(text) > most {
		return pattern{}, fmt.Errorf("%s must have at most %d characters", field, most)
	}
	begin, rest, open := strings.Cut(text, "*")
	if rest != "" {
		return pattern{}, fmt.Errorf("%s may have one *, at its end", field)
	}
	return pattern{text: begin, open: open}, nil
}

func (p *pattern) match(text string) bool {
	return p.open && strings.HasPrefix(text, p.text) || text == p.text
}
