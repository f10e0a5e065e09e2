package decimal

import (
	"math"
	"strconv"
)

// How results of arithmetic become decimals again.
const (
	// exactIntegers is the least power of ten beyond which a float64 has no
	// fraction worth the name, and tolerance how far from an integer a result
	// may be to become it.
	exactIntegers = 1e15
	tolerance     = 1e-8

	// tooLarge is 2 to the power of 96, the first integer that a decimal of 96
	// bits does not hold: 79,228,162,514,264,337,593,543,950,336.
	tooLarge = 1 << 96

	// A result has this many significant digits and at most so many places.
	significant = 15
	maxPlaces   = 28
)

// FromFloat returns the decimal number for a result of arithmetic: what
// truncation leaves of x, if that is less than 1e-8 away and x has at most 15
// digits before the point; otherwise x rounded, half to even, to 15 significant
// digits and at most 28 places, without zeros at the end. It reports false for
// what is no number, and from 2^96 on.
//
// The rounding is done as in .NET's conversion of a double to a decimal, by
// scaling in floating point: the two agree on every last digit.
func FromFloat(x float64) (Decimal, bool) {
	if math.IsNaN(x) || math.Abs(x) >= tooLarge {
		return Decimal{}, false
	}
	whole := math.Trunc(x)
	if math.Abs(x) < exactIntegers && math.Abs(x-whole) < tolerance {
		return FromInt(int64(whole)), true
	}
	scaled, power := scale(math.Abs(x))
	mantissa := int64(math.RoundToEven(scaled))
	for power > 0 && mantissa%10 == 0 {
		mantissa, power = mantissa/10, power-1
	}
	if x < 0 {
		mantissa = -mantissa
	}
	return Decimal{mantissa: mantissa, scale: int32(power)}, true
}

// scale multiplies a positive number by the power of ten that leaves 15 digits
// before the point, fewer where that would need more than 28 places.
func scale(x float64) (scaled float64, power int) {
	_, exponent := math.Frexp(x)
	// 19728 is log10(2) times 2^16: the estimate is at most one too small.
	power = min(significant-1-(exponent*19728)>>16, maxPlaces)
	switch {
	case power >= 0:
		x *= float64Powers[power]
	case power == -1 && x < exactIntegers:
		power = 0
	default:
		x /= float64Powers[-power]
	}
	if x < exactIntegers/10 && power < maxPlaces {
		x *= 10
		power++
	}
	return x, power
}

// float64Powers are the powers of ten up to 10^28, each the nearest float64.
var float64Powers = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19,
	1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28,
}

// Float64 returns the number as the language calculates with it. Numbers of at
// most 18 digits and 28 places are divided by their power of ten, as .NET does;
// all others are the nearest float64, infinite beyond its range. Zero has no
// sign.
func (d Decimal) Float64() float64 {
	if d.text == "" {
		return d.smallFloat64()
	}
	x, _ := strconv.ParseFloat(d.text, 64) // an error means infinity
	if x == 0 {
		return 0
	}
	return x
}

func (d Decimal) smallFloat64() float64 {
	x := float64(d.mantissa)
	if d.scale < 0 {
		return x * float64Powers[-d.scale]
	}
	return x / float64Powers[d.scale]
}
