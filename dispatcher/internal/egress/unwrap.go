package egress

import "net/netip"

var (
	nat64      = netip.MustParsePrefix("64:ff9b::/96") // RFC 6052
	sixToFour  = netip.MustParsePrefix("2002::/16")    // RFC 3056
	compatible = netip.MustParsePrefix("::/96")        // RFC 4291, 2.5.5.1; also holds :: and ::1
)

// unwrap returns the IPv4 address inside a mapped, compatible, NAT64 or 6to4 IPv6
// address, and any other address as it is. The address has no zone.
func unwrap(addr netip.Addr) netip.Addr {
	addr = addr.Unmap()
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

// isatap returns the IPv4 address that an ISATAP interface identifier holds (RFC
// 5214, 6.1). Only a machine with such an interface for the address's prefix sends to
// it, for all others the address is what its prefix says; so both are judged.
func isatap(addr netip.Addr) (netip.Addr, bool) {
	if !addr.Is6() {
		return netip.Addr{}, false
	}
	b := addr.As16()
	if b[8]&^0x02 != 0 || b[9] != 0 || b[10] != 0x5e || b[11] != 0xfe { // 0x02 is the universal/local bit
		return netip.Addr{}, false
	}
	return netip.AddrFrom4([4]byte(b[12:16])), true
}
