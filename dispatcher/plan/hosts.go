package plan

import (
	"errors"
	"net/netip"
	"strings"
)

// maxHost is the longest DNS name (RFC 1035, 2.3.4), as text.
const maxHost = 253

// IsHost reports whether a host, without port and brackets, is an IP address or a
// DNS name in ASCII.
func IsHost(host string) bool {
	if isAddress(host) {
		return true
	}
	name := strings.TrimSuffix(host, ".")
	for label := range strings.SplitSeq(name, ".") {
		if !isLabel(label) {
			return false
		}
	}
	return len(name) <= maxHost
}

// isAddress reports whether a host is an IP address. Each request asks it, mostly of a
// name, for which [netip.ParseAddr] would make an error first.
func isAddress(host string) bool {
	if host == "" || !strings.Contains(host, ":") && (host[0] < '0' || host[0] > '9') {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isLabel reports whether a text is one part of a DNS name. Underscores are no host
// names by RFC 1123, but occur, and net/http sends them.
func isLabel(text string) bool {
	if text == "" || len(text) > 63 || text[0] == '-' || text[len(text)-1] == '-' {
		return false
	}
	for _, c := range []byte(text) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// IsNumericHost reports whether a host, without port and brackets, ends in a number,
// as the URL standard of WHATWG says it, and is no IP address: 127.1, 0x7f000001,
// 017700000001 and 127.0.0.1. with its final dot are examples. Some resolvers read an
// IPv4 address in it, others look it up.
func IsNumericHost(host string) bool {
	if isAddress(host) {
		return false
	}
	host = strings.TrimSuffix(host, ".")
	last := host[strings.LastIndexByte(host, '.')+1:]
	if hex, ok := strings.CutPrefix(strings.ToLower(last), "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return last != "" && strings.Trim(last, "0123456789") == ""
}

// CheckHostPattern judges a pattern of [MatchHost].
func CheckHostPattern(pattern string) error {
	host, wild := strings.CutPrefix(pattern, "*.")
	addr, err := netip.ParseAddr(host)
	literal := err == nil
	if literal && addr.Zone() == "" && !wild {
		return nil
	}
	if literal || IsNumericHost(host) || !IsHost(host) || wild && !strings.Contains(host, ".") {
		return errors.New("a host must be a DNS name in ASCII, an IP address, or *. and a DNS name of two labels or more")
	}
	return nil
}

// CheckServerName judges the ServerName of [TLS]: the name in a certificate, so
// without a final dot.
func CheckServerName(name string) error {
	if strings.HasSuffix(name, ".") || strings.Contains(name, "%") || IsNumericHost(name) || !IsHost(name) {
		return errors.New("serverName must be a DNS name such as api.example.com")
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
