package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Policy says which addresses and hosts requests may go to: the operator's ceiling.
// The zero value allows every host, and public addresses only. Metadata services,
// multicast, unspecified, broadcast and reserved addresses and Teredo are refused
// under every policy.
type Policy struct {
	// AllowLoopback allows 127.0.0.0/8 and ::1.
	AllowLoopback bool
	// AllowLinkLocal allows 169.254.0.0/16 and fe80::/10. It is apart from
	// AllowPrivate because the services of cloud nodes live there.
	AllowLinkLocal bool
	// AllowPrivate allows ranges that are not public: RFC 1918, 100.64.0.0/10,
	// fc00::/7 and the like. In-cluster receivers need it.
	AllowPrivate bool
	// Allow are ranges that are allowed in addition, although loopback, link-local
	// or private. They narrow nothing.
	Allow []netip.Prefix
	// Deny are ranges that are refused in any case; nothing allows what is in them.
	// What they say about names that a proxy resolves, only the proxy can hold.
	Deny []netip.Prefix
	// Hosts are patterns of the hosts that may be called, see [plan.MatchHost]; empty
	// for all.
	Hosts []string
}

// Allowance narrows a [Policy] for one integration. It can never widen it. The zero
// value narrows nothing.
type Allowance struct {
	// Hosts are patterns of the hosts that may be called, see [plan.MatchHost]; empty
	// for all.
	Hosts []string
	// CIDRs are the ranges in which an address must be; empty for all.
	CIDRs []netip.Prefix
}

// Check judges the policy itself: patterns, and ranges that could never do what they
// are there for. The error says what to write instead.
func (p Policy) Check() error {
	for _, pattern := range p.Hosts {
		if err := plan.CheckHostPattern(pattern); err != nil {
			return fmt.Errorf("the allowed host %q is not valid: %w", pattern, err)
		}
	}
	for _, r := range p.Deny {
		if err := plan.CheckCIDR(r); err != nil {
			return fmt.Errorf("the denied range %s is not valid: %w", r, err)
		}
	}
	for _, r := range p.Allow {
		if err := checkAllowed(r); err != nil {
			return fmt.Errorf("the allowed range %s is not valid: %w", r, err)
		}
	}
	return nil
}

// checkAllowed refuses a range that allows nothing.
func checkAllowed(r netip.Prefix) error {
	if err := plan.CheckCIDR(r); err != nil {
		return err
	}
	for _, wrapped := range []netip.Prefix{nat64, sixToFour, compatible} {
		if within(r, wrapped) && r != loopback6 {
			return errors.New("it holds IPv4 addresses inside IPv6 ones, which are judged as IPv4; write the IPv4 range")
		}
	}
	helps := false
	for i := range rules {
		for _, of := range rules[i].ranges {
			switch {
			case rules[i].allowed != nil:
				helps = helps || of.Overlaps(r)
			case within(r, of):
				return errors.New("it " + rules[i].text)
			}
		}
	}
	switch {
	case helps:
		return nil
	case r.Addr().Is6() && !global.Overlaps(r):
		return errors.New("it " + reserved6.text)
	}
	return errors.New("it is public, so that it is allowed anyway; to refuse a range, deny it")
}

// Address judges an address that is about to be dialled; the error is a
// [*BlockedError]. Its zone does not matter. Ranges of p and a are matched against
// the IPv4 address inside an IPv6 one, those that deny against the outer one too.
func (p Policy) Address(addr netip.Addr, a Allowance) error {
	if !addr.IsValid() {
		return &BlockedError{Addr: addr, Rule: "is not valid"}
	}
	outer := addr.WithZone("")
	bare := unwrap(outer)
	text := p.refuses(outer, bare)
	if inner, ok := isatap(bare); ok && text == "" {
		text = p.refuses(inner, inner)
	}
	if text == "" && len(a.CIDRs) > 0 && !contains(a.CIDRs, bare) {
		text = "is in none of the ranges that the integration's egress allows"
	}
	if text != "" {
		return &BlockedError{Addr: addr, Rule: text}
	}
	return nil
}

// refuses returns the text of the rule that refuses an address; empty if none does.
func (p Policy) refuses(outer, bare netip.Addr) string {
	r := classify(bare)
	switch {
	case r != nil && r.allowed == nil:
		return r.text
	case contains(p.Deny, bare), contains(p.Deny, outer):
		return "is in a range that the operator denies"
	case r != nil && !r.allowed(p) && !contains(p.Allow, bare):
		return r.text
	}
	return ""
}

// contains reports whether one of the ranges holds an address.
func contains(ranges []netip.Prefix, addr netip.Addr) bool {
	return slices.ContainsFunc(ranges, func(r netip.Prefix) bool { return r.Contains(addr) })
}

// within reports whether a range is a part of another, or all of it.
func within(inner, outer netip.Prefix) bool {
	return inner.Bits() >= outer.Bits() && outer.Contains(inner.Addr())
}
