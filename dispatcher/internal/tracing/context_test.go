package tracing

import (
	"strings"
	"testing"
)

// TestParse: which traceparent and tracestate are good ones (W3C Trace Context, 3.2.2 and
// 3.3.1), and what is kept of them.
func TestParse(t *testing.T) {
	const id, span = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	const good = "00-" + id + "-" + span + "-01"
	long := "a=" + strings.Repeat("x", 250) + ",b=" + strings.Repeat("y", 250)
	for _, test := range []struct{ parent, state, want string }{
		{good, "", good},
		{"00-" + id + "-" + span + "-00", "", "00-" + id + "-" + span + "-00"},
		{"00-" + id + "-" + span + "-ff", "", good}, // flags that are not known are dropped
		{"cc-" + id + "-" + span + "-01", "", good}, // a later version
		{"cc-" + id + "-" + span + "-01-what", "", good},
		{good, "a=1,b@c=2", good + " a=1,b@c=2"},
		{good, long, good + " " + long},
		{good, long + ",c=123456789", good},
		{good, "no state", good},
		{"cc-" + id + "-" + span + "-01what", "", ""},
		{good + "-what", "", ""},
		{"ff-" + id + "-" + span + "-01", "", ""},
		{"00-" + strings.ToUpper(id) + "-" + span + "-01", "", ""},
		{"00-" + strings.Repeat("0", 32) + "-" + span + "-01", "", ""},
		{"00-" + id + "-" + strings.Repeat("0", 16) + "-01", "", ""},
		{"00-" + id + "-" + span + "-0g", "", ""},
		{"00-" + id + "-" + span, "", ""},
		{"00_" + id + "-" + span + "-01", "", ""},
		{"", "a=1", ""},
	} {
		c := Parse(test.parent, test.state)
		if got := c.Text(); got != test.want {
			t.Errorf("Parse(%q, %q) = %q, want %q", test.parent, test.state, got, test.want)
		}
		if again := ParseText(c.Text()); again != c {
			t.Errorf("%q is read as %v", c.Text(), again)
		}
		want := ""
		if test.want != "" {
			want = id
		}
		if c.TraceID() != want || TraceOf(c.Text()) != want || c.Valid() != (want != "") {
			t.Errorf("the trace of %q is %q, %q", test.parent, c.TraceID(), TraceOf(c.Text()))
		}
		if c.Sampled() != strings.Contains(test.want, "-01") {
			t.Errorf("%q is recorded: %t", test.parent, c.Sampled())
		}
	}
}

// FuzzParse: nothing that is sent breaks it, and what is kept is read again.
func FuzzParse(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "a=1")
	f.Fuzz(func(t *testing.T, parent, state string) {
		c := Parse(parent, state)
		if ParseText(c.Text()) != c {
			t.Errorf("%q, %q are kept as %q", parent, state, c.Text())
		}
	})
}
