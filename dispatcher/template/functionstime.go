package template

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// timeFunctions are the functions on dates and time spans.
var timeFunctions = []function{
	{name: "now", params: nil, result: TypeDateTime, cost: 2, call: func(call) (value, string) {
		date, ok := format.FromTime(time.Now().UTC())
		return dateOf(date), unless(ok, yearsOnly)
	}},
	later("addDays", format.DateTime.AddDays),
	later("addHours", format.DateTime.AddHours),
	datePart("getDay", func(d format.DateTime) int64 { return int64(d.Day()) }),
	datePart("getMonth", func(d format.DateTime) int64 { return int64(d.Month()) }),
	datePart("getYear", func(d format.DateTime) int64 { return int64(d.Year()) }),
	datePart("toUnixTimeStamp", format.DateTime.Unix),
	{
		name: "formatDateTime", params: []param{dateParam, formatParam(format.CheckDate)}, result: TypeString, cost: 12, slow: 16,
		call: func(c call) (value, string) {
			return formatted(format.Date(nil, c.args[0].date(), c.text(1), c.run.culture))
		},
	},
	{
		name: "formatTime", params: []param{{typ: TypeTimeSpan}, formatParam(format.CheckTime)}, result: TypeString, cost: 12, slow: 16,
		call: func(c call) (value, string) {
			return formatted(format.Time(nil, format.TimeSpanOf(c.args[0].bits), c.text(1), c.run.culture))
		},
	},
}

// later is a function that moves a date by a number of units.
func later(name string, move func(format.DateTime, float64) (format.DateTime, bool)) function {
	return function{name: name, params: []param{dateParam, decimalParam}, result: TypeDateTime, cost: 2, call: func(c call) (value, string) {
		d, ok := move(c.args[0].date(), c.args[1].float())
		return dateOf(d), unless(ok, yearsOnly)
	}}
}

// yearsOnly is the failure of a function whose result would be no date.
const yearsOnly = "the date is not between the years 1 and 9999"

// datePart is a function that gives a number about a date.
func datePart(name string, part func(format.DateTime) int64) function {
	return function{name: name, params: []param{dateParam}, result: TypeInteger, cost: 2, call: func(c call) (value, string) {
		return intOf(part(c.args[0].date())), ""
	}}
}
