package egress

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/idna"
)

func TestHost(t *testing.T) {
	for _, test := range []struct {
		policy    Policy
		allowance Allowance
		passes    string // here and elsewhere
		here      string // passes where we resolve, not elsewhere
		refused   string
	}{
		{ // nothing that is read differently by different resolvers, under any policy
			policy: everything,
			passes: "api.example.com API.Example.COM. my_host.example.com xn--bcher-kva.example 1e100.net 0x7g.example 127.0.0.1.nip.example 10.0.0.1 ::1 fe80::1%eth0 localhost",
			refused: `127.1 127.0.1 2130706433 017700000001 0177.0.0.1 0x7f000001 0X7F.1 0x7f.0.0.1 0x 010.0.0.1 1.2.3.4. 127.0.0.1. 1.2.3.4.5 256.0.0.1
				0 00 4294967296 a.1 a.0x1f api.example.com.0 1.1.1.01 12345678901234567890
				１２７.0.0.1 127。0。0。1 ①②⑦.0.0.1 bücher.example ｌocalhost ⓛocalhost a%2eb a%00b exa<mple.com a..b .a - a- [::1] [127.0.0.1] a:80 ::1: ::ffff:127.1 ::g 1.2.3.4%eth0
				-a.example * *.example.com a/b a@b user@127.0.0.1 a?b a#b a\b`,
		},
		{ // IP addresses as when they are dialled
			passes:  "1.1.1.1 2606:4700::1 ::ffff:1.1.1.1 64:ff9b::101:101 2002:101:101::1",
			refused: "127.0.0.1 10.0.0.1 169.254.169.254 ::1 :: 0.0.0.0 ::ffff:127.0.0.1 ::ffff:7f00:1 0:0:0:0:0:FFFF:7F00:0001 64:ff9b::7f00:1 2002:7f00:1:: fe80::1%eth0 fe80::a9fe:a9fe%1",
		},
		{ // metadata services, under any policy
			policy: everything,
			passes: "metadata.example.com google.internal instance-data.example.com",
			refused: `metadata.google.internal METADATA.google.internal. metadata metadata. metadata.goog instance-data instance-data.ec2.internal
				instance-data.eu-west-1.compute.internal metadata.tencentyun.com api.metadata.cloud.ibm.com metadata.packet.net metadata.platformequinix.com`,
		},
		{ // names that are evident
			passes: "api.example.com localhost.example.com mylocalhost.example local.example.com svc.example.com service.namespace example.svc.com",
			here: `localhost LocalHost. a.localhost a.b.localhost. localhost.localdomain localhost6 ip6-localhost ip6-loopback
				intranet printer.local a.internal router.home.arpa host.localdomain a.b.svc a.b.svc.cluster.local a.lan a.corp a.home a.private a.intranet`,
		},
		{policy: Policy{AllowLoopback: true}, passes: "localhost a.localhost localhost.localdomain ip6-localhost 127.0.0.1", here: "intranet a.local"},
		{policy: Policy{AllowPrivate: true}, passes: "intranet a.local a.b.svc 10.0.0.1", here: "localhost a.localhost localhost6 localhost.localdomain"},
		{ // the operator's hosts
			policy:  Policy{AllowPrivate: true, Hosts: []string{"*.example.com", "10.0.0.1", "127.0.0.1"}},
			passes:  "a.example.com a.b.EXAMPLE.com. 10.0.0.1",
			refused: "example.com badexample.com a.example.com.evil 10.0.0.2 ::ffff:10.0.0.1 127.0.0.1",
		},
		{ // both have to allow a host
			policy: Policy{Hosts: []string{"*.example.com"}}, allowance: Allowance{Hosts: []string{"a.example.com", "b.example.org"}},
			passes: "a.example.com", refused: "b.example.com b.example.org",
		},
		{ // no allowance widens
			allowance: Allowance{Hosts: []string{"127.0.0.1", "metadata.google.internal", "127.1", "localhost"}},
			here:      "localhost", refused: "127.0.0.1 metadata.google.internal 127.1 api.example.com",
		},
		{ // a name that somebody else resolves cannot be held to ranges
			allowance: Allowance{CIDRs: ranges("1.1.1.0/24")},
			passes:    "1.1.1.1 ::ffff:1.1.1.1", here: "api.example.com localhost", refused: "1.1.2.1",
		},
		{policy: Policy{Deny: ranges("1.1.1.0/24")}, passes: "1.1.2.1 api.example.com", refused: "1.1.1.1 64:ff9b::101:101"},
	} {
		judge := func(hosts string, elsewhere, passes bool) {
			for _, host := range strings.Fields(hosts) {
				err := test.policy.Host(host, test.allowance, elsewhere)
				if (err == nil) != passes {
					t.Errorf("%+v, %+v: %q elsewhere %v: %v, want it to pass: %v", test.policy, test.allowance, host, elsewhere, err, passes)
				}
				if blocked := (*BlockedError)(nil); err != nil && (!errors.As(err, &blocked) || blocked.Rule == "") {
					t.Errorf("%q: error is a %T: %v", host, err, err)
				}
			}
		}
		judge(test.passes, false, true)
		judge(test.passes, true, true)
		judge(test.here, false, true)
		judge(test.here, true, false)
		judge(test.refused, false, false)
		judge(test.refused, true, false)
	}
	for _, host := range []string{"", " ", "a b", "127.0.0.1 ", "127.0.0.1\n", "a\x00", strings.Repeat("a.", 150) + "b"} {
		if everything.Host(host, Allowance{}, false) == nil {
			t.Errorf("%q passes", host)
		}
	}
}

func TestHostNamesTheRule(t *testing.T) {
	narrow := Allowance{Hosts: []string{"a.example"}, CIDRs: ranges("1.1.1.1/32")}
	for _, test := range []struct {
		policy    Policy
		allowance Allowance
		host      string
		want      string
	}{
		{host: "0x7f.1", want: `the receiver's host "0x7f.1" ends in a number but is no IP address, and is read differently by different resolvers, which is never allowed`},
		{host: "a\nb", want: `the receiver's host "a\nb" is neither a DNS name in ASCII nor an IP address`},
		{host: strings.Repeat("a", 300), want: `the receiver's host "` + strings.Repeat("a", 100) + `…" is neither a DNS name in ASCII nor an IP address`},
		{host: "metadata", want: `the receiver's host "metadata" is the name of a cloud metadata service, which is never allowed`},
		{host: "127.0.0.1", want: "the receiver's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{policy: Policy{Hosts: []string{"b.example"}}, host: "a.example", want: `the receiver's host "a.example" is none of the hosts that the operator allows`},
		{allowance: narrow, host: "b.example", want: `the receiver's host "b.example" is none of the hosts that the integration's egress allows`},
		{allowance: narrow, host: "a.example", want: `the receiver's host "a.example" is a name that the egress proxy resolves, so that the ranges of the integration's egress cannot be held`},
		{host: "localhost", want: `the receiver's host "localhost" is a loopback name, which the operator does not allow`},
		{host: "a.local", want: `the receiver's host "a.local" is a private name, which the operator does not allow`},
	} {
		if err := test.policy.Host(test.host, test.allowance, true); err == nil || err.Error() != test.want {
			t.Errorf("%q: %v, want %q", test.host, err, test.want)
		}
	}
}

// FuzzHost: a host that is judged fine is never dialled as an address that is
// refused, however liberal the resolver, and a verdict elsewhere is the stricter one.
func FuzzHost(f *testing.F) {
	for _, host := range strings.Fields("a.example 127.0.0.1 127.1 0x7f.1 017700000001 2130706433 1.2.3.4. ::1 fe80::1%eth0 ::ffff:7f00:1 localhost １２７.0.0.1 127。0。0。1 metadata 0x") {
		f.Add(host, uint8(0))
		f.Add(host, uint8(7))
	}
	f.Fuzz(func(t *testing.T, host string, allow uint8) {
		policy := Policy{AllowLoopback: allow&1 > 0, AllowLinkLocal: allow&2 > 0, AllowPrivate: allow&4 > 0}
		if policy.Host(host, Allowance{}, false) != nil {
			if policy.Host(host, Allowance{}, true) == nil {
				t.Errorf("%q passes elsewhere, not here", host)
			}
			return
		}
		ascii, err := idna.Lookup.ToASCII(host) // as net/http does
		if err != nil {
			ascii = host
		}
		for _, read := range []string{host, ascii, strings.TrimSuffix(ascii, ".")} {
			addr, err := netip.ParseAddr(read)
			if err != nil {
				addr = inetAton(read)
			}
			if addr.IsValid() && policy.Address(addr, Allowance{}) != nil {
				t.Errorf("%q passes, and is dialled as %s", host, addr)
			}
		}
		for _, narrow := range []Allowance{{Hosts: []string{"only.example"}}, {CIDRs: ranges("192.0.2.1/32")}} {
			if host != "192.0.2.1" && !strings.EqualFold(strings.TrimSuffix(host, "."), "only.example") && policy.Host(host, narrow, true) == nil {
				if addr, err := netip.ParseAddr(host); err != nil || unwrap(addr.WithZone("")) != netip.MustParseAddr("192.0.2.1") {
					t.Errorf("%q passes in spite of %+v", host, narrow)
				}
			}
		}
	})
}

// inetAton reads an IPv4 address as inet_aton of the C library does: one to four
// numbers, decimal, octal or hexadecimal, of which the last fills what is left.
func inetAton(text string) netip.Addr {
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}
	}
	value := uint64(0)
	for i, part := range parts {
		bits := 8
		if i == len(parts)-1 {
			bits = 8 * (5 - len(parts))
		}
		if strings.ContainsAny(part, "_oO") || strings.HasPrefix(strings.ToLower(part), "0b") { // Go's numbers, not C's
			return netip.Addr{}
		}
		n, err := strconv.ParseUint(part, 0, bits)
		if err != nil {
			return netip.Addr{}
		}
		value = value<<bits | n
	}
	return netip.AddrFrom4([4]byte{byte(value >> 24), byte(value >> 16), byte(value >> 8), byte(value)})
}
