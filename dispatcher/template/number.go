package template

import (
	"bytes"
	"slices"
	"strings"
)

// decimal is a number of the data, taken apart but not converted: its value is
// the digits of whole and fraction, with the point scale digits from the right.
type decimal struct {
	negative        bool
	whole, fraction string
	scale           int // negative: that many zeros follow
}

// maxExponent is where exponents are cut. It is past all that [MaxDataBytes]
// digits could balance.
const maxExponent = 1 << 30

// parseDecimal takes a valid JSON number apart.
func parseDecimal(text string) decimal {
	var d decimal
	text, d.negative = strings.CutPrefix(text, "-")
	exponent := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		digits := strings.TrimLeft(text[i+1:], "+-")
		for _, c := range []byte(digits) {
			exponent = min(exponent*10+int(c-'0'), maxExponent)
		}
		if text[i+1] == '-' {
			exponent = -exponent
		}
		text = text[:i]
	}
	d.whole, d.fraction, _ = strings.Cut(text, ".")
	d.scale = len(d.fraction) - exponent
	return d
}

// len returns the number of digits.
func (d decimal) len() int { return len(d.whole) + len(d.fraction) }

// digit returns the digit at i; there are zeros on both sides of the digits.
func (d decimal) digit(i int) byte {
	switch {
	case i < 0 || i >= d.len():
		return '0'
	case i < len(d.whole):
		return d.whole[i]
	default:
		return d.fraction[i-len(d.whole)]
	}
}

// leadingZeros returns the number of zeros before the first other digit.
func (d decimal) leadingZeros() int {
	for i := range d.len() {
		if d.digit(i) != '0' {
			return i
		}
	}
	return d.len()
}

// appendNumber writes a JSON number as the language prints it. Integers keep
// all their digits. A number with a fraction keeps up to two places as they
// are, also zeros; more are rounded to two, half away from zero. Zero has no
// sign. An exponent moves the point: 1.50e1 is 15.0. It reports false for an
// exponent that would add more than [MaxAddedZeros] zeros.
func appendNumber(dst []byte, text string) ([]byte, bool) {
	if text != "-0" && !strings.ContainsAny(text, ".eE") {
		return append(dst, text...), true
	}
	d := parseDecimal(text)
	places := min(max(d.scale, 0), 2)
	point := d.len() - d.scale // index of the first digit after the point
	first := d.leadingZeros()
	if first == d.len() { // zero has as many places as it was written with
		d.negative, point = false, d.len()
	} else if -d.scale > MaxAddedZeros {
		return dst, false
	}
	if d.negative {
		dst = append(dst, '-')
	}
	start := len(dst)
	for i := min(first, point-1); i < point+places; i++ {
		if i == point {
			dst = append(dst, '.')
		}
		dst = append(dst, d.digit(i))
	}
	if d.scale > 2 && d.digit(point+2) >= '5' {
		dst = increment(dst, start)
	}
	if d.negative && len(bytes.Trim(dst[start:], "0.")) == 0 {
		dst = slices.Delete(dst, start-1, start)
	}
	return dst, true
}

// increment adds one to the last place of the number at the end of dst.
func increment(dst []byte, start int) []byte {
	for i := len(dst) - 1; i >= start; i-- {
		switch dst[i] {
		case '.':
		case '9':
			dst[i] = '0'
		default:
			dst[i]++
			return dst
		}
	}
	return slices.Insert(dst, start, '1')
}
