package format

import (
	"math"
	"time"
)

// Time is counted in ticks of 100 nanoseconds.
const (
	ticksPerSecond = 10_000_000
	ticksPerMinute = 60 * ticksPerSecond
	ticksPerHour   = 60 * ticksPerMinute
	ticksPerDay    = 24 * ticksPerHour

	daysOfCalendar = 3_652_059 // from 0001-01-01 to 9999-12-31
	maxTicks       = daysOfCalendar*ticksPerDay - 1

	// unixEpoch is 1970-01-01, in seconds since 0001-01-01.
	unixEpoch = 62_135_596_800
)

// DateTime is a date with a time of day, from 0001-01-01 to 9999-12-31, to the
// tick of 100 nanoseconds. The clock time is what was written; the offset from
// UTC, if there is one, only matters where it is asked for. The zero value is
// 0001-01-01T00:00:00 without an offset.
type DateTime struct {
	ticks  int64 // of the clock, since 0001-01-01
	offset int16 // minutes east of UTC
	zone   zone
}

// zone is what is known about the offset from UTC.
type zone uint8

const (
	unspecified zone = iota
	utc              // written as Z
	fixed            // written as an offset
)

// FromTime returns the clock time and the offset of t. It reports false outside
// of the years 1 to 9999, and for an offset of a day or more. What is shorter than
// a tick is cut off, seconds of an offset too.
func FromTime(t time.Time) (DateTime, bool) {
	_, offset := t.Zone()
	seconds := t.Unix() + int64(offset) + unixEpoch
	if seconds < 0 || seconds > maxTicks/ticksPerSecond || offset%86400 != offset {
		return DateTime{}, false
	}
	d := DateTime{ticks: seconds*ticksPerSecond + int64(t.Nanosecond()/100), zone: utc}
	if t.Location() != time.UTC {
		d.offset, d.zone = int16(offset/60), fixed
	}
	return d, true
}

// AddDays adds days, with fractions and negative. It reports false for a result
// outside of the calendar. The result is exact to the tick: 2.3 hours, of which
// float64 has a little less, are 2 hours and 18 minutes. (.NET 7 cuts off what is
// no whole tick, and earlier versions round to milliseconds.)
func (d DateTime) AddDays(n float64) (DateTime, bool) { return d.add(n, ticksPerDay) }

// AddHours is AddDays for hours.
func (d DateTime) AddHours(n float64) (DateTime, bool) { return d.add(n, ticksPerHour) }

func (d DateTime) add(n, unit float64) (DateTime, bool) {
	if !(math.Abs(n) <= daysOfCalendar*ticksPerDay/unit) {
		return DateTime{}, false
	}
	whole := math.Trunc(n)
	d.ticks += int64(whole)*int64(unit) + int64(math.Round((n-whole)*unit))
	if d.ticks < 0 || d.ticks > maxTicks {
		return DateTime{}, false
	}
	return d, true
}

// clock returns the clock time as a time in UTC.
func (d DateTime) clock() time.Time {
	return time.Unix(d.ticks/ticksPerSecond-unixEpoch, d.ticks%ticksPerSecond*100).UTC()
}

// Year returns the year, from 1 to 9999.
func (d DateTime) Year() int { return d.clock().Year() }

// Month returns the month, from 1 to 12.
func (d DateTime) Month() int { return int(d.clock().Month()) }

// Day returns the day of the month, from 1 on.
func (d DateTime) Day() int { return d.clock().Day() }

// utcTicks returns the ticks in UTC. A time without an offset is taken as UTC.
func (d DateTime) utcTicks() int64 { return d.ticks - int64(d.offset)*ticksPerMinute }

// Unix returns the seconds since 1970-01-01 UTC, negative before; a fraction is
// cut off. A time without an offset is taken as UTC.
func (d DateTime) Unix() int64 {
	return (d.utcTicks() - unixEpoch*ticksPerSecond) / ticksPerSecond
}

// AppendRFC3339 appends the date as in 2006-01-02T15:04:05.5+07:00: with as many
// digits of the fraction as it needs, and without an offset if it has none.
func (d DateTime) AppendRFC3339(dst []byte) []byte {
	dst, _ = Date(dst, d, "yyyy'-'MM'-'dd'T'HH':'mm':'ss.FFFFFFFK", invariant)
	return dst
}
