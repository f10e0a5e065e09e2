package decimal

// Mode says how to round.
type Mode uint8

// The modes of [Decimal.Round]. They differ on a number that lies exactly
// between two others: HalfAwayFromZero makes 2.5 to 3 and -2.5 to -3,
// HalfToEven makes 2.5 to 2 and 3.5 to 4.
const (
	HalfAwayFromZero Mode = iota
	HalfToEven
	down // toward negative infinity
	up   // toward positive infinity
)

// maxDigits is how many digits always fit into an int64.
const maxDigits = 18

// Round returns the number with at most places (not negative) after the point.
// A number with no more of them is returned as it is, trailing zeros included;
// any other has exactly that many then.
func (d Decimal) Round(places int, mode Mode) Decimal {
	if d.text == "" {
		return d.roundSmall(places, mode)
	}
	p := d.parts()
	if p.scale <= places {
		return d
	}
	var buffer [2 * maxDigits]byte
	digits := p.appendRounded(buffer[:0], places, mode, ".")
	if small, ok := parseSmall(digits, places); ok {
		return small
	}
	return Decimal{text: string(digits)}
}

// Floor returns the greatest number without places that is not greater.
func (d Decimal) Floor() Decimal { return d.Round(0, down) }

// Ceiling returns the least number without places that is not less.
func (d Decimal) Ceiling() Decimal { return d.Round(0, up) }

// Int64 returns the number rounded half to even. It reports false if that is
// no int64.
func (d Decimal) Int64() (int64, bool) {
	d = d.Round(0, HalfToEven)
	if d.text == "" {
		return shift(d.mantissa < 0, magnitude(d.mantissa), int(-d.scale))
	}
	p := d.parts()
	first := p.firstDigit(0)
	if first == p.len() {
		return 0, true
	}
	if p.len()-first > maxDigits+1 {
		return 0, false
	}
	var u uint64 // 19 digits fit
	for i := first; i < p.len(); i++ {
		u = u*10 + uint64(p.digit(i)-'0')
	}
	return shift(p.negative, u, -p.scale)
}

// shift appends zeros to a number.
func shift(negative bool, u uint64, zeros int) (int64, bool) {
	for ; zeros > 0 && u != 0; zeros-- {
		if u > 1<<63/10 {
			return 0, false
		}
		u *= 10
	}
	switch {
	case negative && u <= 1<<63:
		return int64(-u), true
	case !negative && u < 1<<63:
		return int64(u), true
	default:
		return 0, false
	}
}

func magnitude(i int64) uint64 {
	if i < 0 {
		return -uint64(i)
	}
	return uint64(i)
}

// roundSmall is Round of a number that is an int64 and a scale.
func (d Decimal) roundSmall(places int, mode Mode) Decimal {
	if int(d.scale) <= places {
		return d
	}
	u := magnitude(d.mantissa)
	quotient, rest, half := uint64(0), u, -1
	if dropped := int(d.scale) - places; dropped < len(powers) {
		power := powers[dropped]
		quotient, rest = u/power, u%power
		half = compare(rest, power-rest)
	}
	negative := d.mantissa < 0
	if roundsUp(mode, negative, half, quotient%2 == 1, rest != 0) {
		quotient++
	}
	d.mantissa, d.scale = int64(quotient), int32(places)
	if negative {
		d.mantissa = -d.mantissa
	}
	return d
}

// powers are the powers of ten that a uint64 holds.
var powers = func() (p [20]uint64) {
	p[0] = 1
	for i := 1; i < len(p); i++ {
		p[i] = 10 * p[i-1]
	}
	return p
}()

func compare(a, b uint64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// roundsUp reports whether a number is rounded away from zero, given how what
// is cut off compares with one half, whether the last place kept is odd, and
// whether anything but zeros is cut off.
func roundsUp(mode Mode, negative bool, half int, odd, rest bool) bool {
	switch mode {
	case HalfAwayFromZero:
		return half >= 0
	case HalfToEven:
		return half > 0 || half == 0 && odd
	case down:
		return negative && rest
	default:
		return !negative && rest
	}
}

// roundsUp is the same for cutting the digits from index cut on.
func (p *parts) roundsUp(mode Mode, cut int) bool {
	half := -1
	switch c := p.digit(cut); {
	case c > '5':
		half = 1
	case c == '5':
		half = 1
		if mode == HalfAwayFromZero || p.firstDigit(cut+1) == p.len() {
			half = 0
		}
	}
	rest := mode >= down && p.firstDigit(cut) < p.len()
	return roundsUp(mode, p.negative, half, p.digit(cut-1)%2 == 1, rest)
}

// parseSmall reads digits that have the given number of places after their
// point. It reports false for more of them than always fit.
func parseSmall(text []byte, places int) (Decimal, bool) {
	if len(text) > maxDigits || places > maxDigits {
		return Decimal{}, false
	}
	d := Decimal{scale: int32(places)}
	negative := false
	for _, c := range text {
		switch c {
		case '-':
			negative = true
		case '.':
		default:
			d.mantissa = d.mantissa*10 + int64(c-'0')
		}
	}
	if negative {
		d.mantissa = -d.mantissa
	}
	return d, true
}
