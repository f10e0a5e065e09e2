package template

import (
	"math"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// valueKind is what a value is.
type valueKind uint8

const (
	unsetValue valueKind = iota // a variable to which nothing has been assigned
	nullValue
	boolValue
	numberValue // of the data: its digits are text
	floatValue  // a result of arithmetic
	intValue    // a result of a function
	textValue
	dateValue
	spanValue
	objectValue
	arrayValue
)

// words names the kind for an author or whoever sends the data.
func (k valueKind) words() string {
	switch k {
	case nullValue:
		return "null"
	case boolValue:
		return "a boolean"
	case numberValue, floatValue, intValue:
		return "a number"
	case textValue:
		return "a string"
	case dateValue:
		return "a date"
	case spanValue:
		return "a time span"
	case objectValue:
		return "an object"
	case arrayValue:
		return "an array"
	default:
		return "unset"
	}
}

// mark says for which places a text is ready, so that it is not escaped again.
type mark uint8

const (
	markNone     mark = iota
	markRaw           // for all, on the author's word
	markJSON          // a whole JSON value
	markJSONText      // the inside of a JSON string
	markPercent       // a part of a URL or form
	markXML           // text or an attribute's value
)

// value is one value: of the data, or made by a rendering.
type value struct {
	kind valueKind
	mark mark
	// zone is the zone of a date, truth is 1 for true, and bits are a number or
	// an amount of ticks, as the kind says.
	zone   int32
	bits   int64
	text   string // of a string; the digits of a number of the data; a date of the data as it was written
	object *object
}

func textOf(text string) value         { return value{kind: textValue, text: text} }
func marked(text string, m mark) value { return value{kind: textValue, text: text, mark: m} }
func intOf(n int64) value              { return value{kind: intValue, bits: n} }

func boolOf(truth bool) value {
	if truth {
		return value{kind: boolValue, bits: 1}
	}
	return value{kind: boolValue}
}

// truth is the value of a boolean.
func (v value) truth() bool { return v.bits != 0 }

// floatOf is a number that has been computed.
func floatOf(x float64) value { return value{kind: floatValue, bits: int64(math.Float64bits(x))} }

// decimalOf is a number with all its digits; the flag is false if its exponent
// adds too many.
func decimalOf(d decimal.Decimal) (value, bool) {
	out, ok := d.AppendTo(nil, ".")
	return value{kind: numberValue, text: string(out)}, ok
}

func dateOf(d format.DateTime) value {
	ticks, zone := d.Parts()
	return value{kind: dateValue, bits: ticks, zone: zone}
}

// date is the value of a date.
func (v value) date() format.DateTime { return format.DateTimeOf(v.bits, v.zone) }

// isNumber reports whether v is a number.
func (v value) isNumber() bool {
	return v.kind == numberValue || v.kind == floatValue || v.kind == intValue
}

// normalized returns a result of arithmetic as it is kept or passed on: with 15
// digits. The flag is false for one that is too large or no number.
func (v value) normalized() (value, bool) {
	if v.kind != floatValue {
		return v, true
	}
	d, ok := v.decimal()
	return floatOf(d.Float64()), ok
}

// float returns a number as a float64.
func (v value) float() float64 {
	switch v.kind {
	case floatValue:
		return math.Float64frombits(uint64(v.bits))
	case intValue:
		return float64(v.bits)
	}
	return decimal.Parse(v.text).Float64()
}

// decimal returns a number with all its digits. A result of arithmetic has at
// most 15; the flag is false for one that is too large or no number.
func (v value) decimal() (decimal.Decimal, bool) {
	switch v.kind {
	case floatValue:
		return decimal.FromFloat(v.float())
	case intValue:
		return decimal.FromInt(v.bits), true
	}
	return decimal.Parse(v.text), true
}

// kindsOf has, by type, a bit for each kind that may be of that type. Null is a
// possible single value, but no object.
var kindsOf = [typeCount]uint16{
	TypeUnknown:   1<<(arrayValue+1) - 1,
	TypePrimitive: 1<<nullValue | 1<<boolValue | numberKinds | 1<<textValue | 1<<dateValue | 1<<spanValue,
	TypeBoolean:   1<<nullValue | 1<<boolValue,
	TypeString:    1<<nullValue | 1<<textValue,
	TypeDecimal:   1<<nullValue | numberKinds,
	TypeInteger:   1<<nullValue | numberKinds,
	TypeDateTime:  1<<nullValue | 1<<textValue | 1<<dateValue,
	TypeTimeSpan:  1<<nullValue | 1<<textValue | 1<<spanValue,
	TypeComposite: 1<<objectValue | 1<<arrayValue,
	TypeArray:     1 << arrayValue,
}

const numberKinds = 1<<numberValue | 1<<floatValue | 1<<intValue

// fits reports whether data is of type t. A date or time span is a string in
// JSON, and that must be one.
func (v *value) fits(t Type) bool {
	if kindsOf[t]>>v.kind&1 == 0 {
		return false
	}
	switch t {
	case TypeInteger:
		return v.kind == nullValue || v.isInteger()
	case TypeDateTime, TypeTimeSpan:
		_, ok := v.moment(t)
		return ok
	}
	return true
}

// as returns data that fits t as a value of t, and any other as it is.
func (v *value) as(t Type) value {
	if (t == TypeDateTime || t == TypeTimeSpan) && v.kind == textValue {
		if moment, ok := v.moment(t); ok {
			return moment
		}
	}
	return *v
}

// isInteger reports whether v is a whole number of 64 bits, as it is written.
func (v value) isInteger() bool {
	switch v.kind {
	case intValue:
		return true
	case numberValue:
		d := decimal.Parse(v.text)
		_, fits := d.Int64()
		return fits && d.IsInteger()
	}
	return false
}

// moment returns v, of a kind that fits, as a date or time span.
func (v value) moment(t Type) (value, bool) {
	if v.kind != textValue {
		return v, true
	}
	if t == TypeDateTime {
		d, ok := format.ParseDateTime(v.text)
		if !ok {
			return v, false
		}
		date := dateOf(d)
		date.text = v.text
		return date, true
	}
	span, ok := format.ParseTimeSpan(v.text)
	return value{kind: spanValue, bits: span.Ticks(), text: v.text}, ok
}
