package template

import (
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
)

// appendJSON appends a value as compact JSON. Numbers of the data have the
// digits they came with, dates and time spans of the data the text.
func (r *run) appendJSON(dst []byte, e *callExpr, v value) ([]byte, bool) {
	before := len(dst)
	switch v.kind {
	case nullValue:
		dst = append(dst, "null"...)
	case boolValue:
		if v.truth() {
			dst = append(dst, "true"...)
		} else {
			dst = append(dst, "false"...)
		}
	case numberValue:
		dst = append(dst, v.text...)
	case floatValue, intValue:
		d, ok := v.decimal()
		if !ok {
			return dst, r.tooLarge(e)
		}
		dst, _ = d.AppendTo(dst, ".") // has no exponent
	case objectValue, arrayValue:
		return r.appendJSONMembers(dst, e, v)
	default:
		dst = escape.AppendJSONString(dst, r.jsonText(v))
	}
	return dst, r.work(len(dst)-before, e.at())
}

// jsonText returns the text of a string, date or time span.
func (r *run) jsonText(v value) string {
	switch {
	case v.kind == dateValue && v.text == "":
		return string(v.date().AppendRFC3339(nil))
	case v.kind == spanValue && v.text == "":
		out, _ := r.appendText(nil, nil, v)
		return string(out)
	}
	return v.text
}

// appendJSONMembers appends an object or array.
func (r *run) appendJSONMembers(dst []byte, e *callExpr, v value) ([]byte, bool) {
	open, end := byte('{'), byte('}')
	if v.kind == arrayValue {
		open, end = '[', ']'
	}
	dst = append(dst, open)
	for i, member := range v.object.values {
		if i > 0 {
			dst = append(dst, ',')
		}
		if v.kind == objectValue {
			dst = append(escape.AppendJSONString(dst, v.object.names[i]), ':')
		}
		var ok bool
		if dst, ok = r.appendJSON(dst, e, member); !ok || !r.step(1, e.at()) {
			return dst, false
		}
		if len(dst) > MaxTextBytes {
			return dst, r.work(len(dst), e.at())
		}
	}
	return append(dst, end), true
}
