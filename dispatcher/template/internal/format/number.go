package format

import (
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
)

// MaxPrecision bounds the digits that a standard format such as N2 asks for.
const MaxPrecision = 1000

// noPrecision is the precision of a standard format that is just a letter.
const noPrecision = -1

// Number appends a number in a standard or custom format. Standard is one letter
// with digits behind it, or nothing, which is G; all else is custom:
//
//	C currency   E exponent   F fixed point   G general   N groups   P percent
//
// All rounding is half away from zero, and zero has no sign. Errors are: a letter
// that is none of these, a precision above [MaxPrecision], and a number whose
// exponent would add more than [decimal.MaxAddedZeros] zeros.
func Number(dst []byte, d decimal.Decimal, format string, c *Culture) ([]byte, error) {
	format, _, _ = strings.Cut(format, "\x00") // which ends a format in .NET
	letter, precision, standard, err := parseStandard(format)
	if err != nil {
		return dst, err
	}
	if !standard {
		return appendCustom(dst, d, format, c)
	}
	var buffer [40]byte
	n := read(d, buffer[:0])
	switch letter {
	case 'E', 'e':
		return n.appendScientific(dst, letter, precision, c), nil
	case 'G', 'g':
		return n.appendGeneral(dst, letter, precision, c)
	}
	if n.tooLong() {
		return dst, errExponent
	}
	return n.appendPattern(dst, letter, precision, c), nil
}

// CheckNumber tells what is wrong with a number format, by trying it on zero.
func CheckNumber(format string) error {
	_, err := Number(nil, decimal.Decimal{}, format, invariant)
	return err
}

// parseStandard takes a standard format apart: a letter and at most nine digits.
// It fails for letters that decimals do not have and for a precision that is too
// large.
func parseStandard(format string) (letter byte, precision int, standard bool, err error) {
	if format == "" {
		return 'G', noPrecision, true, nil
	}
	letter = format[0]
	if !isLetter(letter) || len(format) > 1+maxPrecisionDigits {
		return 0, 0, false, nil
	}
	precision = noPrecision
	for i := 1; i < len(format); i++ {
		if format[i] < '0' || format[i] > '9' {
			return 0, 0, false, nil
		}
		precision = max(precision, 0)*10 + int(format[i]-'0')
	}
	if strings.IndexByte("CEFGNPcefgnp", letter) < 0 {
		return 0, 0, false, errNumberLetter
	}
	if precision > MaxPrecision {
		return 0, 0, false, errPrecision
	}
	return letter, precision, true, nil
}

// maxPrecisionDigits is how many digits a standard format has at most; with more
// it is a custom one.
const maxPrecisionDigits = 9

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// appendPattern appends the formats that have a sign and a fixed number of
// places: C, F, N and P.
func (d digits) appendPattern(dst []byte, letter byte, precision int, c *Culture) []byte {
	places, group := c.places, c.group
	positive, negative := "n", "-n"
	switch letter | 0x20 {
	case 'c':
		places, positive, negative = currencyPlaces, c.currencyPositive, c.currencyNegative
	case 'f':
		group = ""
	case 'p':
		positive, negative = c.percentPositive, c.percentNegative
		d.point += 2
	}
	if precision != noPrecision {
		places = precision
	}
	d = d.round(d.point + places)
	pattern := positive
	if d.negative {
		pattern = negative
	}
	for i := range len(pattern) {
		switch pattern[i] {
		case 'n':
			dst = d.appendFixed(dst, places, group, c.decimal)
		case '-':
			dst = append(dst, negativeSign...)
		case '$':
			dst = append(dst, c.currency...)
		default:
			dst = append(dst, pattern[i])
		}
	}
	return dst
}

// appendScientific appends format E.
func (d digits) appendScientific(dst []byte, letter byte, precision int, c *Culture) []byte {
	if precision == noPrecision {
		precision = 6
	}
	d = d.round(precision + 1)
	if d.negative {
		dst = append(dst, negativeSign...)
	}
	dst = append(dst, d.at(0))
	if precision > 0 {
		dst = append(dst, c.decimal...)
	}
	for i := range precision {
		dst = append(dst, d.at(i+1))
	}
	return appendExponent(dst, letter, d.exponent(), 3, true)
}

// exponent returns the exponent with one digit before the point.
func (d digits) exponent() int {
	if len(d.digits) == 0 {
		return 0
	}
	return d.point - 1
}

// appendGeneral appends format G. Without a precision that is the number in
// full; with one it has that many significant digits, and an exponent where they
// do not reach the point or the number is below 0.0001. G0 keeps all digits but
// drops zeros at the end.
func (d digits) appendGeneral(dst []byte, letter byte, precision int, c *Culture) ([]byte, error) {
	scientific := false
	if precision == noPrecision {
		if d.tooLong() || -d.point > decimal.MaxAddedZeros {
			return dst, errExponent
		}
	} else {
		if precision == 0 {
			if d.tooLong() {
				return dst, errExponent
			}
			precision = max(len(d.digits), d.point)
		}
		d = d.round(precision)
		scientific = d.point > precision || d.point < -3
	}
	if d.negative {
		dst = append(dst, negativeSign...)
	}
	if !scientific {
		return d.appendFixed(dst, max(len(d.digits)-d.point, 0), "", c.decimal), nil
	}
	dst = append(dst, d.at(0))
	if len(d.digits) > 1 {
		dst = append(append(dst, c.decimal...), d.digits[1:]...)
	}
	return appendExponent(dst, letter+'E'-'G', d.exponent(), 2, true), nil
}
