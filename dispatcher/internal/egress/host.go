package egress

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Host judges the host of a URL, without port and brackets, before DNS; the error is
// a [*BlockedError]. An IP address is judged as [Policy.Address] does, a name only as
// far as it is certain what it stands for: the address is judged again when it is
// dialled.
//
// elsewhere says that not we resolve the name but a proxy, so that there is no such
// second verdict. Then names that are evidently loopback or private need the
// policy's AllowLoopback and AllowPrivate, and with CIDRs in the allowance there is
// no name that could be allowed. A name of two labels, such as service.namespace, is
// not evidently private.
func (p Policy) Host(host string, a Allowance, elsewhere bool) error {
	addr, err := netip.ParseAddr(host)
	literal := err == nil
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	text := ""
	switch {
	case literal:
	case plan.IsNumericHost(host):
		text = "ends in a number but is no IP address, and is read differently by different resolvers, which is never allowed"
	case !plan.IsHost(host):
		text = "is neither a DNS name in ASCII nor an IP address"
	case isMetadata(name):
		text = "is the name of a cloud metadata service, which is never allowed"
	}
	switch {
	case text != "":
	case !matches(p.Hosts, host):
		text = "is none of the hosts that the operator allows"
	case !matches(a.Hosts, host):
		text = "is none of the hosts that the integration's egress allows"
	case literal:
		return p.Address(addr, a)
	case elsewhere:
		text = p.refusesName(name, a)
	}
	if text != "" {
		return &BlockedError{Host: host, Rule: text}
	}
	return nil
}

// refusesName returns the text of the rule that refuses a name that a proxy resolves;
// empty if none does.
func (p Policy) refusesName(name string, a Allowance) string {
	switch {
	case len(a.CIDRs) > 0:
		return "is a name that the egress proxy resolves, so that the ranges of the integration's egress cannot be held"
	case isLoopback(name):
		if !p.AllowLoopback {
			return "is a loopback name, which the operator does not allow"
		}
	case isPrivate(name) && !p.AllowPrivate:
		return "is a private name, which the operator does not allow"
	}
	return ""
}

// matches reports whether a host matches one of the patterns, if there are any.
func matches(patterns []string, host string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(pattern string) bool { return plan.MatchHost(pattern, host) })
}

// metadataNames are names of the addresses in metadata. They are refused as names
// because a proxy in the cloud would resolve them.
var metadataNames = []string{
	"metadata.google.internal", "metadata.goog", "metadata", // Google; the last by its nodes' search list
	"instance-data",                                       // AWS, by its nodes' search list
	"metadata.tencentyun.com",                             // Tencent
	"api.metadata.cloud.ibm.com",                          // IBM
	"metadata.packet.net", "metadata.platformequinix.com", // Equinix Metal
}

// isMetadata reports whether a normal name is one of a metadata service.
func isMetadata(name string) bool {
	// AWS completes it with ec2.internal or a region's compute.internal.
	return slices.Contains(metadataNames, name) || strings.HasPrefix(name, "instance-data.") && below(name, "internal")
}

// hostsFileNames are names of loopback that Linux distributions put into /etc/hosts.
var hostsFileNames = []string{"localhost.localdomain", "localhost4", "localhost4.localdomain4", "localhost6", "localhost6.localdomain6", "ip6-localhost", "ip6-loopback"}

// isLoopback reports whether a normal name is evidently loopback.
func isLoopback(name string) bool {
	return name == "localhost" || below(name, "localhost") || slices.Contains(hostsFileNames, name) // RFC 6761, 6.3
}

// privateSuffixes end names that public DNS does not have.
var privateSuffixes = []string{
	"local",                                                     // RFC 6762; cluster.local
	"internal",                                                  // reserved for private use by ICANN
	"home.arpa",                                                 // RFC 8375
	"svc",                                                       // Kubernetes, completed by a pod's search list
	"localdomain", "intranet", "private", "corp", "home", "lan", // RFC 6762, appendix G, and habit
}

// isPrivate reports whether a normal name is evidently of a private network.
func isPrivate(name string) bool {
	return !strings.Contains(name, ".") || slices.ContainsFunc(privateSuffixes, func(suffix string) bool { return below(name, suffix) })
}

// below reports whether a name is below a domain.
func below(name, domain string) bool { return strings.HasSuffix(name, "."+domain) }
