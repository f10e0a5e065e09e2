package outbound

import (
	"context"
	"fmt"
	"net/netip"
	"syscall"
)

// Policy says which addresses a request may go to. The zero value allows public
// ones only. Metadata services, multicast, unspecified, broadcast and reserved
// addresses are refused under every policy.
type Policy struct {
	// AllowLoopback allows 127.0.0.0/8 and ::1.
	AllowLoopback bool
	// AllowLinkLocal allows 169.254.0.0/16 and fe80::/10. It is apart from
	// AllowPrivate because the services of cloud nodes live there.
	AllowLinkLocal bool
	// AllowPrivate allows private and shared ranges: RFC 1918, 100.64.0.0/10,
	// fc00::/7 and the like. In-cluster receivers need it.
	AllowPrivate bool
}

// BlockedError is the error of an address that may not be reached. Nothing was
// sent to it.
type BlockedError struct {
	// Addr is the address as it was to be dialled.
	Addr netip.Addr
	// Rule says in words which range it is in and what that means.
	Rule string
}

// Error says which address was refused, and why.
func (e *BlockedError) Error() string {
	return fmt.Sprintf("the receiver's address %s %s", e.Addr, e.Rule)
}

// rule is a set of ranges. Those without allowed are refused always.
type rule struct {
	text    string
	allowed func(Policy) bool
	ranges  []netip.Prefix
}

// rules are judged in order; the first match decides. Sources: the IANA
// special-purpose registries (RFC 6890) and the providers' own documentation.
var rules = []rule{
	{"is a cloud metadata service, which is never allowed", nil, prefixes(
		"169.254.169.254/32",     // AWS, Azure, Google, Oracle, OpenStack and others
		"169.254.170.2/32",       // AWS ECS task credentials
		"169.254.170.23/32",      // AWS EKS pod identity
		"169.254.0.23/32",        // Tencent
		"169.254.42.42/32",       // Scaleway
		"100.100.100.200/32",     // Alibaba
		"168.63.129.16/32",       // Azure host
		"192.0.0.192/32",         // Oracle
		"fd00:ec2::254/128",      // AWS
		"fd00:ec2::23/128",       // AWS EKS pod identity
		"fd20:ce::254/128",       // Google
		"fd00:c1::a9fe:a9fe/128", // Oracle
		"fd00:42::42/128",        // Scaleway
		"fe80::a9fe:a9fe/128",    // OpenStack
	)},
	{"is unspecified, which is never allowed", nil, prefixes("0.0.0.0/8", "::/128")},
	{"is a multicast address, which is never allowed", nil, prefixes("224.0.0.0/4", "ff00::/8")},
	{"is a broadcast or reserved address, which is never allowed", nil, prefixes("240.0.0.0/4")},
	{"is a Teredo tunnel, which is never allowed", nil, prefixes("2001::/32")},
	{"is a loopback address, which the operator does not allow", func(p Policy) bool { return p.AllowLoopback },
		prefixes("127.0.0.0/8", "::1/128")},
	{"is a link-local address, which the operator does not allow", func(p Policy) bool { return p.AllowLinkLocal },
		prefixes("169.254.0.0/16", "fe80::/10")},
	{"is in a private range, which the operator does not allow", func(p Policy) bool { return p.AllowPrivate }, prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
		"100.64.0.0/10",  // shared by carriers, used by clusters
		"192.0.0.0/24",   // protocol assignments
		"198.18.0.0/15",  // benchmarks
		"64:ff9b:1::/48", // NAT64 of the local network
		"fc00::/7",       // unique local
		"fec0::/10",      // site-local, its predecessor
	)},
}

// Verdict judges an address; the error is a [*BlockedError]. An IPv4 address
// inside an IPv6 one is judged as what it is.
func (p Policy) Verdict(addr netip.Addr) error {
	if !addr.IsValid() {
		return &BlockedError{Addr: addr, Rule: "is not valid"}
	}
	bare := unwrap(addr)
	for _, r := range rules {
		for _, prefix := range r.ranges {
			if !prefix.Contains(bare) {
				continue
			}
			if r.allowed != nil && r.allowed(p) {
				return nil
			}
			return &BlockedError{Addr: addr, Rule: r.text}
		}
	}
	return nil
}

// control is the [net.Dialer.ControlContext] that holds the policy: address is
// the one really dialled, so no answer of DNS between a check and the
// connection counts.
func (p Policy) control(_ context.Context, _, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("judge the address to dial: %w", err)
	}
	return p.Verdict(to.Addr())
}

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056
	compatible = netip.MustParsePrefix("::/96")        // RFC 4291, 2.5.5.1; also holds :: and ::1
)

// unwrap returns the IPv4 address inside a mapped, compatible, NAT64 or 6to4
// IPv6 address, and any other address without its zone.
func unwrap(addr netip.Addr) netip.Addr {
	addr = addr.Unmap().WithZone("")
	if addr.Is4() {
		return addr
	}
	b := addr.As16()
	switch {
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6]))
	case nat64.Contains(addr), compatible.Contains(addr) && !addr.IsUnspecified() && !addr.IsLoopback():
		return netip.AddrFrom4([4]byte(b[12:16]))
	}
	return addr
}

// prefixes parses ranges.
func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}
