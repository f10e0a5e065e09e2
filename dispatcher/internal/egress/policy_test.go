package egress

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

// classes of addresses, by what allows them.
const (
	public = iota
	never
	loopback
	linkLocal
	private
)

// everything allows all that can be allowed by a class.
var everything = Policy{AllowLoopback: true, AllowLinkLocal: true, AllowPrivate: true}

// addresses are, for each class, the first and the last of each of its ranges, and
// what stands beside them.
var addresses = map[int]string{
	public: `1.0.0.0 1.1.1.1 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.0 169.253.255.255 169.255.0.0
		172.15.255.255 172.32.0.0 191.255.255.255 192.0.1.0 192.0.1.255 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0
		198.51.99.255 198.51.101.0 203.0.112.255 203.0.114.0 223.255.255.255 168.63.129.15 168.63.129.17
		2000:: 2606:4700::1111 2001:4860:4860::8888 2001:1::1 2001:1:: 2001:3:: 2001:20:: 2001:db7:ffff:: 2001:db9:: 2001:ffff:: 2003::
		3ffe:ffff:: 3fff:1000:: 3fff:ffff:: ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1 ::1.1.1.1
		2606:4700::5efe:1.1.1.1 2606:4700::200:5efe:1.1.1.1 2606:4700::100:5efe:127.0.0.1 2606:4700::5eff:127.0.0.1 2606:4700::1%eth0`,
	never: `169.254.169.254 169.254.169.252 169.254.170.2 169.254.170.23 169.254.0.23 169.254.42.42 100.100.100.200 100.96.0.96 168.63.129.16
		192.0.0.192 fd00:ec2::254 fd00:ec2::23 fd20:ce::254 fd00:c1::a9fe:a9fe fd00:100::100:200 fd00:42::42 fd00:a9fe:a9fe::1
		fe80::a9fe:a9fe fe80::a9fe:a9fe%eth0
		0.0.0.0 0.255.255.255 :: 224.0.0.0 224.0.0.1 239.255.255.255 ff00:: ff02::1 ff02::1%eth0 ffff::1 240.0.0.0 255.255.255.254 255.255.255.255
		2001:: 2001::1 2001:0:ffff::1 2001:0:ffff:ffff:ffff:ffff:ffff:ffff
		::ffff:169.254.169.254 64:ff9b::169.254.169.254 2002:a9fe:a9fe::1 ::169.254.169.254 ::ffff:0.0.0.0 64:ff9b::255.255.255.255 2002:e000:1::
		64:ff9b:: 64:ff9b::168.63.129.16 ::ffff:224.0.0.1 2606:4700::5efe:169.254.169.254 2606:4700::200:5efe:224.0.0.1
		::ffff:0:127.0.0.1 ::1:0:0:0 64:ff9a:ffff:: 64:ff9b:2:: 64:ff9b:2::1 64:ff9b::1:0:0 100:0:0:1:: ff:ffff:: 101:: 1fff:ffff:: 4000:: 5eff:ffff:: 5f01:: fbff::1 fe00::1 fe7f:ffff::`,
	loopback: `127.0.0.0 127.0.0.1 127.255.255.255 ::1 ::1%eth0 ::ffff:127.0.0.1 64:ff9b::127.0.0.1 2002:7f00:1::1 ::127.0.0.1 2606:4700::5efe:127.0.0.1`,
	linkLocal: `169.254.0.0 169.254.20.10 169.254.169.253 169.254.169.255 169.254.255.255 fe80:: fe80::1 fe80::1%eth0 fe80::a9fe:a9ff febf:ffff::1
		::ffff:169.254.1.1 2002:a9fe:101::`,
	private: `10.0.0.0 10.255.255.255 172.16.0.0 172.31.255.255 192.168.0.0 192.168.255.255 100.64.0.0 100.127.255.255 100.100.100.199
		192.0.0.0 192.0.0.191 192.0.0.255 198.18.0.0 198.19.255.255 192.0.2.0 192.0.2.255 198.51.100.0 198.51.100.255 203.0.113.0 203.0.113.255
		fc00:: fc00::1 fdff:ffff::1 fd00:ec2::253 fec0:: fec0::1 feff::1 64:ff9b:1:: 64:ff9b:1::1 64:ff9b:1:ffff:: 64:ff9b:1:ffff:ffff:ffff:ffff:ffff
		2001:2:: 2001:2:0:ffff:: 2001:10:: 2001:1f:ffff:: 2001:db8:: 2001:db8:ffff:: 3fff:: 3fff:fff:ffff:: 100:: 100::ffff:ffff:ffff:ffff 5f00:: 5f00:ffff::
		::ffff:10.0.0.1 64:ff9b::10.0.0.1 2002:a00:1::1 2002:c0a8:101:: ::10.0.0.1 2606:4700::200:5efe:10.0.0.1`,
}

func TestAddress(t *testing.T) {
	policies := map[int]Policy{loopback: {AllowLoopback: true}, linkLocal: {AllowLinkLocal: true}, private: {AllowPrivate: true}}
	for class, texts := range addresses {
		for _, text := range strings.Fields(texts) {
			addr := netip.MustParseAddr(text)
			for needed, policy := range policies {
				want := class == public || class == needed
				if got := policy.Address(addr, Allowance{}) == nil; got != want {
					t.Errorf("%+v lets %s pass: %v, want %v", policy, text, got, want)
				}
			}
			if got := (Policy{}).Address(addr, Allowance{}) == nil; got != (class == public) {
				t.Errorf("the zero policy lets %s pass: %v", text, got)
			}
			if got := everything.Address(addr, Allowance{}) == nil; got != (class != never) {
				t.Errorf("the widest policy lets %s pass: %v", text, got)
			}
			all := []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}
			if got := (Policy{Allow: all}).Address(addr, Allowance{}) == nil; got != (class != never) {
				t.Errorf("a policy that allows all ranges lets %s pass: %v", text, got)
			}
			denies := everything
			denies.Allow, denies.Deny = all, all
			if denies.Address(addr, Allowance{CIDRs: all}) == nil {
				t.Errorf("a policy that denies all ranges lets %s pass", text)
			}
			if got := everything.Address(addr, Allowance{CIDRs: all}) == nil; got != (class != never) {
				t.Errorf("the widest policy and an allowance of all ranges let %s pass: %v", text, got)
			}
			if got := (Policy{}).Address(addr, Allowance{CIDRs: all}) == nil; got != (class == public) {
				t.Errorf("with an allowance of all ranges the zero policy lets %s pass: %v", text, got)
			}
		}
	}
	if everything.Address(netip.Addr{}, Allowance{}) == nil {
		t.Error("the widest policy lets the zero address pass")
	}
}

// ranges parses ranges that are separated by spaces.
func ranges(text string) []netip.Prefix { return prefixes(strings.Fields(text)...) }

func TestAddressInRanges(t *testing.T) {
	for _, test := range []struct {
		allow, deny, cidrs string
		passes, refused    string
	}{
		{allow: "10.1.0.0/16 fd00:1::/32", passes: "10.1.0.0 10.1.255.255 ::ffff:10.1.0.1 64:ff9b::10.1.0.1 2002:a01:1:: fd00:1::1 fd00:1::1%eth0 1.1.1.1",
			refused: "10.0.255.255 10.2.0.0 fd00:2::1 127.0.0.1 ::ffff:10.2.0.1"},
		{allow: "127.0.0.1/32 ::1/128", passes: "127.0.0.1 ::1 ::ffff:127.0.0.1", refused: "127.0.0.2 10.0.0.1"},
		{allow: "169.254.0.0/16", passes: "169.254.20.10", refused: "169.254.169.254 ::ffff:169.254.169.254"},
		{deny: "1.1.1.0/24", passes: "1.1.0.255 1.1.2.0", refused: "1.1.1.1 ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2002:101:101::1 ::1.1.1.1 2606::5efe:1.1.1.1"},
		{deny: "2002::/16 64:ff9b::/96 ::ffff:0:0/96", passes: "1.1.1.1", refused: "2002:101:101::1 64:ff9b::1.1.1.1 ::ffff:1.1.1.1"},
		{allow: "10.0.0.0/8", deny: "10.1.0.0/16", passes: "10.0.0.1", refused: "10.1.0.1"},
		{allow: "10.1.0.0/16", deny: "10.0.0.0/8", refused: "10.0.0.1 10.1.0.1"},
		{cidrs: "1.1.1.0/24 2606:4700::/32", passes: "1.1.1.1 ::ffff:1.1.1.1 64:ff9b::1.1.1.1 2606:4700::1 2606:4700::1%eth0", refused: "1.1.2.0 2606:4701::1 10.0.0.1"},
		{cidrs: "10.0.0.0/8 127.0.0.0/8", refused: "10.0.0.1 127.0.0.1 1.1.1.1"},
		{allow: "10.0.0.0/8", cidrs: "10.1.0.0/16", passes: "10.1.0.1", refused: "10.0.0.1 1.1.1.1"},
		{deny: "1.1.1.1/32", cidrs: "1.1.1.0/24", passes: "1.1.1.2", refused: "1.1.1.1"},
	} {
		policy, allowance := Policy{Allow: ranges(test.allow), Deny: ranges(test.deny)}, Allowance{CIDRs: ranges(test.cidrs)}
		for _, text := range strings.Fields(test.passes) {
			if err := policy.Address(netip.MustParseAddr(text), allowance); err != nil {
				t.Errorf("%+v, %+v: %v", policy, allowance, err)
			}
		}
		for _, text := range strings.Fields(test.refused) {
			if policy.Address(netip.MustParseAddr(text), allowance) == nil {
				t.Errorf("%+v, %+v: %s passes", policy, allowance, text)
			}
		}
	}
}

func TestAddressNamesTheRule(t *testing.T) {
	deny := Policy{Deny: ranges("1.1.1.0/24")}
	for _, test := range []struct {
		policy Policy
		cidrs  string
		addr   string
		want   string
	}{
		{addr: "::ffff:10.0.0.1", want: "the receiver's address ::ffff:10.0.0.1 is in a private range, which the operator does not allow"},
		{addr: "fe80::1%eth0", want: "the receiver's address fe80::1%eth0 is a link-local address, which the operator does not allow"},
		{policy: deny, addr: "1.1.1.1", want: "the receiver's address 1.1.1.1 is in a range that the operator denies"},
		{cidrs: "1.1.1.1/32", addr: "1.1.1.2", want: "the receiver's address 1.1.1.2 is in none of the ranges that the integration's egress allows"},
	} {
		err := test.policy.Address(netip.MustParseAddr(test.addr), Allowance{CIDRs: ranges(test.cidrs)})
		var blocked *BlockedError
		if !errors.As(err, &blocked) || err.Error() != test.want || blocked.Addr.String() != test.addr || blocked.Host != "" {
			t.Errorf("error = %q, want %q", err, test.want)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		policy Policy
		want   string // the error; none if empty
	}{
		{Policy{}, ""},
		{Policy{Hosts: []string{"a", "*.example.com", "10.0.0.1"}, Deny: ranges("0.0.0.0/0 2002::/16 64:ff9b::/96"), Allow: ranges("0.0.0.0/0 ::/0 10.0.0.0/8 ::1/128 fc00::/7 169.254.169.0/24 64:ff9b:1::/48")}, ""},
		{Policy{Hosts: []string{"http://a"}}, `the allowed host "http://a" is not valid: a host must be`},
		{Policy{Deny: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/8")}}, "the denied range 10.1.0.0/8 is not valid: it begins within a range of its length; write 10.0.0.0/8"},
		{Policy{Allow: []netip.Prefix{{}}}, "is not valid: it is not a range"},
		{Policy{Allow: ranges("::ffff:10.0.0.0/104")}, "it is a range of IPv4 addresses written as IPv6; write the IPv4 range"},
		{Policy{Allow: ranges("2002:a00::/24")}, "write the IPv4 range"},
		{Policy{Allow: ranges("64:ff9b::/96")}, "write the IPv4 range"},
		{Policy{Allow: ranges("::10.0.0.0/104")}, "write the IPv4 range"},
		{Policy{Allow: ranges("169.254.169.254/32")}, "it is a cloud metadata service, which is never allowed"},
		{Policy{Allow: ranges("224.1.0.0/16")}, "it is a multicast address, which is never allowed"},
		{Policy{Allow: ranges("2001::/32")}, "it is a Teredo tunnel, which is never allowed"},
		{Policy{Allow: ranges("4000::/16")}, "it is a broadcast or reserved address, which is never allowed"},
		{Policy{Allow: ranges("8.8.8.0/24")}, "it is public, so that it is allowed anyway; to refuse a range, deny it"},
		{Policy{Allow: ranges("2606:4700::/32")}, "it is public"},
	} {
		err := test.policy.Check()
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%+v: %v, want %q", test.policy, err, test.want)
		}
	}
}
