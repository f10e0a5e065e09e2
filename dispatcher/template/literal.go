package template

import (
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
)

// literalValue returns the value of a plain number or string.
func literalValue(e expr) value {
	if e, ok := e.(*textExpr); ok {
		return textOf(e.text())
	}
	return floatOf(e.(*numberExpr).float)
}

// literalText returns a plain number or string as the name of a member of the
// data. Numbers are the same if their values are: 5.0 is 5.
func literalText(e expr) string {
	if e, ok := e.(*textExpr); ok {
		return e.text()
	}
	whole, fraction, _ := strings.Cut(e.(*numberExpr).source, ".")
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction == "" {
		return whole
	}
	return whole + "." + fraction
}

// takeCount returns how many elements a method takes of an array, if it is
// Take(n) with a whole number.
func takeCount(key string, args []expr) (int64, bool) {
	if key != "TAKE" || len(args) != 1 {
		return 0, false
	}
	n, ok := args[0].(*numberExpr)
	if !ok || n.static() != TypeInteger {
		return 0, false
	}
	count, ok := decimal.Parse(literalText(n)).Int64()
	return count, ok
}
