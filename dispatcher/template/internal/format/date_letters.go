package format

import (
	"strings"
	"unicode/utf8"
)

// letter writes what one of the repeatable letters stands for that comes length
// times at i.
func (w *dateWriter) letter(format string, i, length int) error {
	c := w.culture
	switch format[i] {
	case 'd':
		if length <= 2 {
			w.pad(w.day, length)
		} else {
			w.text(pick(length, c.shortDays, c.days)[w.weekday()])
		}
	case 'M':
		w.monthLetter(format, i, length)
	case 'y':
		if length <= 2 {
			w.pad(w.year%100, length)
		} else {
			w.pad(w.year, length)
		}
	case 'H':
		w.pad(w.hour, min(length, 2))
	case 'h':
		w.pad((w.hour+11)%12+1, min(length, 2))
	case 'm':
		w.pad(w.minute, min(length, 2))
	case 's':
		w.pad(w.secnd, min(length, 2))
	case 'f', 'F':
		return w.fraction(format[i], length)
	case 't':
		w.halfOfDay(length)
	case 'g':
		w.text(c.era)
	case 'z':
		w.zone(length)
	}
	return nil
}

// single writes a character that stands for something by itself, or for itself.
func (w *dateWriter) single(c byte) {
	switch c {
	case 'K':
		w.roundTripZone()
	case ':':
		w.text(timeSeparator)
	case '/':
		w.text(w.culture.separator)
	default:
		w.dst = append(w.dst, c)
	}
}

// weekday returns the day of the week, from 0 for Sunday on. The first day of
// all was a Monday.
func (w *dateWriter) weekday() int64 { return (w.date.ticks/ticksPerDay + 1) % 7 }

func (w *dateWriter) text(s string)    { w.dst = append(w.dst, s...) }
func (w *dateWriter) pad(n, width int) { w.dst = appendPadded(w.dst, n, width) }

// pick chooses the short names for three letters, the full ones for more.
func pick(length int, short, full []string) []string {
	if length == 3 {
		return short
	}
	return full
}

func (w *dateWriter) monthLetter(format string, i, length int) {
	c := w.culture
	switch {
	case length <= 2:
		w.pad(w.month, length)
	case w.months.genitive(format, i, i+length):
		w.text(pick(length, c.shortGenitive, c.genitive)[w.month-1])
	default:
		w.text(pick(length, c.shortMonths, c.months)[w.month-1])
	}
}

// dayFinder finds the d nearest to the names of months in one format, from left
// to right. It looks at each character once, however many names there are.
type dayFinder struct {
	passed int // up to here
	last   int // length of the run of d that was passed last
	next   int // where the next run of d is: valid if it is not passed
}

// genitive reports whether the name of a month from start to end is to be in the
// genitive: whether the nearest run of d before it, or the nearest after it, has
// one or two. A d in quotes counts as well.
func (f *dayFinder) genitive(format string, start, end int) bool {
	for f.passed < start {
		n := repeats(format[f.passed:])
		if format[f.passed] == 'd' {
			f.last = n
		}
		f.passed += n
	}
	if f.last == 1 || f.last == 2 {
		return true
	}
	if f.next < end {
		f.next = len(format)
		if i := strings.IndexByte(format[end:], 'd'); i >= 0 {
			f.next = end + i
		}
	}
	if f.next == len(format) {
		return false
	}
	return !strings.HasPrefix(format[f.next:], "ddd")
}

// fraction writes the digits of a fraction of a second. F drops zeros at the
// end, and the point before it if nothing is left.
func (w *dateWriter) fraction(letter byte, length int) error {
	var digits int
	dst, digits, err := appendFraction(w.dst, int(w.date.ticks%ticksPerSecond), letter, length)
	w.dst = dst
	if last := len(w.dst) - 1; err == nil && digits == 0 && last >= w.start && w.dst[last] == '.' {
		w.dst = w.dst[:last]
	}
	return err
}

// fractionDigits is how many digits a fraction of a second has.
const fractionDigits = 7

// appendFraction appends the first digits of a fraction in ticks, and returns
// how many.
func appendFraction(dst []byte, ticks int, letter byte, length int) (_ []byte, digits int, err error) {
	if length > fractionDigits {
		return dst, 0, errFraction
	}
	for range fractionDigits - length {
		ticks /= 10
	}
	if letter == 'F' {
		for length > 0 && ticks%10 == 0 {
			ticks /= 10
			length--
		}
		if length == 0 {
			return dst, 0, nil
		}
	}
	return appendPadded(dst, ticks, length), length, nil
}

// halfOfDay writes AM or PM, or the first character of it.
func (w *dateWriter) halfOfDay(length int) {
	half := w.culture.am
	if w.hour >= 12 {
		half = w.culture.pm
	}
	if length == 1 {
		_, size := utf8.DecodeRuneInString(half)
		half = half[:size]
	}
	w.text(half)
}

// zone writes the offset from UTC in hours, for three letters and more also in
// minutes.
func (w *dateWriter) zone(length int) {
	offset := int(w.date.offset)
	sign := byte('+')
	if offset < 0 {
		sign, offset = '-', -offset
	}
	w.dst = append(w.dst, sign)
	w.pad(offset/60, min(length, 2))
	if length >= 3 {
		w.dst = append(w.dst, ':')
		w.pad(offset%60, 2)
	}
}

// roundTripZone writes Z, an offset, or nothing for a date without one.
func (w *dateWriter) roundTripZone() {
	switch w.date.zone {
	case utc:
		w.text("Z")
	case fixed:
		w.zone(3)
	}
}
