package format

// Parts returns a date as two numbers, for those who keep it among other values;
// [DateTimeOf] makes the date of them again.
func (d DateTime) Parts() (ticks int64, zone int32) {
	return d.ticks, int32(d.offset)<<8 | int32(d.zone)
}

// DateTimeOf returns the date whose [DateTime.Parts] are given.
func DateTimeOf(ticks int64, place int32) DateTime {
	return DateTime{ticks: ticks, offset: int16(place >> 8), zone: zone(place & 0xff)}
}

// Upper returns a character in upper case, as [Culture.ToUpper] does.
func (c *Culture) Upper(r rune) rune { return c.upper(r) }

// Lower returns a character in lower case, as [Culture.ToLower] does.
func (c *Culture) Lower(r rune) rune { return c.lower(r) }

// JoinsIJ reports whether the letters i and j at the beginning of a word are one
// letter and so have one case, as in Dutch.
func (c *Culture) JoinsIJ() bool { return c.name == "nl-NL" }

// Ticks returns a time span in units of 100 nanoseconds.
func (t TimeSpan) Ticks() int64 { return t.ticks }

// TimeSpanOf returns the time span of so many units of 100 nanoseconds.
func TimeSpanOf(ticks int64) TimeSpan { return TimeSpan{ticks: ticks} }
