package plan

import "testing"

func TestMatchHost(t *testing.T) {
	tests := []struct {
		pattern, host string
		want          bool
	}{
		{"api.example.com", "api.example.com", true},
		{"api.example.com", "API.Example.com.", true},
		{"api.example.com", "example.com", false},
		{"api.example.com", "x.api.example.com", false},
		{"*.example.com", "a.example.com", true},
		{"*.example.com", "a.b.example.com.", true},
		{"*.example.com", "example.com", false},
		{"*.example.com", "badexample.com", false},
		{"*.example.com", ".example.com", false},
		{"*.example.com", "a.example.com.evil", false},
		{"10.0.0.1", "10.0.0.1", true},
		{"2001:db8::1", "2001:0db8:0:0::1", true},
		{"2001:db8::1", "[2001:db8::1]", true},
		{"10.0.0.1", "10.0.0.10", false},
	}
	for _, test := range tests {
		if got := MatchHost(test.pattern, test.host); got != test.want {
			t.Errorf("MatchHost(%q, %q) = %t", test.pattern, test.host, got)
		}
	}
}

func TestCheckHostPattern(t *testing.T) {
	for _, pattern := range []string{"a", "api.example.com", "*.example.com", "10.0.0.1", "::1"} {
		if err := CheckHostPattern(pattern); err != nil {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	for _, pattern := range []string{"", "*", "*.", "*.com", "a.*.com", "a*.example.com", "http://a", "a:80", "bücher.example", "a b",
		"127.1", "0x7f000001", "127.0.0.1.", "*.0.0.1", "*.127.0.0.1", "*.example.1", "*.::1", "fe80::1%eth0"} {
		if CheckHostPattern(pattern) == nil {
			t.Errorf("%q is accepted", pattern)
		}
	}
}

func TestCheckServerName(t *testing.T) {
	for _, name := range []string{"a", "api.example.com", "a_b.example", "10.0.0.1", "::1"} {
		if err := CheckServerName(name); err != nil {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, name := range []string{"", ".", "api.example.com.", "*.example.com", "a:443", "https://a", "fe80::1%eth0", "a b", "127.1"} {
		if CheckServerName(name) == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}
