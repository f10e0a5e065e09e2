package template

import (
	"bytes"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// write appends a value to the output as its place needs it.
func (r *run) write(n *outputNode, v value) bool {
	if n.mode == escape.JSONValue {
		return r.writeJSONValue(n.value, v)
	}
	if v.kind == textValue {
		return r.writeText(n, v)
	}
	if n.mode == escape.Raw || n.mode == escape.JSONString && r.culture == format.Invariant() && v.isNumber() {
		var ok bool
		r.out, ok = r.appendText(r.out, n.value, v)
		return ok
	}
	var ok bool
	if r.scratch, ok = r.appendText(r.scratch[:0], n.value, v); !ok {
		return false
	}
	r.out = escape.Append(r.out, string(r.scratch), n.mode)
	return true
}

// readyFor reports whether a text with the mark is written as it is.
func (m mark) readyFor(mode escape.Mode) bool {
	switch m {
	case markRaw:
		return true
	case markJSONText:
		return mode == escape.JSONString
	case markPercent:
		return mode == escape.Percent
	case markXML:
		return mode == escape.XMLText || mode == escape.XMLAttribute
	}
	return false
}

// writeText appends a string.
func (r *run) writeText(n *outputNode, v value) bool {
	if len(r.out)-r.start+len(v.text) > MaxOutputBytes {
		return r.full(n.value.at())
	}
	if n.mode == escape.Raw {
		r.out = append(r.out, v.text...)
		return true
	}
	if n.mode == escape.HeaderLine && escape.HasLineBreak(v.text) {
		return r.fail(KindRender, n.value.at(), described(n.value)+" has a line break or NUL, which no header can hold")
	}
	if !r.step(len(v.text)/bytesPerStep, n.start) {
		return false
	}
	if n.mode == escape.Percent && r.isDotSegment(v.text) {
		return r.fail(KindRender, n.value.at(), described(n.value)+" is . or .., which would lead to another path")
	}
	if v.mark.readyFor(n.mode) {
		r.out = append(r.out, v.text...)
		return true
	}
	r.out = escape.Append(r.out, v.text, n.mode)
	return true
}

// isDotSegment reports whether a text, which no escape can hide, becomes a segment
// of a path that stands for another one (RFC 3986, 5.2.4).
func (r *run) isDotSegment(text string) bool {
	if text != "." && text != ".." || r.template.context != ContextURL {
		return false
	}
	before := bytes.TrimRight(r.out[r.start:], ".")
	return (len(before) == 0 || before[len(before)-1] == '/') && bytes.IndexByte(before, '?') < 0
}

// writeJSONValue appends a value where the template has a JSON value, not a
// string: what is written is one scalar, unless the author has made the text by
// json or raw.
func (r *run) writeJSONValue(e expr, v value) bool {
	switch v.kind {
	case boolValue:
		if v.truth() {
			return r.append("true", e.at())
		}
		return r.append("false", e.at())
	case numberValue:
		return r.append(v.text, e.at())
	case floatValue, intValue:
		d, ok := v.decimal()
		if !ok {
			return r.tooLarge(e)
		}
		r.out, _ = d.AppendTo(r.out, ".") // has no exponent
		return true
	case textValue:
		if v.mark == markJSON || v.mark == markRaw || escape.IsJSONScalar(v.text) {
			return r.append(v.text, e.at())
		}
	}
	return r.fail(KindRender, e.at(), described(e)+" is "+v.kind.words()+" where the body needs a JSON value; put it between quotes, or use json")
}

// appendText appends the text of a single value: what an output without escaping
// writes, and & joins.
func (r *run) appendText(dst []byte, e expr, v value) ([]byte, bool) {
	switch v.kind {
	case textValue:
		return append(dst, v.text...), true
	case boolValue:
		if v.truth() {
			return append(dst, "True"...), true
		}
		return append(dst, "False"...), true
	case dateValue:
		dst, _ = format.Date(dst, v.date(), "", r.culture)
		return dst, r.step(dateSteps, e.at())
	case spanValue:
		return format.TimeSpanOf(v.bits).AppendTo(dst), true
	case numberValue:
		if isShortInteger(v.text) {
			return append(dst, v.text...), true
		}
		return r.appendNumber(dst, e, v)
	case floatValue, intValue:
		return r.appendNumber(dst, e, v)
	}
	return dst, r.cannot(e, v, "a single value")
}

// dateSteps is how many steps more than a text a date is.
const dateSteps = 4

// isShortInteger reports whether a number of the data is one that is printed as
// it is written, and seen to be at a glance.
func isShortInteger(text string) bool {
	if len(text) > 20 {
		return false
	}
	for _, c := range []byte(text) {
		if !isDigit(c) {
			return false
		}
	}
	return true
}

// printedPlaces is how many digits after the point a number is printed with at
// the most.
const printedPlaces = 2

// appendNumber appends a number, rounded to two places: to even if it is
// computed right here, and away from zero otherwise.
func (r *run) appendNumber(dst []byte, e expr, v value) ([]byte, bool) {
	d, ok := v.decimal()
	if !ok {
		return dst, r.tooLarge(e)
	}
	if !r.step(len(v.text)/slowBytesPerStep, e.at()) {
		return dst, false
	}
	mode := decimal.HalfAwayFromZero
	if isArithmetic(e) {
		mode = decimal.HalfToEven
	}
	if dst, ok = d.AppendRounded(dst, printedPlaces, mode, r.culture.DecimalSeparator()); !ok {
		return dst, r.tooLarge(e)
	}
	return dst, true
}

// isArithmetic reports whether e is arithmetic itself, not a value that has been
// computed elsewhere.
func isArithmetic(e expr) bool {
	switch e := e.(type) {
	case *numberExpr, *arithExpr, *negateExpr:
		return true
	case *groupExpr:
		return e.arithmetic
	}
	return false
}
