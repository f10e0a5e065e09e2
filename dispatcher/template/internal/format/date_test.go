package format

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func dateTime(t testing.TB, text string) DateTime {
	t.Helper()
	d, ok := ParseDateTime(text)
	if !ok {
		t.Fatalf("%s is no date", text)
	}
	return d
}

type dateCase struct{ date, format, culture, want string }

func testDates(t *testing.T, cases []dateCase) {
	t.Helper()
	for _, c := range cases {
		got, err := Date([]byte("."), dateTime(t, c.date), c.format, culture(t, c.culture))
		if err != nil || string(got) != "."+c.want {
			t.Errorf("%s in %q %s is %q, %v, want %q", c.date, c.format, c.culture, got[1:], err, c.want)
		}
	}
}

const (
	june  = "2009-06-15T13:45:30"
	march = "2018-03-29T01:02:03.0450000"
)

// TestStandardDates has the standard formats in the invariant culture, as
// Microsoft's page "Standard date and time format strings" and the patterns of
// DateTimeFormatInfo.InvariantInfo say.
func TestStandardDates(t *testing.T) {
	testDates(t, []dateCase{
		{june, "d", "", "06/15/2009"},
		{june, "D", "", "Monday, 15 June 2009"},
		{june, "f", "", "Monday, 15 June 2009 13:45"},
		{june, "F", "", "Monday, 15 June 2009 13:45:30"},
		{june, "g", "", "06/15/2009 13:45"},
		{june, "G", "", "06/15/2009 13:45:30"},
		{june, "", "", "06/15/2009 13:45:30"},
		{june, "m", "", "June 15"},
		{june, "M", "", "June 15"},
		{june, "o", "", "2009-06-15T13:45:30.0000000"},
		{june, "r", "", "Mon, 15 Jun 2009 13:45:30 GMT"},
		{june, "s", "", "2009-06-15T13:45:30"},
		{june, "t", "", "13:45"},
		{june, "T", "", "13:45:30"},
		{june, "u", "", "2009-06-15 13:45:30Z"},
		{june, "U", "", "Monday, 15 June 2009 13:45:30"},
		{june, "y", "", "2009 June"},
		{june, "Y", "", "2009 June"},
		{march, "O", "", "2018-03-29T01:02:03.0450000"},
		{march + "Z", "O", "", "2018-03-29T01:02:03.0450000Z"},
		{march + "-07:00", "O", "", "2018-03-29T01:02:03.0450000-07:00"},
		{march + "-07:00", "U", "", "Thursday, 29 March 2018 08:02:03"},
		{march + "+01:30", "U", "", "Wednesday, 28 March 2018 23:32:03"},
		{march + "-07:00", "u", "", "2018-03-29 01:02:03Z"}, // as written
		{march + "-07:00", "R", "", "Thu, 29 Mar 2018 01:02:03 GMT"},
		{"0001-01-01T00:00:00+10:00", "U", "", "Monday, 01 January 0001 00:00:00"},
		{"9999-12-31T23:59:59-10:00", "U", "", "Friday, 31 December 9999 23:59:59"},
		// These are in English in all cultures.
		{june, "r", "ru-RU", "Mon, 15 Jun 2009 13:45:30 GMT"},
		{june, "s", "de-DE", "2009-06-15T13:45:30"},
		{june, "o", "nl-NL", "2009-06-15T13:45:30.0000000"},
	})
}

// TestStandardDatesOfCultures has what .NET's patterns of each culture give; the
// patterns are ICU's (72).
func TestStandardDatesOfCultures(t *testing.T) {
	for name, want := range map[string][7]string{ // d, D, t, T, m, y, g
		"de-DE": {"15.06.2009", "Montag, 15. Juni 2009", "13:45", "13:45:30", "15. Juni", "Juni 2009", "15.06.2009 13:45"},
		"en-GB": {"15/06/2009", "Monday, 15 June 2009", "13:45", "13:45:30", "15 June", "June 2009", "15/06/2009 13:45"},
		"en-US": {"6/15/2009", "Monday, June 15, 2009", "1:45\u202fPM", "1:45:30\u202fPM", "June 15", "June 2009", "6/15/2009 1:45\u202fPM"},
		"es-ES": {"15/6/2009", "lunes, 15 de junio de 2009", "13:45", "13:45:30", "15 de junio", "junio de 2009", "15/6/2009 13:45"},
		"fr-FR": {"15/06/2009", "lundi 15 juin 2009", "13:45", "13:45:30", "15 juin", "juin 2009", "15/06/2009 13:45"},
		"it-IT": {"15/06/2009", "lunedì 15 giugno 2009", "13:45", "13:45:30", "15 giugno", "giugno 2009", "15/06/2009 13:45"},
		"kk-KZ": {"15.06.2009", "2009\u202fж. 15 маусым, дүйсенбі", "13:45", "13:45:30", "15 маусым", "2009\u202fж. Маусым", "15.06.2009 13:45"},
		"nl-NL": {"15-06-2009", "maandag 15 juni 2009", "13:45", "13:45:30", "15 juni", "juni 2009", "15-06-2009 13:45"},
		"pl-PL": {"15.06.2009", "poniedziałek, 15 czerwca 2009", "13:45", "13:45:30", "15 czerwca", "czerwiec 2009", "15.06.2009 13:45"},
		"pt-BR": {"15/06/2009", "segunda-feira, 15 de junho de 2009", "13:45", "13:45:30", "15 de junho", "junho de 2009", "15/06/2009 13:45"},
		"ru-RU": {"15.06.2009", "понедельник, 15 июня 2009\u202fг.", "13:45", "13:45:30", "15 июня", "июнь 2009\u202fг.", "15.06.2009 13:45"},
		"tr-TR": {"15.06.2009", "15 Haziran 2009 Pazartesi", "13:45", "13:45:30", "15 Haziran", "Haziran 2009", "15.06.2009 13:45"},
		"uk-UA": {"15.06.2009", "понеділок, 15 червня 2009\u202fр.", "13:45", "13:45:30", "15 червня", "червень 2009\u202fр.", "15.06.2009 13:45"},
	} {
		for i, letter := range "dDtTmyg" {
			testDates(t, []dateCase{{june, string(letter), name, want[i]}})
		}
		testDates(t, []dateCase{
			{june, "f", name, want[1] + " " + want[2]},
			{june, "F", name, want[1] + " " + want[3]},
			{june, "", name, want[0] + " " + want[3]},
		})
	}
}

// TestCustomDates has the examples of Microsoft's page "Custom date and time
// format strings", and those of the language.
func TestCustomDates(t *testing.T) {
	testDates(t, []dateCase{
		{"2015-10-12T22:55:55", "dd'.'MM'.'yy HH':'mm':'ss", "", "12.10.15 22:55:55"},
		{june, "yyyy.MM.dd HH:mm:ss", "", "2009.06.15 13:45:30"},
		{june, "yyyy.MM.dd", "", "2009.06.15"},
		{"2009-06-01T13:45:30", "%d", "", "1"},
		{"2009-06-01T13:45:30", "dd", "", "01"},
		{june, "ddd", "en-US", "Mon"},
		{june, "ddd", "ru-RU", "пн"},
		{june, "ddd", "fr-FR", "lun."},
		{june, "dddd", "fr-FR", "lundi"},
		{june, "dddddd", "", "Monday"},
		{june + ".6170000", "%f", "", "6"},
		{june + ".05", "%f", "", "0"},
		{june + ".6175425", "ff", "", "61"},
		{june + ".6175425", "fffffff", "", "6175425"},
		{june + ".0001150", "fffffff", "", "0001150"},
		{june + ".0500000", "%F", "", ""},
		{june + ".6170000", "FFFFFFF", "", "617"},
		{june + ".0001150", "FFFFFFF", "", "000115"},
		{june, "gg", "", "A.D."},
		{june, "%g", "en-US", "AD"},
		{"2009-06-15T01:45:30", "%h hh %H HH", "", "1 01 1 01"},
		{june, "%h hh hhh %H HH HHHH", "", "1 01 01 13 13 13"},
		{"2009-06-15T00:00:00", "%h", "", "12"},
		{"2009-06-15T12:00:00", "%h tt", "", "12 PM"},
		{"2009-06-15T11:59:59", "h:mm:ss t", "", "11:59:59 A"},
		{june, "%K", "", ""},
		{june + "Z", "%K", "", "Z"},
		{june + "-07:00", "%K", "", "-07:00"},
		{june + "+00:00", "%K", "", "+00:00"},
		{"2009-06-15T01:09:30", "%m mm mmm", "", "9 09 09"},
		{june, "%M MM MMM MMMM MMMMM", "", "6 06 Jun June June"},
		{"2009-06-15T13:45:09", "%s ss sss", "", "9 09 09"},
		{june, "%t tt ttt", "", "P PM PM"},
		{june, "%t", "es-ES", "p"},
		{june, "tt", "es-ES", "p.\u00a0m."},
		{june, "%t", "tr-TR", "Ö"},
		{"0001-01-01T00:00:00", "%y yy yyy yyyy yyyyy", "", "1 01 001 0001 00001"},
		{"0900-01-01", "%y yy yyy yyyy", "", "0 00 900 0900"},
		{"2019-06-15", "%y yy yyy yyyy yyyyy", "", "19 19 2019 2019 02019"},
		{june, "yyyyyyyyyyyyyyyyyyyy", "", "00000000000000002009"},
		{june + "-07:00", "%z zz zzz zzzz", "", "-7 -07 -07:00 -07:00"},
		{june + "+05:30", "%z zz zzz", "", "+5 +05 +05:30"},
		{june + "-00:30", "%z zzz", "", "-0 -00:30"},
		{june + "Z", "zzz", "", "+00:00"},
		{june, "zzz", "", "+00:00"},
		{june, "M/d/yyyy", "ru-RU", "6.15.2009"},
		{june, "M/d/yyyy", "nl-NL", "6-15-2009"},
		{june, "M'/'d", "ru-RU", "6/15"},
		{june, `"arr:" h:m t`, "", "arr: 1:45 P"},
		{june, `'arr:' h:m t`, "", "arr: 1:45 P"},
		{june, `h \h`, "", "1 h"},
		{"2009-06-15T01:45:30", "arr hh:mm t", "en-US", "arr 01:45 A"},
		{june, "yyyy-MM-ddTHH:mm:ssZ", "", "2009-06-15T13:45:30Z"},
	})
}

// TestDateCorners has what follows from how .NET goes through a custom format.
func TestDateCorners(t *testing.T) {
	testDates(t, []dateCase{
		{june, "%dd", "", "1515"}, // the % ends the run of letters
		{june, "ss.FFF", "", "30"},
		{june, "ss.FFFZ", "", "30Z"},
		{june, "ss.fff", "", "30.000"},
		{june + ".1", "ss.FFF", "", "30.1"},
		{june, "'.'F", "", ""}, // also a quoted point
		{june, "FF", "", ""},
		{june, "F.", "", "."},
		{june, `'it\'s' d`, "", "it's 15"},
		{june, `"a'b" 'c"d'`, "", `a'b c"d`},
		{june, "''", "", ""},
		{june, `\\\d`, "", `\d`},
		{june, "%/%:%K", "ru-RU", ".:"},
		{june, "год yyyy", "", "год 2009"},
		{june, "ггг", "", "ггг"},
		{june, "😀", "", "😀"}, // two characters for .NET, so no standard format
		{"2009-01-04T00:00:00", "dddd", "", "Sunday"},
		{"2009-01-03T23:59:59.9999999", "dddd ffff", "", "Saturday 9999"},
		{"2000-02-29", "dd MM", "", "29 02"},
	})
}

// TestGenitive has the rule for names of months: genitive if the nearest d
// before, or the nearest after, comes once or twice.
func TestGenitive(t *testing.T) {
	testDates(t, []dateCase{
		{march, "d MMMM", "ru-RU", "29 марта"},
		{march, "dd MMMM yyyy", "ru-RU", "29 марта 2018"},
		{march, "MMMM", "ru-RU", "март"},
		{march, "MMMM yyyy", "ru-RU", "март 2018"},
		{march, "MMMM, d", "ru-RU", "марта, 29"},
		{march, "MMMM dddd", "ru-RU", "март четверг"},
		{march, "dddd MMMM", "ru-RU", "четверг март"},
		{march, "dddd, d MMMM", "ru-RU", "четверг, 29 марта"},
		{march, "dddd MMMM d", "ru-RU", "четверг марта 29"},
		{march, "d dddd MMMM", "ru-RU", "29 четверг март"}, // the nearest one is dddd
		{march, "MMMM dddd d", "ru-RU", "март четверг 29"},
		{march, "MMMM dddd MMMM d", "ru-RU", "март четверг марта 29"},
		{march, "MMMM 'd'", "ru-RU", "марта d"}, // quotes make no difference
		{march, "MMM", "ru-RU", "март"},
		{march, "d MMM", "ru-RU", "29 мар."},
		{march, "%dMMMM", "uk-UA", "29березня"},
		{march, "MMMM", "uk-UA", "березень"},
		{march, "d MMMM", "pl-PL", "29 marca"},
		{march, "MMMM", "pl-PL", "marzec"},
		{march, "MMM d", "de-DE", "März 29"},
		{march, "MMM", "de-DE", "Mär"},
		{march, "MMMM MMM", "kk-KZ", "Наурыз нау."},
		{march, "MMMM d", "kk-KZ", "наурыз 29"},
	})
}

func TestDateErrors(t *testing.T) {
	for format, want := range map[string]error{
		"a": errDateLetter, "x": errDateLetter, "H": errDateLetter, "%": errDateLetter, "'": errDateLetter, " ": errDateLetter,
		"г": errDateLetter, `\`: errDateLetter, "z": errDateLetter, "K": errDateLetter,
		"'ab": errQuote, `dd "x`: errQuote, "''' ": errQuote, "%'x'": errQuote, `'a\'`: errQuote,
		`d\`: errBackslash, `'a\`: errBackslash, `%\x`: errBackslash,
		"d%": errPercent, "%%": errPercent, "d%%d": errPercent,
		"ffffffff": errFraction, "FFFFFFFF d": errFraction,
		"": nil, "d": nil, "%d": nil, "yyyy": nil, "日本": nil, "fffffff FFFFFFF": nil,
	} {
		if err := CheckDate(format); !errors.Is(err, want) {
			t.Errorf("%q gives %v, want %v", format, err, want)
		}
	}
	got, err := Date([]byte("x"), DateTime{}, "yyyy'", invariant)
	if err == nil || string(got) != "x" {
		t.Errorf("an error leaves %q, %v", got, err)
	}
}

func TestParseDateTime(t *testing.T) {
	for text, want := range map[string]string{
		"2009-06-15T13:45:30Z":                "2009-06-15T13:45:30Z",
		"2009-06-15t13:45:30z":                "2009-06-15T13:45:30Z",
		"2009-06-15 13:45:30+03:00":           "2009-06-15T13:45:30+03:00",
		"2009-06-15T13:45:30-00:00":           "2009-06-15T13:45:30+00:00",
		"2009-06-15T13:45:30":                 "2009-06-15T13:45:30",
		"2009-06-15T13:45":                    "2009-06-15T13:45:00",
		"2009-06-15T13:45Z":                   "2009-06-15T13:45:00Z",
		"2009-06-15":                          "2009-06-15T00:00:00",
		"2009-06-15T13:45:30.5":               "2009-06-15T13:45:30.5",
		"2009-06-15T13:45:30.123456789+14:00": "2009-06-15T13:45:30.1234567+14:00",
		"2009-06-15T13:45:30.999999999":       "2009-06-15T13:45:30.9999999",
		"2000-02-29T00:00:00":                 "2000-02-29T00:00:00",
		"0001-01-01T00:00:00":                 "0001-01-01T00:00:00",
		"9999-12-31T23:59:59.9999999-23:59":   "9999-12-31T23:59:59.9999999-23:59",
	} {
		d, ok := ParseDateTime(text)
		if got := string(d.AppendRFC3339(nil)); !ok || got != want {
			t.Errorf("%s is %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "2009", "2009-06", "2009-6-15", "2009-06-31", "2009-02-29", "1900-02-29", "0000-01-01", "2009-13-01", "2009-00-01", "2009-01-00",
		"2009-06-15T", "2009-06-15T13", "2009-06-15T24:00:00", "2009-06-15T13:60:00", "2009-06-15T13:45:60", "2009-06-15T1:45",
		"2009-06-15T13:45:30.", "2009-06-15T13:45:30.1234567890", "2009-06-15T13:45.5", "2009-06-15T13:45:30+3", "2009-06-15T13:45:30+0300",
		"2009-06-15T13:45:30+24:00", "2009-06-15T13:45:30+03:60", "2009-06-15T13:45:30ZZ", "2009-06-15T13:45:30 Z", "2009-06-15Z",
		" 2009-06-15", "2009-06-15 ", "2009/06/15", "15.06.2009", "+2009-06-15", "20090615", "2009-06-15_13:45", "２009-06-15",
	} {
		if d, ok := ParseDateTime(text); ok {
			t.Errorf("%q is %s", text, d.AppendRFC3339(nil))
		}
	}
}

func TestFromTime(t *testing.T) {
	moment := time.Date(2018, 11, 15, 1, 2, 3, 456_789_123, time.UTC)
	for _, c := range []struct {
		t    time.Time
		want string
	}{
		{moment, "2018-11-15T01:02:03.4567891Z"},
		{moment.In(time.FixedZone("", -3*3600-30*60)), "2018-11-14T21:32:03.4567891-03:30"},
		{time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), "0001-01-01T00:00:00Z"},
		{time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), "9999-12-31T23:59:59.9999999Z"},
	} {
		d, ok := FromTime(c.t)
		if got := string(d.AppendRFC3339(nil)); !ok || got != c.want {
			t.Errorf("%v is %s, %v, want %s", c.t, got, ok, c.want)
		}
	}
	for _, out := range []time.Time{
		time.Date(0, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		moment.In(time.FixedZone("", 86400)),
	} {
		if d, ok := FromTime(out); ok {
			t.Errorf("%v is %s", out, d.AppendRFC3339(nil))
		}
	}
	d := dateTime(t, "2018-11-15T23:59:59-05:00")
	if d.Year() != 2018 || d.Month() != 11 || d.Day() != 15 {
		t.Errorf("the parts are %d, %d, %d", d.Year(), d.Month(), d.Day())
	}
}

func TestUnix(t *testing.T) {
	for text, want := range map[string]int64{
		"2020-01-01T00:00:00Z":      1577836800,
		"2020-01-01":                1577836800,
		"2020-01-01T03:00:00+03:00": 1577836800,
		"2040-01-01T00:00:00.9Z":    2208988800,
		"1970-01-01T00:00:00Z":      0,
		"1969-12-31T23:59:58.5Z":    -1,
		"0001-01-01T00:00:00Z":      -62135596800,
	} {
		if got := dateTime(t, text).Unix(); got != want {
			t.Errorf("%s is %d, want %d", text, got, want)
		}
	}
}

// TestAdd has the examples of the language, and fractions in the way of .NET 7.
func TestAdd(t *testing.T) {
	start := dateTime(t, "2016-01-01T00:00:00+03:00")
	for _, c := range []struct {
		add  func(float64) (DateTime, bool)
		n    float64
		want string
	}{
		{start.AddDays, 1.5, "2016-01-02T12:00:00+03:00"},
		{start.AddHours, 1.5, "2016-01-01T01:30:00+03:00"},
		{start.AddDays, -1, "2015-12-31T00:00:00+03:00"},
		{start.AddDays, 60, "2016-03-01T00:00:00+03:00"},
		{start.AddHours, 2.3, "2016-01-01T02:18:00+03:00"}, // 2.3-2 is a little less than 0.3
		{start.AddHours, 0.1, "2016-01-01T00:06:00+03:00"},
		{start.AddDays, 1e-12, "2016-01-01T00:00:00.0000001+03:00"},
		{start.AddHours, -0.0001, "2015-12-31T23:59:59.64+03:00"},
		{start.AddDays, 2916095, "9999-12-31T00:00:00+03:00"},
		{start.AddDays, -735963, "0001-01-01T00:00:00+03:00"},
	} {
		d, ok := c.add(c.n)
		if got := string(d.AppendRFC3339(nil)); !ok || got != c.want {
			t.Errorf("%v added is %s, %v, want %s", c.n, got, ok, c.want)
		}
	}
	nothing := 0.0
	for _, n := range []float64{2916096, -735963.00001, 1e300, -1e300, 1 / nothing, nothing / nothing} {
		if d, ok := start.AddDays(n); ok || d != (DateTime{}) {
			t.Errorf("%v days added are %s", n, d.AppendRFC3339(nil))
		}
	}
}

// TestAllDays goes through the calendar and compares with package time.
func TestAllDays(t *testing.T) {
	want := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	var got, expected []byte
	for day := range daysOfCalendar {
		d := DateTime{ticks: int64(day) * ticksPerDay}
		if day%97 == 0 || day > daysOfCalendar-400 {
			got, _ = Date(got[:0], d, "ddd yyyy-MM-dd", invariant)
			expected = want.AppendFormat(expected[:0], "Mon 2006-01-02")
			if string(got) != string(expected) {
				t.Fatalf("day %d is %s, want %s", day, got, expected)
			}
		}
		want = want.AddDate(0, 0, 1)
	}
}

func TestLongDateFormats(t *testing.T) {
	const length = 100_000
	for _, part := range []string{"y", "d", "M", "%d", "MMMM", "MMM ", "MMMM'x' ", "''", "x", "z"} {
		got, err := Date(nil, DateTime{}, strings.Repeat(part, length/len(part)), invariant)
		if err != nil || len(got) > 10*length {
			t.Errorf("%d times %q gives %d bytes, %v", length, part, len(got), err)
		}
	}
}

func BenchmarkDate(b *testing.B) {
	d, _ := ParseDateTime(june)
	for _, format := range []string{"yyyy-MM-dd HH:mm:ss", "", "D"} {
		b.Run(format, func(b *testing.B) {
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = Date(dst[:0], d, format, invariant)
			}
		})
	}
}
