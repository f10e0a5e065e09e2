package template

import (
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// exactText writes a number by way of big.Rat, whose FloatString also rounds
// half away from zero.
func exactText(t *testing.T, text string) string {
	t.Helper()
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%s is no number", text)
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	_, fraction, _ := strings.Cut(mantissa, ".")
	shift, _ := strconv.Atoi(exponent)
	got := r.FloatString(min(max(len(fraction)-shift, 0), 2))
	if strings.Trim(got, "-0.") == "" {
		got = strings.TrimPrefix(got, "-")
	}
	return got
}

// TestNumbersAgainstBigRat compares random numbers with exact arithmetic.
func TestNumbersAgainstBigRat(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte("0099951234"[random.IntN(10)])
		}
		return b.String()
	}
	for range 20_000 {
		text := strings.TrimLeft(digits(random.IntN(22)), "0")
		if text == "" {
			text = "0"
		}
		if random.IntN(2) == 0 {
			text = "-" + text
		}
		if random.IntN(3) > 0 {
			text += "." + digits(1+random.IntN(6))
		}
		if random.IntN(3) == 0 {
			text += "e" + strconv.Itoa(random.IntN(30)-15)
		}
		got, ok := appendNumber([]byte("9"), text)
		if want := "9" + exactText(t, text); !ok || string(got) != want {
			t.Fatalf("%s is written as %s, %v, want %s", text, got, ok, want)
		}
	}
}
