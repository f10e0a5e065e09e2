package decimal

import (
	"math"
	"strings"
)

// MaxAddedZeros bounds the zeros that the exponent of a number adds when the
// number is written out. 1e308, the largest power of ten that a float64 holds,
// needs 308.
const MaxAddedZeros = 400

// maxExponent is where exponents are cut: past all that the digits of a text
// could balance, and far from overflowing an int.
const maxExponent = 1 << 30

// Decimal is a decimal number with its scale, the number of places it was
// written with. The zero value is 0.
type Decimal struct {
	text     string // a JSON number; if it is empty the number is the following
	mantissa int64  // times ten to the power of -scale
	scale    int32
}

// Parse returns the number of a JSON text. It keeps the text of numbers that are
// long or have an exponent. The text must be a JSON number; of any other the
// value is meaningless.
func Parse(text string) Decimal {
	if d, ok := parseShort(text); ok {
		return d
	}
	return Decimal{text: text}
}

// parseShort reads a number of few digits without an exponent.
func parseShort(text string) (Decimal, bool) {
	var d Decimal
	negative, point := false, len(text)
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			if d.mantissa > (math.MaxInt64-9)/10 {
				return d, false
			}
			d.mantissa = d.mantissa*10 + int64(c-'0')
		case c == '.':
			point = i + 1
		case c == '-':
			negative = true
		default:
			return d, false
		}
	}
	if len(text)-point > maxPlaces {
		return d, false
	}
	d.scale = int32(len(text) - point)
	if negative {
		d.mantissa = -d.mantissa
	}
	return d, true
}

// FromInt returns an integer.
func FromInt(i int64) Decimal { return Decimal{mantissa: i} }

// Scale returns the number of places after the point, trailing zeros included.
// An exponent moves the point: 1.50e1 has one place. It is negative where an
// exponent leaves zeros before the point: -2 for 1e2.
func (d Decimal) Scale() int {
	if d.text == "" {
		return int(d.scale)
	}
	if !strings.ContainsAny(d.text, ".eE") {
		return 0
	}
	return d.parts().scale
}

// IsInteger reports whether the number is written without places: 5 and 1e2
// are integers, 5.0 is none.
func (d Decimal) IsInteger() bool { return d.Scale() <= 0 }

// parts is a number taken apart: its value is the digits of whole and fraction
// with the point scale digits from the right.
type parts struct {
	negative        bool
	whole, fraction string
	scale           int // negative: that many zeros follow
}

// parts takes a number with a text apart.
func (d Decimal) parts() parts {
	var p parts
	text := d.text
	text, p.negative = strings.CutPrefix(text, "-")
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		exponent = parseExponent(text[i+1:])
		text = text[:i]
	}
	p.whole, p.fraction, _ = strings.Cut(text, ".")
	p.scale = len(p.fraction) - exponent
	return p
}

func parseExponent(text string) int {
	digits := strings.TrimLeft(text, "+-")
	exponent := 0
	for _, c := range []byte(digits) {
		exponent = min(exponent*10+int(c-'0'), maxExponent)
	}
	if strings.HasPrefix(text, "-") {
		return -exponent
	}
	return exponent
}

// len returns the number of digits.
func (p *parts) len() int { return len(p.whole) + len(p.fraction) }

// digit returns the digit at i; there are zeros on both sides of the digits.
func (p *parts) digit(i int) byte {
	switch {
	case i < 0 || i >= p.len():
		return '0'
	case i < len(p.whole):
		return p.whole[i]
	default:
		return p.fraction[i-len(p.whole)]
	}
}

// firstDigit returns the index of the first digit from i on that is not zero,
// or the number of digits.
func (p *parts) firstDigit(i int) int {
	for i = max(i, 0); i < p.len(); i++ {
		if p.digit(i) != '0' {
			return i
		}
	}
	return p.len()
}
