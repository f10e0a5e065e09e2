package template

import "strconv"

// run is one rendering: all state that a template itself never holds.
type run struct {
	template *Template
	slots    []*value // what the template's references lead to
	out      []byte
	start    int // where this rendering's output begins in out
	problems []problem
}

// bind checks the data against the model and fills the slots. All that does
// not fit is reported, but nothing below a value that is missing or wrong.
func (r *run) bind(data Data) bool {
	for _, s := range r.template.model.fields {
		v, ok := data.get(s)
		r.require(s, v, ok)
	}
	return len(r.problems) == 0
}

// require checks one value, found or not, and what is needed below it.
func (r *run) require(s *shape, v *value, found bool) {
	switch {
	case !found:
		r.fail(KindData, s.at, "the data has no "+quoted(s.path()))
	case !v.kind.is(s.typ):
		r.fail(KindData, s.at, quoted(s.path())+" must be "+s.typ.words()+", but the data has "+v.kind.words())
	case s.typ == TypePrimitive:
		r.slots[s.slot] = v
	default:
		for _, f := range s.fields {
			member, ok := v.object.get(f)
			r.require(f, member, ok)
		}
	}
}

// fail reports a problem; it returns false for the caller to return.
func (r *run) fail(kind Kind, at int, message string) bool {
	r.problems = append(r.problems, problem{kind: kind, at: at, message: message})
	return false
}

// eval returns the value that bind found for the reference.
func (e *refExpr) eval(slots []*value) *value { return slots[e.slot] }

// write appends the text of an expression's value to the output.
func (r *run) write(e expr) bool {
	switch v := e.eval(r.slots); v.kind {
	case textValue:
		return r.append(v.text, e.pos())
	case boolValue:
		if v.truth {
			return r.append("True", e.pos())
		}
		return r.append("False", e.pos())
	case numberValue:
		var ok bool
		if r.out, ok = appendNumber(r.out, v.text); !ok {
			return r.fail(KindRender, e.pos(), quoted(e.String())+" is a number too large to write out")
		}
	case dateValue:
		r.out = v.date.UTC().AppendFormat(r.out, "01/02/2006 15:04:05")
	default:
		return r.fail(KindRender, e.pos(), quoted(e.String())+" is null and cannot be written")
	}
	return r.append("", e.pos())
}

// append appends text to the output and guards its limit.
func (r *run) append(text string, at int) bool {
	if len(r.out)-r.start+len(text) > MaxOutputBytes {
		return r.fail(KindLimit, at, "the output is longer than "+strconv.Itoa(MaxOutputBytes>>20)+" MiB")
	}
	r.out = append(r.out, text...)
	return true
}
