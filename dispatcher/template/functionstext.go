package template

import (
	"math/rand/v2"
	"strconv"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/escape"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/text"
)

// Parameters that many functions have.
var (
	stringParam  = param{typ: TypeString}
	decimalParam = param{typ: TypeDecimal}
	integerParam = param{typ: TypeInteger}
	dateParam    = param{typ: TypeDateTime}
	arrayParam   = param{typ: TypeArray}
)

// textFunctions are the functions on strings.
var textFunctions = []function{
	textFunction("toUpper", func(c call) string { return c.run.culture.ToUpper(c.text(0)) }),
	textFunction("toLower", func(c call) string { return c.run.culture.ToLower(c.text(0)) }),
	textFunction("capitalize", func(c call) string { return text.Capitalize(c.text(0)) }),
	textFunction("capitalizeAllWords", func(c call) string {
		culture := c.run.culture
		return text.CapitalizeAllWords(c.text(0), text.Casing{Upper: culture.Upper, Lower: culture.Lower, JoinIJ: culture.JoinsIJ()})
	}),
	textFunction("trim", func(c call) string { return text.Trim(c.text(0)) }),
	{name: "length", params: []param{stringParam}, result: TypeInteger, cost: 2, slow: 2, call: func(c call) (value, string) {
		return intOf(text.Length(c.text(0))), ""
	}},
	{name: "substring", params: []param{stringParam, atLeast(1, "the start")}, result: TypeString, cost: 2, slow: 2, call: func(c call) (value, string) {
		s, ok := text.Substring(c.text(0), c.int(1))
		return textOf(s), unless(ok, "the start lies outside the text")
	}},
	{
		name: "substring", params: []param{stringParam, atLeast(1, "the start"), atLeast(1, "the length")}, result: TypeString, cost: 2, slow: 2,
		call: func(c call) (value, string) {
			s, ok := text.SubstringLen(c.text(0), c.int(1), c.int(2))
			return textOf(s), unless(ok, "the text is too short for this start and length")
		},
	},
	{
		name: "truncate", params: []param{stringParam, {typ: TypeDecimal, check: atLeast(5, "the length").check}}, result: TypeString, cost: 2, slow: 2,
		call: func(c call) (value, string) {
			d, _ := c.args[1].decimal()
			n, ok := d.Int64()
			if !ok {
				return value{}, "the length is too large a number"
			}
			s, ok := text.Truncate(c.text(0), n)
			return textOf(s), unless(ok, "nothing of the text would be left")
		},
	},
	{name: "replaceIfEmpty", params: []param{stringParam, stringParam}, result: TypeString, cost: 2, call: func(c call) (value, string) {
		if text.IsBlank(c.text(0)) {
			return c.args[1], ""
		}
		return c.args[0], ""
	}},
	{name: "replace", params: []param{stringParam, {typ: TypeString, check: notEmpty}, stringParam}, result: TypeString, cost: 2, slow: 4, call: func(c call) (value, string) {
		if c.text(1) == "" {
			return value{}, "the text to be replaced is empty"
		}
		s, ok := text.Replace(c.text(0), c.text(1), c.text(2), MaxTextBytes)
		return textOf(s), unless(ok, tooLong)
	}},
	{name: "contains", params: []param{stringParam, stringParam}, result: TypeBoolean, cost: 2, slow: 8, call: func(c call) (value, string) {
		return boolOf(text.Contains(c.text(0), c.text(1))), ""
	}},
}

// tooLong is the failure of a function whose result would be too long.
var tooLong = "the result is longer than " + strconv.Itoa(MaxTextBytes>>20) + " MiB"

// textFunction is a function of one string that gives a string.
func textFunction(name string, compute func(c call) string) function {
	return function{name: name, params: []param{stringParam}, result: TypeString, cost: 2, slow: 8, call: func(c call) (value, string) {
		return textOf(compute(c)), ""
	}}
}

// unless returns the failure if ok is false.
func unless(ok bool, failure string) string {
	if ok {
		return ""
	}
	return failure
}

// atLeast is a whole number with a lower bound for literals.
func atLeast(least int64, what string) param {
	return param{typ: TypeInteger, check: func(literal value) string {
		return unless(literal.float() >= float64(least), what+" must be at least "+strconv.FormatInt(least, 10))
	}}
}

// notEmpty judges a literal that must not be the empty string.
func notEmpty(literal value) string {
	return unless(literal.text != "", "the text to be replaced must not be empty")
}

// choiceFunctions choose one of their arguments.
var choiceFunctions = []function{
	{name: "isEmpty", params: []param{{typ: TypeUnknown, null: true}}, result: TypeBoolean, cost: 1, call: func(c call) (value, string) {
		return boolOf(isEmpty(c.args[0])), ""
	}},
	{name: "if", params: []param{{typ: TypeBoolean}, stringParam, stringParam}, result: TypeString, cost: 1, call: func(c call) (value, string) {
		if c.args[0].truth() {
			return c.args[1], ""
		}
		return c.args[2], ""
	}},
	{name: "coalesce", params: []param{{typ: TypeUnknown, null: true}}, variadic: true, like: true, cost: 1, call: func(c call) (value, string) {
		for _, v := range c.args {
			if !isEmpty(v) {
				return v, ""
			}
		}
		return c.args[len(c.args)-1], ""
	}},
	{name: "chooseRandomText", params: []param{stringParam}, variadic: true, result: TypeString, cost: 2, call: func(c call) (value, string) {
		return c.args[rand.IntN(len(c.args))], "" //nolint:gosec // a choice of words is no secret
	}},
}

// isEmpty reports whether v is null, a text without anything but white space, or
// an array without elements.
func isEmpty(v value) bool {
	switch v.kind {
	case nullValue:
		return true
	case textValue:
		return text.IsBlank(v.text)
	case arrayValue:
		return len(v.object.values) == 0
	}
	return false
}

// encodingFunctions write a value for a place where it would mean something
// else, or digest it.
var encodingFunctions = []function{
	bounded("toBase64", text.Base64),
	bounded("toHexadecimal", text.Hex),
	digest("md5", text.MD5),
	digest("sha1", text.SHA1),
	digest("sha256", func(s string) (string, bool) { return text.SHA256(s), true }),
	digest("sha512", func(s string) (string, bool) { return text.SHA512(s), true }),
	escaping("urlEncode", escape.Percent, markPercent),
	escaping("jsonEscape", escape.JSONString, markJSONText),
	escaping("xmlEscape", escape.XMLAttribute, markXML),
	{name: "json", params: []param{{typ: TypeUnknown, null: true}}, result: TypeString, cost: 2, call: func(c call) (value, string) {
		out, ok := c.run.appendJSON(nil, c.expr, c.args[0])
		if !ok {
			return value{}, ""
		}
		return marked(string(out), markJSON), ""
	}},
	{name: "raw", params: []param{{typ: TypePrimitive}}, result: TypeString, cost: 1, call: func(c call) (value, string) {
		if c.args[0].kind == textValue {
			return marked(c.text(0), markRaw), ""
		}
		out, ok := c.run.appendText(nil, c.expr.args[0], c.args[0])
		if !ok {
			return value{}, ""
		}
		return marked(string(out), markRaw), ""
	}},
}

// bounded is a function of one string whose result is longer than it.
func bounded(name string, compute func(s string, maxBytes int) (string, bool)) function {
	return function{name: name, params: []param{stringParam}, result: TypeString, cost: 2, call: func(c call) (value, string) {
		s, ok := compute(c.text(0), MaxTextBytes)
		return textOf(s), unless(ok, tooLong)
	}}
}

// digest is a function that gives a digest of a string.
func digest(name string, compute func(s string) (string, bool)) function {
	return function{name: name, params: []param{stringParam}, result: TypeString, cost: 12, slow: 2, call: func(c call) (value, string) {
		s, ok := compute(c.text(0))
		return textOf(s), unless(ok, "this installation does not allow it, since it runs in FIPS 140 mode")
	}}
}

// escaping is a function that escapes a string.
func escaping(name string, mode escape.Mode, m mark) function {
	return function{name: name, params: []param{stringParam}, result: TypeString, cost: 2, slow: 2, call: func(c call) (value, string) {
		return marked(string(escape.Append(nil, c.text(0), mode)), m), ""
	}}
}
