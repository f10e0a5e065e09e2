package decimal

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"
)

// FuzzParse wants no panic of any text, and of JSON numbers exact results.
func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "-0.00", "1234.50", "2.489090", "1e2", "1e", "-", "", ".", "1e999", "99.995", "0.5e-3", "--1", "1.2.3e4e5", "9223372036854775807.5"} {
		f.Add(text, 2)
	}
	f.Fuzz(func(t *testing.T, text string, places int) {
		places = int(uint(places) % 50)
		d := Parse(text)
		for _, r := range []Decimal{d, d.Round(places, HalfAwayFromZero), d.Floor(), d.Ceiling()} {
			if got, _ := r.AppendTo(nil, "."); len(got) > len(text)+MaxAddedZeros+3 {
				t.Fatalf("%q is written with %d bytes", text, len(got))
			}
			r.Int64()
			r.Float64()
			r.IsInteger()
			r.AppendDigits(nil)
		}
		if !isNumber(text) {
			return
		}
		_, exponent, _ := strings.Cut(strings.ToLower(text), "e")
		if _, ok := d.AppendTo(nil, "."); ok && len(text) < 500 && len(exponent) < 5 {
			checkAgainstBigRat(t, text, places)
		}
	})
}

// isNumber reports whether the text is just a JSON number.
func isNumber(text string) bool {
	return text != "" && strings.Trim(text, "+-.eE0123456789") == "" && json.Valid([]byte(text))
}

// FuzzFromFloat wants results within half a unit of the fifteenth digit, and the
// scale and the range as promised.
func FuzzFromFloat(f *testing.F) {
	for _, x := range []float64{0, 0.1, 1.0 / 3, 1e15, 1e28, 1 << 96, 3.00000001, 12345678901234567, -0.000000015, math.Inf(1)} {
		f.Add(x)
	}
	f.Fuzz(func(t *testing.T, x float64) {
		d, ok := FromFloat(x)
		if want := math.Abs(x) < 1<<96; ok != want {
			t.Fatalf("%v gives %v", x, ok)
		}
		if !ok {
			return
		}
		written, _ := d.AppendTo(nil, ".")
		got, ok := new(big.Rat).SetString(string(written))
		if !ok || d.Scale() > maxPlaces || strings.HasPrefix(string(written), "-0") && got.Sign() == 0 {
			t.Fatalf("%v becomes %s", x, written)
		}
		exact := new(big.Rat).SetFloat64(x)
		off := new(big.Rat).Sub(got, exact)
		off.Abs(off)
		if d.IsInteger() && math.Abs(x) < exactIntegers && off.Cmp(big.NewRat(1, 100_000_000)) < 0 {
			return
		}
		// Scaling in floating point is not exact, so allow a little more than half.
		allowed := new(big.Rat).Mul(new(big.Rat).Abs(exact), new(big.Rat).SetFloat64(0.51e-14))
		if off.Cmp(allowed) > 0 {
			t.Fatalf("%v becomes %s", x, written)
		}
		if digits := strings.Trim(strings.Replace(string(written), ".", "", 1), "-0"); len(digits) > significant {
			t.Fatalf("%v becomes %s, with %d digits", x, written, len(digits))
		}
	})
}
