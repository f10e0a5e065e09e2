package format

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func timeSpan(t testing.TB, text string) TimeSpan {
	t.Helper()
	s, ok := ParseTimeSpan(text)
	if !ok {
		t.Fatalf("%s is no time span", text)
	}
	return s
}

// TestTimes has the examples of Microsoft's pages "Standard TimeSpan format
// strings" and "Custom TimeSpan format strings", and of the language.
func TestTimes(t *testing.T) {
	for _, c := range []struct{ span, format, culture, want string }{
		{"00:05:00", `hh\-mm\-ss`, "", "00-05-00"},
		{"00:00:00", "c", "", "00:00:00"},
		{"00:30:00", "t", "", "00:30:00"},
		{"3.17:25:30.5", "T", "fr-FR", "3.17:25:30.5000000"},
		{"1:3:16", "g", "en-US", "1:03:16"},
		{"1.03:16:50.5", "g", "en-US", "1:3:16:50.5"},
		{"1.03:16:50.5", "g", "fr-FR", "1:3:16:50,5"},
		{"1.03:16:50.599", "g", "en-US", "1:3:16:50.599"},
		{"18:30:00", "G", "en-US", "0:18:30:00.0000000"},
		{"18:30:00", "G", "fr-FR", "0:18:30:00,0000000"},
		{"-1.02:03:04.05", "g", "", "-1:2:03:04.05"},
		{"-1.02:03:04.05", "G", "", "-1:02:03:04.0500000"},
		{"-1.02:03:04.05", "", "", "-1.02:03:04.0500000"},
		{"-1.02:03:04.05", `d\.hh\:mm`, "", "1.02:03"}, // no sign
		{"6.14:32:17.685", "%d", "", "6"},
		{"6.14:32:17.685", `d\.hh\:mm`, "", "6.14:32"},
		{"6.14:32:17.685", "ddd", "", "006"},
		{"6.14:32:17.685", `dd\.hh\:mm`, "", "06.14:32"},
		{"6.14:32:17.685", "%h", "", "14"},
		{"6.08:05:17", "hh", "", "08"},
		{"6.14:08:17", `h\:m`, "", "14:8"},
		{"6.08:05:17", `d\.hh\:mm\:ss`, "", "6.08:05:17"},
		{"0:0:12.965", `s\.fff`, "", "12.965"},
		{"0:0:6.895", `ss\.f`, "", "06.8"},
		{"0:0:6.8954321", "fffffff", "", "8954321"},
		{"0:0:6.8954321", `ss\.ffff`, "", "06.8954"},
		{"0:0:3.091", `ss\.F`, "", "03."}, // the point stays, unlike in dates
		{"0:0:3.101", `ss\.FF`, "", "03.1"},
		{"0:0:6.3291791", "FFFFFF", "", "329179"},
		{"14:32:17", "hh':'mm':'ss", "", "14:32:17"},
		{"14:32:17", `"h" %h 'm' %m`, "", ""},
		{"14:32:17", `hh"x"\y`, "", "14xy"},
		{"10675199.02:48:05.4775807", "dddddddd", "", "10675199"},
		{"5.00:00:00", "dddddddd", "", "00000005"},
		{"-10675199.02:48:05.4775808", "c", "", "-10675199.02:48:05.4775808"},
	} {
		got, err := Time([]byte("x"), timeSpan(t, c.span), c.format, culture(t, c.culture))
		if c.want == "" {
			if !errors.Is(err, errTimeText) || string(got) != "x" {
				t.Errorf("%s in %q is %q, %v, want an error", c.span, c.format, got, err)
			}
			continue
		}
		if err != nil || string(got) != "x"+c.want {
			t.Errorf("%s in %q %s is %q, %v, want %q", c.span, c.format, c.culture, got[1:], err, c.want)
		}
	}
}

func TestTimeErrors(t *testing.T) {
	for format, want := range map[string]error{
		"hh:mm": errTimeText, "d.hh": errTimeText, "h h": errTimeText, "-h": errTimeText, "HH": errTimeText, "tt": errTimeText,
		"x": errTimeLetter, "d": errTimeLetter, "h": errTimeLetter, ":": errTimeLetter, "%": errTimeLetter, `\`: errTimeLetter, "C": errTimeLetter,
		"hhh": errTimeRepeats, "mmm": errTimeRepeats, "sss": errTimeRepeats, "ddddddddd": errTimeRepeats,
		"ffffffff": errFraction, "FFFFFFFF": errFraction,
		"hh'": errQuote, `hh"a`: errQuote, `hh\`: errBackslash, "h%": errPercent, "%%h": errPercent, "%:": errTimeText,
		"": nil, "c": nil, "t": nil, "T": nil, "g": nil, "G": nil, "%d": nil, "%h%m": nil, `\x`: nil, "''": nil,
	} {
		if err := CheckTime(format); !errors.Is(err, want) {
			t.Errorf("%q gives %v, want %v", format, err, want)
		}
	}
}

func TestParseTimeSpan(t *testing.T) {
	for text, want := range map[string]string{
		"00:05:00":                   "00:05:00",
		"-00:05:00":                  "-00:05:00",
		"3.04:05:06.7":               "3.04:05:06.7000000",
		"12:30":                      "12:30:00",
		"1:2":                        "01:02:00",
		"1.2:3":                      "1.02:03:00",
		"23:59:59.9999999":           "23:59:59.9999999",
		"23:59:59.99999994":          "23:59:59.9999999",
		"23:59:59.999999950":         "1.00:00:00",
		"10675199.02:48:05.4775807":  "10675199.02:48:05.4775807",
		"-10675199.02:48:05.4775808": "-10675199.02:48:05.4775808",
		"PT5M":                       "00:05:00",
		"P1DT2H":                     "1.02:00:00",
		"-PT1.5S":                    "-00:00:01.5000000",
		"P2W":                        "14.00:00:00",
		"P1W1D":                      "8.00:00:00",
		"PT0S":                       "00:00:00",
		"-PT0S":                      "00:00:00",
		"PT36H":                      "1.12:00:00",
		"PT90M":                      "01:30:00",
		"PT1H30M15.25S":              "01:30:15.2500000",
		"P10675199DT2H48M5.4775807S": "10675199.02:48:05.4775807",
	} {
		s, ok := ParseTimeSpan(text)
		if got := string(s.AppendTo(nil)); !ok || got != want {
			t.Errorf("%s is %s, %v, want %s", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "-", "5", "5.", "1.5", "24:00", "24:00:00", "1:60", "0:0:60", "1:2:3:4", "1:2:", "1:2:3.", "1:2.5", ":5", "1.:5", "123:00", "1:234",
		"10675199.02:48:05.4775808", "10675200.00:00:00", "999999999999.00:00", "9999999999999.00:00", "--1:2", "+1:2", " 1:2", "1:2 ",
		"0:0:0.1234567890",
		"P", "PT", "P1", "P1Y", "P1M", "P1Y2M", "PT1", "PT1D", "P1H", "PT1M1H", "PT1S1S", "PT1.5M", "PT.5S", "PT1.S", "P1.5D", "P-1D", "P1DT",
		"P1D1W", "pt5m", "PT5m", "+PT5M", "PT1HT1M", "P999999999999D", "PT9999999999999S", "P15250285W", "PT5M ", "P1DP1D",
	} {
		if s, ok := ParseTimeSpan(text); ok {
			t.Errorf("%q is %s", text, s.AppendTo(nil))
		}
	}
	if s := (TimeSpan{math.MinInt64}); string(s.AppendTo(nil)) != "-10675199.02:48:05.4775808" {
		t.Errorf("the least time span is %s", s.AppendTo(nil))
	}
}

func TestLongTimeFormats(t *testing.T) {
	const length = 100_000
	for _, part := range []string{"'x'", `\x`, "%d", "h'm'"} {
		got, err := Time(nil, TimeSpan{math.MaxInt64}, strings.Repeat(part, length/len(part)), invariant)
		if err != nil || len(got) > 8*length {
			t.Errorf("%d bytes of %q give %d bytes, %v", length, part, len(got), err)
		}
	}
}
