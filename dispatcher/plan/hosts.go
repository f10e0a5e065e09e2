package plan

import (
	"errors"
	"net/netip"
	"strings"
)

// CheckHostPattern judges a pattern of [MatchHost].
func CheckHostPattern(pattern string) error {
	host, wild := strings.CutPrefix(pattern, "*.")
	if _, err := netip.ParseAddr(host); err == nil && !wild {
		return nil
	}
	if !validHost(host) || wild && !strings.Contains(host, ".") {
		return errors.New("a host must be a DNS name in ASCII, an IP address, or *. and a DNS name of two labels or more")
	}
	return nil
}

// MatchHost reports whether a host, without a port, is one that a pattern stands
// for: a DNS name or IP address itself, or "*.example.com" for all names below
// example.com, at any depth, and not example.com. Case and a final dot make no
// difference, nor how an IP address is written.
func MatchHost(pattern, host string) bool {
	pattern, host = normalHost(pattern), normalHost(host)
	if below, wild := strings.CutPrefix(pattern, "*"); wild {
		return len(host) > len(below) && strings.HasSuffix(host, below)
	}
	return pattern == host
}

// normalHost is a host in the form in which equal ones are equal.
func normalHost(host string) string {
	if addr, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return addr.String()
	}
	return strings.ToLower(strings.TrimSuffix(host, "."))
}
