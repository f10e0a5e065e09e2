package egress

import "net/netip"

// rule is a set of ranges. Those without allowed are refused always.
type rule struct {
	text    string
	allowed func(Policy) bool
	ranges  []netip.Prefix
}

// rules are judged in order; the first match decides. Sources: the IANA
// special-purpose registries (RFC 6890) and the providers' own documentation.
var rules = []rule{
	{"is a cloud metadata service, which is never allowed", nil, metadata},
	{"is unspecified, which is never allowed", nil, prefixes("0.0.0.0/8", "::/128")},
	{"is a multicast address, which is never allowed", nil, prefixes("224.0.0.0/4", "ff00::/8")},
	{"is a broadcast or reserved address, which is never allowed", nil, prefixes("240.0.0.0/4")},
	{"is a Teredo tunnel, which is never allowed", nil, prefixes("2001::/32")}, // RFC 4380
	{"is a loopback address, which the operator does not allow", func(p Policy) bool { return p.AllowLoopback },
		append(prefixes("127.0.0.0/8"), loopback6)},
	{"is a link-local address, which the operator does not allow", func(p Policy) bool { return p.AllowLinkLocal },
		prefixes("169.254.0.0/16", "fe80::/10")},
	{"is in a private range, which the operator does not allow", func(p Policy) bool { return p.AllowPrivate }, prefixes(
		"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", // RFC 1918
		"100.64.0.0/10", // RFC 6598: shared by carriers, used by clusters
		"192.0.0.0/24",  // RFC 6890: protocol assignments
		// RFC 8215: NAT64 of the local network. Where in it the IPv4 address stands is
		// that network's choice, so it is not unwrapped: who allows private ranges
		// trusts the local NAT64, or denies this range.
		"64:ff9b:1::/48",
		"fc00::/7",  // RFC 4193: unique local
		"fec0::/10", // RFC 3879: site-local, its predecessor
	)},
	{"is in a range for tests or documentation, which the operator does not allow", func(p Policy) bool { return p.AllowPrivate }, prefixes(
		"198.18.0.0/15", "2001:2::/48", // RFC 2544, RFC 5180: benchmarks
		"192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", // RFC 5737: documentation
		"2001:db8::/32", "3fff::/20", // RFC 3849, RFC 9637: documentation
		"2001:10::/28", // RFC 4843: ORCHID, given back
		"100::/64",     // RFC 6666: discard-only
		"5f00::/16",    // RFC 9602: segment identifiers, of one network
	)},
}

// metadata are the addresses at which a cloud gives credentials or other secrets of
// its nodes and pods to whoever asks.
var metadata = prefixes(
	// AWS, Azure, Google, Oracle, IBM, OpenStack, DigitalOcean, Hetzner, Vultr,
	// UpCloud, Exoscale, Akamai, Huawei, Naver and others, in each one's documentation
	// of its metadata service.
	"169.254.169.254/32",
	"169.254.169.252/32",     // Google: the metadata server of GKE's nodes
	"169.254.170.2/32",       // AWS: credentials of ECS tasks
	"169.254.170.23/32",      // AWS: EKS Pod Identity Agent, "Set up the Amazon EKS Pod Identity Agent"
	"169.254.0.23/32",        // Tencent: what metadata.tencentyun.com stands for
	"169.254.42.42/32",       // Scaleway, by cloud-init's Scaleway data source
	"100.100.100.200/32",     // Alibaba: "Instance metadata" of ECS
	"100.96.0.96/32",         // Volcengine, by its CNI plugin, cello
	"168.63.129.16/32",       // Azure: "What is IP address 168.63.129.16?", in a public range
	"192.0.0.192/32",         // Oracle Cloud at Customer: "Retrieve Predefined Instance Metadata"
	"fd00:ec2::254/128",      // AWS: instance metadata over IPv6
	"fd00:ec2::23/128",       // AWS: EKS Pod Identity Agent
	"fd20:ce::254/128",       // Google: instances with IPv6 only
	"fd00:c1::a9fe:a9fe/128", // Oracle, by its SDKs
	"fd00:100::100:200/128",  // Alibaba, by cloud-init's AliYun data source
	"fd00:42::42/128",        // Scaleway, by cloud-init's Scaleway data source
	"fd00:a9fe:a9fe::1/128",  // Akamai: "Use the Metadata service API"
	"fe80::a9fe:a9fe/128",    // OpenStack and Akamai
)

// reserved6 is what no other rule and no allocation holds: "Reserved by IETF" in
// IANA's registry of the IPv6 address space. An IPv4-translated address (RFC 2765,
// ::ffff:0:a.b.c.d) is in it.
var reserved6 = rule{text: "is a broadcast or reserved address, which is never allowed"}

var (
	global    = netip.MustParsePrefix("2000::/3") // all public IPv6 addresses
	loopback6 = netip.MustParsePrefix("::1/128")
)

// classify returns the rule of an address without wrapping; nil for a public one.
func classify(addr netip.Addr) *rule {
	for i := range rules {
		if contains(rules[i].ranges, addr) {
			return &rules[i]
		}
	}
	if addr.Is6() && !global.Contains(addr) {
		return &reserved6
	}
	return nil
}

// prefixes parses ranges.
func prefixes(texts ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		parsed[i] = netip.MustParsePrefix(text)
	}
	return parsed
}
