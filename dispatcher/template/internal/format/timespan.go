package format

import "math"

// TimeSpan is a length of time in ticks of 100 nanoseconds, positive or negative:
// up to about 10,675,199 days. The zero value is no time.
type TimeSpan struct{ ticks int64 }

// ParseTimeSpan reads a length of time in one of two forms. The first is
// [-][d.]hh:mm[:ss[.fffffff]], with hours below 24, minutes and seconds below 60,
// one digit less where there would be a leading zero, and up to nine digits of a
// fraction, rounded to seven. The other is the ISO 8601 duration, such as
// P1DT2H, -PT1.5S or P2W, without years and months, whose length is not fixed,
// and with a fraction on seconds only. It reports false for anything else.
func ParseTimeSpan(text string) (TimeSpan, bool) {
	p := scanner{text: text}
	negative := p.peek("-")
	if negative {
		p.skip()
	}
	s := spanParser{scanner: p}
	if p.peek("P") {
		s.skip()
		s.duration()
	} else {
		s.clock()
	}
	limit := uint64(math.MaxInt64)
	if negative {
		limit++
	}
	if s.failed || s.text != "" || s.ticks > limit {
		return TimeSpan{}, false
	}
	if negative {
		return TimeSpan{int64(-s.ticks)}, true
	}
	return TimeSpan{int64(s.ticks)}, true
}

// spanParser adds up what it reads.
type spanParser struct {
	scanner
	ticks uint64 // stays below 2^64: no part adds more than 2^63
}

// maxPartDigits is how many digits a part of a time span may have; the longest span
// of all has that many seconds.
const maxPartDigits = 12

// add adds a part.
func (s *spanParser) add(n int, unit uint64) {
	if uint64(n) > (1<<63-1)/unit || s.ticks > 1<<63 {
		s.failed = true
		return
	}
	s.ticks += uint64(n) * unit
}

// clock reads [d.]hh:mm[:ss[.fffffff]].
func (s *spanParser) clock() {
	n, _ := s.digits(1, maxPartDigits)
	if s.peek(".") {
		s.skip()
		s.add(n, ticksPerDay)
		n, _ = s.digits(1, 2)
	}
	s.failed = s.failed || n > 23 || !s.peek(":")
	s.add(n, ticksPerHour)
	s.sixty(ticksPerMinute)
	if s.peek(":") {
		s.sixty(ticksPerSecond)
		s.secondFraction()
	}
}

// sixty reads minutes or seconds behind a colon.
func (s *spanParser) sixty(unit uint64) {
	if s.failed {
		return
	}
	s.skip()
	n, _ := s.digits(1, 2)
	s.failed = s.failed || n > 59
	s.add(n, unit)
}

// secondFraction reads a fraction of a second if there is one.
func (s *spanParser) secondFraction() {
	if s.peek(".") {
		s.skip()
		s.add((s.fraction()+50)/100, 1)
	}
}

// duration reads an ISO 8601 duration behind its P.
func (s *spanParser) duration() {
	if s.text == "" {
		s.failed = true
	}
	s.parts("WD", 7*ticksPerDay, ticksPerDay)
	if s.peek("T") {
		s.skip()
		s.failed = s.failed || s.text == ""
		s.parts("HMS", ticksPerHour, ticksPerMinute, ticksPerSecond)
	}
}

// parts reads numbers, each with one of the letters behind it, in their order.
func (s *spanParser) parts(letters string, units ...uint64) {
	for s.text != "" && s.text[0] != 'T' && !s.failed {
		n, _ := s.digits(1, maxPartDigits)
		if letters[len(letters)-1] == 'S' && s.peek(".") {
			s.secondFraction()
			s.failed = s.failed || !s.peek("S")
		}
		i := 0
		for i < len(letters) && !s.peek(letters[i:i+1]) {
			i++
		}
		if i == len(letters) {
			s.failed = true
			return
		}
		s.skip()
		s.add(n, units[i])
		letters, units = letters[i+1:], units[i+1:]
		if letters == "" {
			return
		}
	}
}
