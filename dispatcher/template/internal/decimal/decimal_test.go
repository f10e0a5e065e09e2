package decimal

import (
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// full is what AppendTo gives behind something else.
func full(t *testing.T, d Decimal) string {
	t.Helper()
	got, ok := d.AppendTo([]byte("9"), ".")
	if !ok {
		t.Fatalf("%v has too many zeros", d)
	}
	return string(got[1:])
}

func TestAppendTo(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0", "-0": "0", "0.00": "0.00", "-0.00": "0.00", "0e3": "0", "0e-2": "0.00", "-0e99999": "0", "-0.0e5": "0", "0.00e1": "0.0",
		"5": "5", "-17": "-17", "10.00": "10.00", "-0.5": "-0.5", "1e2": "100", "1.50e1": "15.0",
		"-1.5E-3": "-0.0015", "12e-2": "0.12", "1.005": "1.005", "1E+3": "1000",
		"12345678901234567890123456789.000": "12345678901234567890123456789.000",
		"1e400":                             "1" + strings.Repeat("0", 400),
		"1e-400":                            "0." + strings.Repeat("0", 399) + "1",
	} {
		if got := full(t, Parse(text)); got != want {
			t.Errorf("%s is written as %s, want %s", text, got, want)
		}
	}
	if got, _ := Parse("-1234.5").AppendTo(nil, "::"); string(got) != "-1234::5" {
		t.Errorf("with a separator of two characters: %s", got)
	}
	for _, text := range []string{"1e401", "1e-402", "0e-402", "-1e999999999999999999999", "1e-999999999999999999999"} {
		if got, ok := Parse(text).AppendTo([]byte("x"), "."); ok || string(got) != "x" {
			t.Errorf("%s is written as %.20q, %v", text, got, ok)
		}
	}
}

// TestAppendRounded has the printing rule of the language: two places, half away
// from zero or, for results of arithmetic, half to even.
func TestAppendRounded(t *testing.T) {
	for _, c := range []struct{ text, away, even string }{
		{"10.00", "10.00", "10.00"},
		{"10.5", "10.5", "10.5"},
		{"4711", "4711", "4711"},
		{"2.999", "3.00", "3.00"},
		{"2.004", "2.00", "2.00"},
		{"2.489090", "2.49", "2.49"},
		{"1.005", "1.01", "1.00"},
		{"1.0050", "1.01", "1.00"},
		{"1.00501", "1.01", "1.01"},
		{"0.125", "0.13", "0.12"},
		{"-0.135", "-0.14", "-0.14"},
		{"-0.125", "-0.13", "-0.12"},
		{"-0.004", "0.00", "0.00"},
		{"-0.005", "-0.01", "0.00"},
		{"99.995", "100.00", "100.00"},
		{"9.985", "9.99", "9.98"},
		{"1e-999", "0.00", "0.00"},
		{"-1e-99999999999", "0.00", "0.00"},
		{"0e-500", "0.00", "0.00"},
		{"123456789012345678901.995", "123456789012345678902.00", "123456789012345678902.00"},
		{"123456789012345678901.985", "123456789012345678901.99", "123456789012345678901.98"},
	} {
		d := Parse(c.text)
		for mode, want := range map[Mode]string{HalfAwayFromZero: c.away, HalfToEven: c.even} {
			if got, ok := d.AppendRounded([]byte("9"), 2, mode, "."); !ok || string(got) != "9"+want {
				t.Errorf("%s in mode %d is printed as %s, %v, want %s", c.text, mode, got, ok, want)
			}
			if got := full(t, d.Round(2, mode)); got != want {
				t.Errorf("%s in mode %d is rounded to %s, want %s", c.text, mode, got, want)
			}
		}
	}
	if got, ok := Parse("1e401").AppendRounded([]byte("x"), 2, HalfToEven, "."); ok || string(got) != "x" {
		t.Errorf("1e401 is printed as %.20q, %v", got, ok)
	}
}

func TestFloorAndCeiling(t *testing.T) {
	for _, c := range []struct{ text, floor, ceiling string }{
		{"10.99", "10", "11"},
		{"-1.5", "-2", "-1"},
		{"10.00", "10", "10"},
		{"-0.5", "-1", "0"},
		{"0.5", "0", "1"},
		{"0.00", "0", "0"},
		{"7", "7", "7"},
		{"1e2", "100", "100"},
		{"1e-500", "0", "1"},
		{"-1e-99999999999", "-1", "0"},
		{"99999999999999999999.1", "99999999999999999999", "100000000000000000000"},
		{"-99999999999999999999.1", "-100000000000000000000", "-99999999999999999999"},
	} {
		if got := full(t, Parse(c.text).Floor()); got != c.floor {
			t.Errorf("the floor of %s is %s, want %s", c.text, got, c.floor)
		}
		if got := full(t, Parse(c.text).Ceiling()); got != c.ceiling {
			t.Errorf("the ceiling of %s is %s, want %s", c.text, got, c.ceiling)
		}
	}
}

func TestInt64(t *testing.T) {
	for text, want := range map[string]int64{
		"2.5": 2, "3.5": 4, "-2.5": -2, "5.5": 6, "0.5": 0, "-0": 0, "0.51": 1, "1e3": 1000, "1.5e1": 15,
		"0e999999": 0, "1e-999999": 0, "9e18": 9e18,
		"9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64,
		"9223372036854775807.4": math.MaxInt64, "-9223372036854775808.5": math.MinInt64,
		"922337203685477580.7e1": math.MaxInt64, "92233720368547758070e-1": math.MaxInt64,
	} {
		if got, ok := Parse(text).Int64(); !ok || got != want {
			t.Errorf("%s becomes %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"9223372036854775808", "-9223372036854775809", "9223372036854775807.6", "1e19", "-1e19", "1e999999999999",
		"99999999999999999999", "18446744073709551616", "18446744073709551615",
	} {
		if got, ok := Parse(text).Int64(); ok {
			t.Errorf("%s becomes %d", text, got)
		}
	}
}

func TestScale(t *testing.T) {
	for text, want := range map[string]int{
		"5": 0, "5.0": 1, "-5.25": 2, "1e2": -2, "1.0e1": 0, "1.50e1": 1, "5e-3": 3, "0.000": 3,
	} {
		d := Parse(text)
		if d.Scale() != want || d.IsInteger() != (want <= 0) {
			t.Errorf("%s has scale %d, want %d", text, d.Scale(), want)
		}
	}
	if d := FromInt(math.MinInt64); d.Scale() != 0 || !d.IsInteger() || full(t, d) != "-9223372036854775808" {
		t.Errorf("the least integer is %v", d)
	}
}

// TestFromFloat has the examples of the language, and boundaries.
func TestFromFloat(t *testing.T) {
	tenth, twentieth := 0.1, 4.35 // variables, or the compiler would calculate exactly
	for _, c := range []struct {
		x       float64
		want    string
		integer bool
	}{
		{tenth + 0.2, "0.3", false},
		{twentieth * 100, "435", true},
		{1.0 / 3, "0.333333333333333", false},
		{2.0 / 3, "0.666666666666667", false},
		{-2.0 / 3, "-0.666666666666667", false},
		{1.005, "1.005", false},
		{0.125, "0.125", false},
		{2.5, "2.5", false},
		{10, "10", true},
		{math.Copysign(0, -1), "0", true},
		{12345678901234567, "12345678901234600", true},
		{3.0000000099, "3", true},
		{3.00000001001, "3.00000001001", false},
		{2.9999999999, "2.9999999999", false},
		{1e-9, "0", true},
		{1.5e-8, "0.000000015", false},
		{123456789.123456789, "123456789.123457", false},
		{999999999999999, "999999999999999", true},
		{-999999999999999, "-999999999999999", true},
		{1e15, "1000000000000000", true},
		{999999999999999.5, "1000000000000000", true}, // within no 1e-8, but of 15 digits
		{123456789012344.5, "123456789012344", true},
		{123456789012345.5, "123456789012346", true},
		{-123456789012344.5, "-123456789012344", true},
		{1e28, "1" + strings.Repeat("0", 28), true},
		{7.9228162514264e28, "79228162514264000000000000000", true},
		{math.Nextafter(1<<96, 0), "79228162514264300000000000000", true},
	} {
		got, ok := FromFloat(c.x)
		if !ok || full(t, got) != c.want || got.IsInteger() != c.integer {
			t.Errorf("%v becomes %v, %v, want %s", c.x, got, ok, c.want)
		}
	}
	for _, x := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1 << 96, -1e29} {
		if got, ok := FromFloat(x); ok {
			t.Errorf("%v becomes %v", x, got)
		}
	}
}

func TestFloat64(t *testing.T) {
	for text, want := range map[string]float64{
		"0": 0, "0.1": 0.1, "-12.50": -12.5, "1e3": 1000, "1e999": math.Inf(1), "-1e999": math.Inf(-1), "1e-999": 0,
		"9223372036854775807": math.MaxInt64, "12345678901234567890123": 12345678901234567890123,
		"0.0000000000000000000000000001":  1.0000000000000001e-28, // by division, as in .NET
		"0.00000000000000000000000000001": 1e-29,
	} {
		if got := Parse(text).Float64(); got != want {
			t.Errorf("%s is %v, want %v", text, got, want)
		}
	}
	for _, text := range []string{"-0", "-0.0", "-0e5", "-1e-999"} {
		if got := Parse(text).Float64(); got != 0 || math.Signbit(got) {
			t.Errorf("%s is %v", text, got)
		}
	}
	if got := (Decimal{mantissa: 15, scale: -3}).Float64(); got != 15000 {
		t.Errorf("15e3 is %v", got)
	}
}

// randomNumber returns a JSON number with digits that make rounding hard.
func randomNumber(random *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0099951234"[random.IntN(10)])
		}
		return b.String()
	}
	text := strings.TrimLeft(digits(random.IntN(22)), "0")
	if text == "" {
		text = "0"
	}
	if random.IntN(2) == 0 {
		text = "-" + text
	}
	if random.IntN(3) > 0 {
		text += "." + digits(1+random.IntN(8))
	}
	if random.IntN(3) == 0 {
		text += "e" + strconv.Itoa(random.IntN(30)-15)
	}
	return text
}

// TestAgainstBigRat compares random numbers with exact arithmetic.
func TestAgainstBigRat(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		checkAgainstBigRat(t, randomNumber(random), random.IntN(5))
	}
}

// checkAgainstBigRat compares all operations on one number.
func checkAgainstBigRat(t *testing.T, text string, places int) {
	t.Helper()
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%s is no number", text)
	}
	d := Parse(text)
	same := func(what string, got Decimal, want *big.Rat) {
		t.Helper()
		written := full(t, got)
		r, ok := new(big.Rat).SetString(written)
		if !ok || r.Cmp(want) != 0 || strings.HasPrefix(written, "-") != (want.Sign() < 0) {
			t.Fatalf("%s of %s is %s, want %s", what, text, written, want.RatString())
		}
	}
	same("all", d, exact)
	same("floor", d.Floor(), floor(exact))
	negated := new(big.Rat).Neg(exact)
	same("ceiling", d.Ceiling(), new(big.Rat).Neg(floor(negated)))
	for _, mode := range []Mode{HalfAwayFromZero, HalfToEven} {
		same("rounding", d.Round(places, mode), exactRound(exact, places, mode))
		// Results round again, from another representation.
		same("rounding twice", d.Round(places+2, mode).Round(places, mode),
			exactRound(exactRound(exact, places+2, mode), places, mode))
		short, ok := d.AppendRounded(nil, places, mode, ".")
		if want := full(t, d.Round(places, mode)); !ok || string(short) != want {
			t.Fatalf("%s rounds to %s and is printed as %s, %v", text, want, short, ok)
		}
	}
	whole := exactRound(exact, 0, HalfToEven).Num()
	if got, ok := d.Int64(); ok != whole.IsInt64() || ok && got != whole.Int64() {
		t.Fatalf("%s becomes %d, %v, want %s", text, got, ok, whole)
	}
	digits, point, negative := d.AppendDigits(nil)
	value, _ := new(big.Rat).SetString("0." + string(digits) + "0e" + strconv.Itoa(point))
	if negative {
		value.Neg(value)
	}
	if value.Cmp(exact) != 0 || len(digits) > 0 && digits[0] == '0' {
		t.Fatalf("%s has the digits %s and the point at %d", text, digits, point)
	}
}

func floor(r *big.Rat) *big.Rat {
	// Div rounds toward negative infinity for positive denominators.
	return new(big.Rat).SetInt(new(big.Int).Div(r.Num(), r.Denom()))
}

func exactRound(r *big.Rat, places int, mode Mode) *big.Rat {
	unit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	scaled := new(big.Rat).Mul(new(big.Rat).Abs(r), unit)
	whole := floor(scaled)
	rest := new(big.Rat).Sub(scaled, whole)
	up := rest.Cmp(big.NewRat(1, 2))
	if up > 0 || up == 0 && (mode == HalfAwayFromZero || whole.Num().Bit(0) == 1) {
		whole.Add(whole, big.NewRat(1, 1))
	}
	if r.Sign() < 0 {
		whole.Neg(whole)
	}
	return whole.Quo(whole, unit)
}

// TestLinear has numbers of a million digits, which anything slower than linear
// does not finish in time.
func TestLinear(t *testing.T) {
	const million = 1_000_000
	nines := strings.Repeat("9", million)
	start := time.Now()
	for _, text := range []string{nines, nines + "." + nines, "0." + nines, "-0." + strings.Repeat("0", million) + "1", nines + "e-" + strconv.Itoa(million)} {
		d := Parse(text)
		for _, r := range []Decimal{d, d.Round(2, HalfAwayFromZero), d.Round(1000, HalfToEven), d.Floor(), d.Ceiling()} {
			if got, ok := r.AppendTo(nil, "."); !ok || len(got) > len(text)+2 {
				t.Errorf("%.20s of %d digits is written with %d", text, len(text), len(got))
			}
		}
		d.Int64()
		d.Float64()
		d.AppendDigits(nil)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestNoAllocations(t *testing.T) {
	buffer := make([]byte, 0, 100)
	for _, text := range []string{"4711", "1234.50", "2.489090", "-0.00", "1.5e3"} {
		allocations := testing.AllocsPerRun(100, func() {
			d := Parse(text)
			d.AppendRounded(buffer, 2, HalfAwayFromZero, ",")
			d.AppendTo(buffer, ",")
			d.Int64()
			x, _ := FromFloat(d.Float64() * 1.1)
			x.AppendRounded(buffer, 2, HalfToEven, ",")
			d.Round(2, HalfToEven).AppendTo(buffer, ".")
		})
		if allocations > 0 {
			t.Errorf("%s allocates %v times", text, allocations)
		}
	}
}

func BenchmarkAppendRounded(b *testing.B) {
	for _, text := range []string{"1234.50", "4711", "2.489090"} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = Parse(text).AppendRounded(dst[:0], 2, HalfAwayFromZero, ".")
			}
		})
	}
}

func BenchmarkFromFloat(b *testing.B) {
	b.ReportAllocs()
	x := 1234.567
	for b.Loop() {
		d, _ := FromFloat(x)
		x += d.Float64() * 1e-9
	}
}
