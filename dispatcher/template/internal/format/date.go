package format

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Date appends a date in a standard or custom format. Standard is one character,
// or nothing, which is G; all else is custom:
//
//	d D short, long date    t T short, long time    f F long date with t or T
//	g G short date with t or T    m y month with day, with year
//	o r s u U: ISO 8601, RFC 1123, sortable, sortable with Z, F of the time in UTC
//
// Only U and the custom K and z look at the offset. Errors are: another single
// character, an unclosed quote, a backslash at the end, a % without a letter
// behind it, and more than seven f or F in a row.
func Date(dst []byte, d DateTime, format string, c *Culture) ([]byte, error) {
	w := dateWriter{dst: dst, start: len(dst), date: d, culture: c}
	switch {
	case format == "":
		return w.finish(w.standard('G'))
	case isSingle(format):
		return w.finish(w.standard(format[0]))
	default:
		return w.finish(w.custom(format))
	}
}

// isSingle reports whether the format is one character, as .NET counts.
func isSingle(format string) bool {
	_, size := utf8.DecodeRuneInString(format)
	return size == len(format) && size < utf8.UTFMax
}

// CheckDate tells what is wrong with a date format, by trying it on 0001-01-01.
func CheckDate(format string) error {
	_, err := Date(nil, DateTime{}, format, invariant)
	return err
}

// dateWriter writes one date.
type dateWriter struct {
	dst     []byte
	start   int // where the date starts in dst
	date    DateTime
	culture *Culture
	months  dayFinder // in the custom format at hand

	clocked             bool // the following are set
	year, month, day    int
	hour, minute, secnd int
}

// finish returns what was written, or what there was before it.
func (w *dateWriter) finish(err error) ([]byte, error) {
	if err != nil {
		return w.dst[:w.start], err
	}
	return w.dst, nil
}

// standard writes a standard format: its patterns with a space between them.
func (w *dateWriter) standard(letter byte) error {
	c := w.culture
	var first, second string
	switch letter {
	case 'd':
		first = c.short
	case 'D':
		first = c.long
	case 'f':
		first, second = c.long, c.shortTime
	case 'F':
		first, second = c.long, c.longTime
	case 'g':
		first, second = c.short, c.shortTime
	case 'G':
		first, second = c.short, c.longTime
	case 'm', 'M':
		first = c.monthDay
	case 'y', 'Y':
		first = c.yearMonth
	case 't':
		first = c.shortTime
	case 'T':
		first = c.longTime
	case 'U':
		w.date.ticks = min(max(w.date.utcTicks(), 0), maxTicks)
		first, second = c.long, c.longTime
	default:
		w.culture = invariant
		if first = invariantPattern(letter); first == "" {
			return errDateLetter
		}
	}
	if err := w.custom(first); err != nil || second == "" {
		return err
	}
	w.text(" ")
	return w.custom(second)
}

// invariantPattern returns the pattern of a standard format that is the same in
// all cultures.
func invariantPattern(letter byte) string {
	switch letter {
	case 'o', 'O':
		return "yyyy'-'MM'-'dd'T'HH':'mm':'ss'.'fffffffK"
	case 'r', 'R':
		return "ddd, dd MMM yyyy HH':'mm':'ss 'GMT'"
	case 's':
		return "yyyy'-'MM'-'dd'T'HH':'mm':'ss"
	case 'u':
		return "yyyy'-'MM'-'dd HH':'mm':'ss'Z'"
	default:
		return ""
	}
}

// custom writes a custom format.
func (w *dateWriter) custom(format string) error {
	w.read()
	w.months = dayFinder{}
	return w.parts(format)
}

// parts writes a custom format, or one letter of it.
func (w *dateWriter) parts(format string) error {
	for i := 0; i < len(format); {
		c := format[i]
		if c == '%' {
			// The letter behind it stands for itself alone, whatever follows it.
			if i+1 == len(format) || format[i+1] == '%' {
				return errPercent
			}
			if err := w.parts(format[i+1 : i+2]); err != nil {
				return err
			}
			i += 2
			continue
		}
		text, length, err := unquote(w.dst, format[i:])
		switch {
		case err != nil:
			return err
		case length > 0:
			w.dst = text
		case strings.IndexByte(repeatable, c) < 0:
			w.single(c)
			length = 1
		default:
			length = repeats(format[i:])
			if err := w.letter(format, i, length); err != nil {
				return err
			}
		}
		i += length
	}
	return nil
}

// repeatable are the letters that mean something else if they are repeated.
const repeatable = "dfFghHmMstyz"

// read takes the date apart, once.
func (w *dateWriter) read() {
	if w.clocked {
		return
	}
	clock := w.date.clock()
	var month time.Month
	w.year, month, w.day = clock.Date()
	w.month = int(month)
	w.hour, w.minute, w.secnd = clock.Clock()
	w.clocked = true
}

// repeats returns how often the first character comes in a row.
func repeats(format string) int {
	n := 1
	for n < len(format) && format[n] == format[0] {
		n++
	}
	return n
}

// unquote appends the text of a quoted or escaped text that the format starts
// with, and returns the length of that, or 0 if there is none. A backslash takes
// its effect within quotes too.
func unquote(dst []byte, format string) (text []byte, length int, err error) {
	switch format[0] {
	case '\\':
		if len(format) == 1 {
			return dst, 0, errBackslash
		}
		return append(dst, format[1]), 2, nil
	case '\'', '"':
		for i := 1; i < len(format); i++ {
			switch format[i] {
			case format[0]:
				return dst, i + 1, nil
			case '\\':
				if i++; i == len(format) {
					return dst, 0, errBackslash
				}
			}
			dst = append(dst, format[i])
		}
		return dst, 0, errQuote
	default:
		return dst, 0, nil
	}
}
