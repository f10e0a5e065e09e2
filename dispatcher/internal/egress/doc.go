// Package egress says where requests may go. It is pure: a [Policy] is what the
// operator allows, an [Allowance] is what one integration narrows, and both give
// verdicts on a host's name and on an address.
//
// Guarantees:
//   - [Policy.Address] judges the address that is dialled, not a name, so no answer
//     of DNS between a check and the connection counts;
//   - an IPv4 address inside an IPv6 one (mapped, compatible, NAT64, 6to4) is judged
//     as what it is, and one inside an ISATAP address as well as its prefix;
//   - metadata services, multicast, unspecified, broadcast and reserved addresses and
//     Teredo are refused under every policy, and no Allowance widens a Policy;
//   - [Policy.Host] refuses every host that one resolver takes for an address and
//     another does not.
//
// Non-goals: dialling and resolving (package outbound). Where a proxy resolves, a
// name says nothing certain about the address: [Policy.Host] then refuses what is
// evident, and the proxy's own rules have to hold the rest, [Policy.Deny] included.
//
// Start at [Policy].
package egress
