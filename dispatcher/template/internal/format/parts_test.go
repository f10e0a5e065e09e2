package format

import "testing"

func TestParts(t *testing.T) {
	for _, text := range []string{"2009-06-15T13:45:30.5", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999-23:59", "2009-06-15T13:45:30+05:30", "2009-06-15T13:45:30+00:00"} {
		d := dateTime(t, text)
		if back := DateTimeOf(d.Parts()); back != d {
			t.Errorf("%s comes back as %s", text, back.AppendRFC3339(nil))
		}
	}
	for _, text := range []string{"-1.02:03:04.5000000", "00:00:00"} {
		s := timeSpan(t, text)
		if back := TimeSpanOf(s.Ticks()); back != s {
			t.Errorf("%s comes back as %s", text, back.AppendTo(nil))
		}
	}
}
