package format

// Time appends a time span in a standard or custom format. Standard is one
// letter, or nothing, which is c; all else is custom:
//
//	c t T [-][d.]hh:mm:ss[.fffffff]
//	g     [-][d:]h:mm:ss[.FFFFFFF]
//	G     [-]d:hh:mm:ss.fffffff
//
// g and G have the culture's separator before the fraction; all else is the same
// in all cultures. Custom formats do not show the sign. Errors are: another single
// character, a character that is no specifier and not quoted, a letter that comes
// too often, an unclosed quote, a backslash at the end, and a % without a letter
// behind it.
func Time(dst []byte, t TimeSpan, format string, c *Culture) ([]byte, error) {
	w := spanWriter{dst: dst}
	w.split(t)
	if len(format) > 1 {
		if err := w.custom(format); err != nil {
			return dst, err
		}
		return w.dst, nil
	}
	switch format {
	case "", "c", "t", "T":
		w.constant()
	case "g":
		w.general(c.decimal, false)
	case "G":
		w.general(c.decimal, true)
	default:
		return dst, errTimeLetter
	}
	return w.dst, nil
}

// CheckTime tells what is wrong with a time format, by trying it on no time.
func CheckTime(format string) error {
	_, err := Time(nil, TimeSpan{}, format, invariant)
	return err
}

// AppendTo appends the time span as [-][d.]hh:mm:ss[.fffffff].
func (t TimeSpan) AppendTo(dst []byte) []byte {
	w := spanWriter{dst: dst}
	w.split(t)
	w.constant()
	return w.dst
}

// spanWriter writes one time span.
type spanWriter struct {
	dst                         []byte
	negative                    bool
	days, hours, minutes, secnd int
	ticks                       int // of the fraction of a second
}

func (w *spanWriter) split(t TimeSpan) {
	ticks := uint64(t.ticks)
	if t.ticks < 0 {
		w.negative, ticks = true, -ticks
	}
	w.days = int(ticks / ticksPerDay)
	w.hours = int(ticks / ticksPerHour % 24)
	w.minutes = int(ticks / ticksPerMinute % 60)
	w.secnd = int(ticks / ticksPerSecond % 60)
	w.ticks = int(ticks % ticksPerSecond)
}

func (w *spanWriter) text(s string)    { w.dst = append(w.dst, s...) }
func (w *spanWriter) pad(n, width int) { w.dst = appendPadded(w.dst, n, width) }

func (w *spanWriter) sign() {
	if w.negative {
		w.text(negativeSign)
	}
}

// constant writes the format c.
func (w *spanWriter) constant() {
	w.sign()
	if w.days != 0 {
		w.pad(w.days, 1)
		w.text(".")
	}
	w.clock(2)
	if w.ticks != 0 {
		w.text(".")
		w.pad(w.ticks, fractionDigits)
	}
}

// clock writes hours, minutes and seconds.
func (w *spanWriter) clock(hourWidth int) {
	w.pad(w.hours, hourWidth)
	w.text(":")
	w.pad(w.minutes, 2)
	w.text(":")
	w.pad(w.secnd, 2)
}

// general writes the format G, or g, which is shorter.
func (w *spanWriter) general(separator string, long bool) {
	w.sign()
	hourWidth := 1
	if long {
		hourWidth = 2
	}
	if long || w.days != 0 {
		w.pad(w.days, 1)
		w.text(":")
	}
	w.clock(hourWidth)
	switch {
	case long:
		w.text(separator)
		w.pad(w.ticks, fractionDigits)
	case w.ticks != 0:
		w.text(separator)
		w.dst, _, _ = appendFraction(w.dst, w.ticks, 'F', fractionDigits)
	}
}

// custom writes a custom format.
func (w *spanWriter) custom(format string) error {
	for i := 0; i < len(format); {
		if format[i] == '%' {
			if i+1 == len(format) || format[i+1] == '%' {
				return errPercent
			}
			if err := w.custom(format[i+1 : i+2]); err != nil {
				return err
			}
			i += 2
			continue
		}
		text, length, err := unquote(w.dst, format[i:])
		if err != nil {
			return err
		}
		w.dst = text
		if length == 0 {
			length = repeats(format[i:])
			if err := w.letter(format[i], length); err != nil {
				return err
			}
		}
		i += length
	}
	return nil
}

// maxDays is how many digits the days may be written with.
const maxDays = 8

// letter writes what a letter stands for that comes length times.
func (w *spanWriter) letter(letter byte, length int) (err error) {
	n, most := 0, 2
	switch letter {
	case 'd':
		n, most = w.days, maxDays
	case 'h':
		n = w.hours
	case 'm':
		n = w.minutes
	case 's':
		n = w.secnd
	case 'f', 'F':
		w.dst, _, err = appendFraction(w.dst, w.ticks, letter, length)
		return err
	default:
		return errTimeText
	}
	if length > most {
		return errTimeRepeats
	}
	w.pad(n, length)
	return nil
}
