package format

import "github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"

// digits is a number on its way into a format: the value is 0.digits times ten
// to the power of point. Zero has no digits. It is passed by value so that its
// digits can stay on the stack.
type digits struct {
	negative bool
	digits   []byte // the first is not 0
	point    int
}

// read returns the digits of a number, in the buffer if they fit.
func read(d decimal.Decimal, buffer []byte) digits {
	var n digits
	n.digits, n.point, n.negative = d.AppendDigits(buffer)
	return n
}

// at returns the digit that stands i places behind the first one; there are
// zeros on both sides.
func (d digits) at(i int) byte {
	if i < 0 || i >= len(d.digits) {
		return '0'
	}
	return d.digits[i]
}

// round keeps that many digits, half away from zero, and drops zeros at the
// end. What becomes zero has no sign.
func (d digits) round(keep int) digits {
	cut := min(max(keep, 0), len(d.digits))
	if cut == keep && cut < len(d.digits) && d.digits[cut] >= '5' {
		d.digits = d.digits[:cut]
		return d.increment()
	}
	d.digits = trimZeros(d.digits[:cut])
	if len(d.digits) == 0 {
		d.negative, d.point = false, 0
	}
	return d
}

// increment adds one to the last digit, and drops the zeros that this makes.
func (d digits) increment() digits {
	for i := len(d.digits) - 1; i >= 0; i-- {
		if d.digits[i] != '9' {
			d.digits[i]++
			d.digits = d.digits[:i+1]
			return d
		}
	}
	d.digits = append(d.digits[:0], '1')
	d.point++
	return d
}

func trimZeros(b []byte) []byte {
	for len(b) > 0 && b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}

// tooLong reports whether the number needs too many zeros behind its digits to
// be written without an exponent.
func (d digits) tooLong() bool {
	return d.point-len(d.digits) > decimal.MaxAddedZeros
}

// appendFixed appends the number without its sign, with exactly so many places.
// It must have no more digits than that.
func (d digits) appendFixed(dst []byte, places int, group, separator string) []byte {
	if d.point <= 0 {
		dst = append(dst, '0')
	}
	for i := range d.point {
		dst = append(dst, d.at(i))
		if left := d.point - 1 - i; left > 0 && left%groupSize == 0 {
			dst = append(dst, group...)
		}
	}
	if places > 0 {
		dst = append(dst, separator...)
	}
	for i := d.point; i < d.point+places; i++ {
		dst = append(dst, d.at(i))
	}
	return dst
}

// appendExponent appends an exponent such as E+005.
func appendExponent(dst []byte, letter byte, exponent, width int, plus bool) []byte {
	dst = append(dst, letter)
	switch {
	case exponent < 0:
		dst = append(dst, negativeSign...)
		exponent = -exponent
	case plus:
		dst = append(dst, '+')
	}
	return appendPadded(dst, exponent, width)
}

// appendPadded appends a number that is not negative with at least width digits.
func appendPadded(dst []byte, n, width int) []byte {
	var buffer [20]byte
	i := len(buffer)
	for n > 0 || i == len(buffer) {
		i--
		buffer[i] = byte('0' + n%10)
		n /= 10
	}
	for range width - (len(buffer) - i) {
		dst = append(dst, '0')
	}
	return append(dst, buffer[i:]...)
}
