package decimal

import (
	"slices"
	"strconv"
	"strings"
)

// AppendTo appends the number in full: all its digits and places, no exponent,
// and no sign for zero. The separator is written for the point. It reports
// false, with nothing appended, for an exponent that would add more than
// [MaxAddedZeros] zeros.
func (d Decimal) AppendTo(dst []byte, separator string) ([]byte, bool) {
	if d.text == "" {
		return d.appendSmall(dst, separator), true
	}
	if d.isPlain() {
		return append(dst, d.text...), true
	}
	p := d.parts()
	return p.append(dst, separator)
}

// AppendRounded appends what [Decimal.Round] and [Decimal.AppendTo] give.
func (d Decimal) AppendRounded(dst []byte, places int, mode Mode, separator string) ([]byte, bool) {
	if d.text == "" {
		return d.roundSmall(places, mode).appendSmall(dst, separator), true
	}
	if d.isPlain() {
		return append(dst, d.text...), true
	}
	p := d.parts()
	if p.scale <= places {
		return p.append(dst, separator)
	}
	return p.appendRounded(dst, places, mode, separator), true
}

// AppendDigits appends the digits of the number from the first that is not zero
// to the last as written. The point stands behind so many of them; it may lie
// outside: 0.0025 is 25 and -2, 1e3 is 1 and 4. Zero has no digits, no sign,
// and its scale, negated, for the point.
func (d Decimal) AppendDigits(dst []byte) (digits []byte, point int, negative bool) {
	if d.text == "" {
		if d.mantissa == 0 {
			return dst, int(-d.scale), false
		}
		start := len(dst)
		dst = strconv.AppendUint(dst, magnitude(d.mantissa), 10)
		return dst, len(dst) - start - int(d.scale), d.mantissa < 0
	}
	p := d.parts()
	first := p.firstDigit(0)
	dst = append(dst, p.whole[min(first, len(p.whole)):]...)
	dst = append(dst, p.fraction[max(first-len(p.whole), 0):]...)
	if first == p.len() {
		return dst, -p.scale, false
	}
	return dst, p.len() - first - p.scale, p.negative
}

// isPlain reports whether the text is printed as it is.
func (d Decimal) isPlain() bool {
	return d.text != "-0" && !strings.ContainsAny(d.text, ".eE")
}

// append is AppendTo.
func (p *parts) append(dst []byte, separator string) ([]byte, bool) {
	point := p.len() - p.scale
	first := p.firstDigit(0)
	places := max(p.scale, 0)
	if first == p.len() {
		p.negative, point = false, len(p.whole)
	}
	// Zeros between the point and the digits, and behind the digits.
	if -point > MaxAddedZeros || point+places-p.len() > MaxAddedZeros {
		return dst, false
	}
	if p.negative {
		dst = append(dst, '-')
	}
	if p.scale == len(p.fraction) && p.fraction != "" {
		dst = append(append(dst, p.whole...), separator...)
		return append(dst, p.fraction...), true
	}
	return p.appendPlaces(dst, first, point, places, separator), true
}

// appendRounded appends a number that has more places than it may.
func (p *parts) appendRounded(dst []byte, places int, mode Mode, separator string) []byte {
	point := p.len() - p.scale
	first := p.firstDigit(0)
	if first == p.len() {
		p.negative, point = false, p.len()
	}
	if p.negative {
		dst = append(dst, '-')
	}
	start := len(dst)
	dst = p.appendPlaces(dst, first, point, places, separator)
	if p.roundsUp(mode, point+places) {
		dst = increment(dst, start)
	}
	if p.negative && isZero(dst[start:]) {
		dst = slices.Delete(dst, start-1, start)
	}
	return dst
}

// appendPlaces appends the digits from index first on, and at least one before
// the point.
func (p *parts) appendPlaces(dst []byte, first, point, places int, separator string) []byte {
	for i := min(first, point-1); i < point; i++ {
		dst = append(dst, p.digit(i))
	}
	if places > 0 {
		dst = append(dst, separator...)
	}
	for i := point; i < point+places; i++ {
		dst = append(dst, p.digit(i))
	}
	return dst
}

// increment adds one to the last place of the number at the end of dst.
func increment(dst []byte, start int) []byte {
	for i := len(dst) - 1; i >= start; i-- {
		switch c := dst[i]; {
		case c == '9':
			dst[i] = '0'
		case '0' <= c && c < '9':
			dst[i]++
			return dst
		}
	}
	return slices.Insert(dst, start, '1')
}

// isZero reports whether a number has no digit but zeros.
func isZero(number []byte) bool {
	return !slices.ContainsFunc(number, func(c byte) bool { return '1' <= c && c <= '9' })
}

// appendSmall is AppendTo of a number that is an int64 and a scale.
func (d Decimal) appendSmall(dst []byte, separator string) []byte {
	if d.scale == 0 {
		return strconv.AppendInt(dst, d.mantissa, 10)
	}
	if d.mantissa < 0 {
		dst = append(dst, '-')
	}
	var buffer [20]byte
	digits := strconv.AppendUint(buffer[:0], magnitude(d.mantissa), 10)
	if d.scale < 0 {
		dst = append(dst, digits...)
		return appendZeros(dst, int(-d.scale))
	}
	point := len(digits) - int(d.scale)
	if point <= 0 {
		dst = append(append(dst, '0'), separator...)
		return append(appendZeros(dst, -point), digits...)
	}
	dst = append(append(dst, digits[:point]...), separator...)
	return append(dst, digits[point:]...)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}
