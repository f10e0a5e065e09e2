package plan

import (
	"errors"
	"fmt"
	"net/netip"
)

// ParseCIDR parses a range of addresses and holds it to [CheckCIDR]. The error says
// what to write instead.
func ParseCIDR(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		return netip.Prefix{}, fmt.Errorf("it is an address, not a range; write %s/%d", addr, addr.BitLen())
	}
	r, err := netip.ParsePrefix(text)
	if err != nil {
		return netip.Prefix{}, errors.New("it is not a range of IP addresses such as 10.0.0.0/8 or fd00::/8")
	}
	return r, CheckCIDR(r)
}

// CheckCIDR judges a range: it must begin where its length says, lest it be wider
// than its author meant, and hold no IPv4 addresses mapped into IPv6, for nothing
// would ever be in it: addresses are compared as IPv4.
func CheckCIDR(r netip.Prefix) error {
	switch {
	case !r.IsValid():
		return errors.New("it is not a range of IP addresses such as 10.0.0.0/8 or fd00::/8")
	case r.Addr().Is4In6():
		return errors.New("it is a range of IPv4 addresses written as IPv6; write the IPv4 range")
	case r != r.Masked():
		return fmt.Errorf("it begins within a range of its length; write %s", r.Masked())
	}
	return nil
}
