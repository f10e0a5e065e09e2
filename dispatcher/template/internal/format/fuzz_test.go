package format

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/decimal"
)

// fuzzCultures are the cultures that differ most.
var fuzzCultures = []*Culture{invariant, cultures["ru-ru"], cultures["en-us"], cultures["kk-kz"]}

// checkOutput holds what is true of all formats: an error leaves nothing, output
// is bounded, comes behind what there was, is valid where its parts are, and
// does not depend on what there was.
func checkOutput(t *testing.T, limit int, format string, write func(dst []byte) ([]byte, error)) {
	t.Helper()
	behindPoint, err := write([]byte("5."))
	if err != nil {
		if string(behindPoint) != "5." {
			t.Fatalf("%q leaves %q after %v", format, behindPoint, err)
		}
		return
	}
	alone, err := write(nil)
	if err != nil || "5."+string(alone) != string(behindPoint) {
		t.Fatalf("%q gives %q behind something, but %q, %v alone", format, behindPoint, alone, err)
	}
	if len(alone) > limit {
		t.Fatalf("%q gives %d bytes, more than %d", format, len(alone), limit)
	}
	if utf8.ValidString(format) && !utf8.Valid(alone) {
		t.Fatalf("%q gives %q", format, alone)
	}
}

func FuzzNumber(f *testing.F) {
	for _, format := range []string{"N2", "C", "E3", "G0", "P", "F1000", "#,##0.00;(0);nil", "0.0e+00", "%‰", `\0'0'"0`, "0,,.#,0", "N1234567890", "\x00"} {
		f.Add("-1234567.895", format, 0)
		f.Add("1e-3", format, 1)
	}
	f.Fuzz(func(t *testing.T, number, format string, culture int) {
		if number == "" || strings.Trim(number, "+-.eE0123456789") != "" || !json.Valid([]byte(number)) {
			return
		}
		c := fuzzCultures[uint(culture)%uint(len(fuzzCultures))]
		limit := 8 * (len(format) + len(number) + MaxPrecision + decimal.MaxAddedZeros + 100)
		checkOutput(t, limit, format, func(dst []byte) ([]byte, error) {
			return Number(dst, decimal.Parse(number), format, c)
		})
		if err := CheckNumber(format); err == nil && len(number) < 100 && !strings.ContainsAny(number, "eE") {
			if _, err := Number(nil, decimal.Parse(number), format, c); err != nil {
				t.Fatalf("%s in %q gives %v", number, format, err)
			}
		}
	})
}

// FuzzNumberRounding compares fixed formats, standard and custom, with Round.
func FuzzNumberRounding(f *testing.F) {
	f.Add("-1234567.895", 2)
	f.Add("0.00049", 3)
	f.Fuzz(func(t *testing.T, number string, places int) {
		if number == "" || len(number) > 300 || strings.Trim(number, "-.0123456789") != "" || !json.Valid([]byte(number)) {
			return
		}
		places = int(uint(places) % 30)
		d := decimal.Parse(number)
		want, _ := d.AppendRounded(nil, places, decimal.HalfAwayFromZero, ".")
		if d.Scale() < places {
			if d.IsInteger() {
				want = append(want, '.')
			}
			want = append(want, strings.Repeat("0", places-d.Scale())...)
		}
		custom := "0." + strings.Repeat("0", places)
		standard := "F" + string(appendPadded(nil, places, 1))
		for _, format := range []string{custom, standard} {
			if got, err := Number(nil, d, format, invariant); err != nil || string(got) != string(want) {
				t.Fatalf("%s in %q is %s, %v, want %s", number, format, got, err, want)
			}
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, format := range []string{"", "d", "U", "o", "%d", "dddd, d MMMM yyyy 'г'.", "ss.FFFFFFF", "%%", `\`, "'", `"x\"y"`, "zzz K t", "yyyyyyyyy"} {
		f.Add(int64(633806919300000000), int16(180), format, 0)
		f.Add(int64(0), int16(-720), format, 1)
	}
	f.Fuzz(func(t *testing.T, ticks int64, offset int16, format string, culture int) {
		d := DateTime{ticks: int64(uint64(ticks) % (maxTicks + 1)), offset: offset % 1440, zone: fixed}
		c := fuzzCultures[uint(culture)%uint(len(fuzzCultures))]
		checkOutput(t, 30*(len(format)+5), format, func(dst []byte) ([]byte, error) {
			return Date(dst, d, format, c)
		})
		if _, err := Date(nil, d, format, c); (err == nil) != (CheckDate(format) == nil) {
			t.Fatalf("%q gives %v, unlike in the check", format, err)
		}
		written := string(d.AppendRFC3339(nil))
		if back, ok := ParseDateTime(written); !ok || back != d {
			t.Fatalf("%s is read as %s, %v", written, back.AppendRFC3339(nil), ok)
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, format := range []string{"", "c", "g", "G", `d\.hh\:mm`, "hh:mm", "%d%h", "fffffff", "'x", "dddddddd"} {
		f.Add(int64(-123456789012345), format, 0)
	}
	f.Fuzz(func(t *testing.T, ticks int64, format string, culture int) {
		s := TimeSpan{ticks}
		c := fuzzCultures[uint(culture)%uint(len(fuzzCultures))]
		checkOutput(t, 8*(len(format)+5), format, func(dst []byte) ([]byte, error) {
			return Time(dst, s, format, c)
		})
		if _, err := Time(nil, s, format, c); (err == nil) != (CheckTime(format) == nil) {
			t.Fatalf("%q gives %v, unlike in the check", format, err)
		}
		written := string(s.AppendTo(nil))
		if back, ok := ParseTimeSpan(written); !ok || back != s {
			t.Fatalf("%s is read as %s, %v", written, back.AppendTo(nil), ok)
		}
	})
}

func FuzzParseDateTime(f *testing.F) {
	for _, text := range []string{"2009-06-15T13:45:30.5+03:00", "2009-06-15", "2009-06-15 13:45z", "9999-12-31T23:59:59.999999999"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := ParseDateTime(text)
		if !ok {
			return
		}
		written := string(d.AppendRFC3339(nil))
		if back, ok := ParseDateTime(written); !ok || back != d || d.ticks < 0 || d.ticks > maxTicks {
			t.Fatalf("%q is %s, and that %s, %v", text, written, back.AppendRFC3339(nil), ok)
		}
		if in := d.utcTicks() - d.ticks; d.Unix() < -unixEpoch-86400 || in%ticksPerMinute != 0 {
			t.Fatalf("%s is %d", written, d.Unix())
		}
		for _, n := range []float64{0.5, -1e7, 1e9} {
			if sum, ok := d.AddDays(n); ok && sum.ticks-d.ticks != int64(n*ticksPerDay) {
				t.Fatalf("%s and %v days are %s", written, n, sum.AppendRFC3339(nil))
			}
		}
	})
}

func FuzzParseTimeSpan(f *testing.F) {
	for _, text := range []string{"-1.02:03:04.5", "12:30", "P1W2DT3H4M5.6S", "-PT0S", "10675199.02:48:05.4775807", "PT999999999999S"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, ok := ParseTimeSpan(text)
		if !ok {
			return
		}
		written := string(s.AppendTo(nil))
		if back, ok := ParseTimeSpan(written); !ok || back != s {
			t.Fatalf("%q is %s, and that %s, %v", text, written, back.AppendTo(nil), ok)
		}
		if strings.HasPrefix(written, "-") != (s.ticks < 0) || s.ticks != 0 && strings.HasPrefix(text, "-") != (s.ticks < 0) {
			t.Fatalf("%q is %s", text, written)
		}
	})
}
