package plan

import (
	"strings"
	"testing"
)

func TestParseCIDR(t *testing.T) {
	tests := map[string]string{ // the error; none if empty
		"10.0.0.0/8": "", "0.0.0.0/0": "", "fd00::/8": "", "::1/128": "", "192.0.2.7/32": "",
		"10.0.0.1":            "write 10.0.0.1/32",
		"fd00::1":             "write fd00::1/128",
		"10.1.2.3/8":          "write 10.0.0.0/8",
		"fd00::1/8":           "write fd00::/8",
		"::ffff:10.0.0.0/104": "written as IPv6",
		"":                    "not a range", "10.0.0.0/33": "not a range", "10.0.0.0/": "not a range", "a/8": "not a range",
		"10.0.0.0/08": "not a range", "fe80::%eth0/10": "not a range", "fe80::1%eth0": "not a range", "10.0.0.0/-1": "not a range",
	}
	for text, want := range tests {
		r, err := ParseCIDR(text)
		if want == "" && (err != nil || r.String() != text) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("ParseCIDR(%q) = %v, %v; want %q", text, r, err, want)
		}
	}
}
