package format

import "time"

// ParseDateTime reads a date of RFC 3339, such as 2006-01-02T15:04:05Z. It also
// takes a date without an offset, without seconds or without a time, and a space
// or a small t before the time. Of up to nine digits of a fraction seven are
// kept. It reports false for anything else, for dates that do not exist, and for
// leap seconds.
func ParseDateTime(text string) (DateTime, bool) {
	p := scanner{text: text}
	year, month, day := p.fixed(4), p.after("-", 2), p.after("-", 2)
	if p.failed || year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return DateTime{}, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	d := DateTime{ticks: (date.Unix() + unixEpoch) * ticksPerSecond}
	if p.text == "" {
		return d, true
	}
	hour, minute, second, fraction := p.after("Tt ", 2), p.after(":", 2), 0, 0
	if p.peek(":") {
		second = p.after(":", 2)
		if p.peek(".") {
			p.skip()
			fraction = p.fraction()
		}
	}
	if p.failed || hour > 23 || minute > 59 || second > 59 {
		return DateTime{}, false
	}
	d.ticks += int64(hour)*ticksPerHour + int64(minute)*ticksPerMinute + int64(second)*ticksPerSecond + int64(fraction/100)
	d.offset, d.zone = p.zone()
	return d, !p.failed && p.text == ""
}

// daysIn returns the number of days of a month.
func daysIn(year, month int) int {
	return time.Date(year, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// scanner reads a text from left to right. After a failure its results mean
// nothing.
type scanner struct {
	text   string
	failed bool
}

// peek reports whether one of those characters is next.
func (p *scanner) peek(characters string) bool {
	for i := range len(characters) {
		if p.text != "" && p.text[0] == characters[i] {
			return true
		}
	}
	return false
}

func (p *scanner) skip() { p.text = p.text[1:] }

// digits reads from least to most digits.
func (p *scanner) digits(least, most int) (n, count int) {
	for count < most && count < len(p.text) && '0' <= p.text[count] && p.text[count] <= '9' {
		n = n*10 + int(p.text[count]-'0')
		count++
	}
	p.text = p.text[count:]
	p.failed = p.failed || count < least
	return n, count
}

// fixed reads that many digits.
func (p *scanner) fixed(count int) int {
	n, _ := p.digits(count, count)
	return n
}

// after reads digits behind one of those characters.
func (p *scanner) after(characters string, count int) int {
	if !p.peek(characters) {
		p.failed = true
		return 0
	}
	p.skip()
	return p.fixed(count)
}

// maxFraction is how many digits a fraction of a second may have.
const maxFraction = 9

// fraction reads the digits of a fraction as nanoseconds.
func (p *scanner) fraction() int {
	n, count := p.digits(1, maxFraction)
	for range maxFraction - count {
		n *= 10
	}
	return n
}

// zone reads what comes behind the time, which may be nothing.
func (p *scanner) zone() (offset int16, z zone) {
	switch {
	case p.text == "":
		return 0, unspecified
	case p.peek("Zz"):
		p.skip()
		return 0, utc
	}
	sign := 1
	if p.peek("-") {
		sign = -1
	}
	hours, minutes := p.after("+-", 2), p.after(":", 2)
	p.failed = p.failed || hours > 23 || minutes > 59
	return int16(sign * (hours*60 + minutes)), fixed
}
