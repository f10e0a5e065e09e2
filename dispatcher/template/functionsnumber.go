package template

import (
	"math/rand/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/text"
)

// numberFunctions are the functions on numbers.
var numberFunctions = []function{
	{name: "floor", params: []param{decimalParam}, result: TypeDecimal, cost: 2, slow: 8, call: func(c call) (value, string) {
		return wholeOf(c.args[0], decimal.Decimal.Floor)
	}},
	{name: "ceiling", params: []param{decimalParam}, result: TypeDecimal, cost: 2, slow: 8, call: func(c call) (value, string) {
		return wholeOf(c.args[0], decimal.Decimal.Ceiling)
	}},
	{
		name: "formatDecimal", params: []param{decimalParam, formatParam(format.CheckNumber)}, result: TypeString, cost: 16, slow: 8,
		call: func(c call) (value, string) {
			d, _ := c.args[0].decimal()
			out, err := format.Number(nil, d, c.text(1), c.run.culture)
			return formatted(out, err)
		},
	},
	{name: "forms", params: []param{decimalParam, stringParam, stringParam, stringParam}, result: TypeString, cost: 2, call: form},
	{name: "forms", params: []param{decimalParam, stringParam, stringParam}, result: TypeString, cost: 2, call: form},
	{name: "appendForms", params: []param{decimalParam, stringParam, stringParam, stringParam}, result: TypeString, cost: 6, call: appendForm},
	{name: "appendForms", params: []param{decimalParam, stringParam, stringParam}, result: TypeString, cost: 6, call: appendForm},
	{name: "getRandomNumber", params: []param{integerParam, integerParam}, result: TypeInteger, cost: 2, call: func(c call) (value, string) {
		from, to := c.int(0), c.int(1)
		if from > to {
			return value{}, "the first number must not be larger than the second"
		}
		return intOf(from + int64(random(uint64(to)-uint64(from)))), "" //nolint:gosec // wraps as it should
	}},
}

// random returns a number from 0 to last.
func random(last uint64) uint64 {
	if last == 1<<64-1 {
		return rand.Uint64()
	}
	return rand.Uint64N(last + 1)
}

// wholeOf rounds a number to a whole one.
func wholeOf(v value, round func(decimal.Decimal) decimal.Decimal) (value, string) {
	d, _ := v.decimal()
	whole, ok := decimalOf(round(d))
	return whole, unless(ok, tooManyZeros)
}

// tooManyZeros is the failure of a function whose result cannot be written.
const tooManyZeros = "the number is too large to write out"

// formatParam is a parameter that takes a format. One that is a literal is tried
// before there is data.
func formatParam(check func(format string) error) param {
	return param{typ: TypeString, check: func(literal value) string {
		if err := check(literal.text); err != nil {
			return err.Error()
		}
		return ""
	}}
}

// formatted is the result of a function that formats.
func formatted(out []byte, err error) (value, string) {
	if err != nil {
		return value{}, err.Error()
	}
	return textOf(string(out)), ""
}

// form returns the form of a noun that goes with the number before it: of two
// forms by the rule of English, of three by that of Russian.
func form(c call) (value, string) {
	d, _ := c.args[0].decimal()
	n, ok := d.Int64()
	if !ok {
		return value{}, "the number has more than 64 bits"
	}
	forms := c.args[1:]
	if len(forms) == 2 {
		if text.PluralEnglish(n) == text.FormOne {
			return forms[0], ""
		}
		return forms[1], ""
	}
	return forms[text.PluralRussian(n)], ""
}

// appendForm returns the number in full and the form that goes with it.
func appendForm(c call) (value, string) {
	noun, failure := form(c)
	if failure != "" {
		return noun, failure
	}
	d, _ := c.args[0].decimal()
	out, ok := d.AppendTo(nil, c.run.culture.DecimalSeparator())
	return textOf(string(append(append(out, ' '), noun.text...))), unless(ok, tooManyZeros)
}
