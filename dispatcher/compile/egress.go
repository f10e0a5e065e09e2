package compile

import (
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The bounds of egress, as its field docs say.
const (
	maxEgressHosts = 32
	maxEgressCIDRs = 32
	maxProxyURL    = 512
)

// egress fills in where requests may go and by which way, and holds the URLs of
// the spec against it.
func (p *problems) egress(in inputs, spec *v1alpha1.WebhookIntegrationSpec, compiled *plan.Integration) {
	from := spec.Egress
	if from == nil {
		return
	}
	if len(from.CIDRs) > 0 && from.Proxy != nil {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.cidrs cannot be held behind egress.proxy, which looks the addresses up itself; use egress.hosts")
	}
	hosts := p.egressHosts(from.Hosts)
	ranges := p.egressRanges(from.CIDRs)
	compiled.Egress.Hosts = hosts
	for _, r := range ranges {
		compiled.Egress.CIDRs = append(compiled.Egress.CIDRs, r.String())
	}
	if plan.CheckRoot(spec.URL) == nil {
		p.reachable("url", spec.URL, hosts, ranges)
	}
	if spec.Auth != nil && spec.Auth.OAuth2ClientCredentials != nil {
		if endpoint := spec.Auth.OAuth2ClientCredentials.TokenURL; plan.CheckTokenURL(endpoint) == nil {
			p.reachable("auth.oauth2ClientCredentials.tokenURL", endpoint, hosts, ranges)
		}
	}
	if from.Proxy != nil {
		compiled.Egress.Proxy = p.proxy(in, from.Proxy, compiled)
	}
}

// egressHosts returns the patterns that are valid.
func (p *problems) egressHosts(patterns []string) []string {
	if len(patterns) > maxEgressHosts {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.hosts must be at most %d", maxEgressHosts)
	}
	var hosts []string
	for i, pattern := range patterns {
		if err := plan.CheckHostPattern(pattern); err != nil {
			p.reject(v1alpha1.ReasonInvalidSpec, "egress.hosts[%d]: %s", i, err)
			continue
		}
		hosts = append(hosts, pattern)
	}
	return hosts
}

// egressRanges returns the ranges that are valid.
func (p *problems) egressRanges(cidrs []string) []netip.Prefix {
	if len(cidrs) > maxEgressCIDRs {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.cidrs must be at most %d", maxEgressCIDRs)
	}
	var ranges []netip.Prefix
	for i, cidr := range cidrs {
		r, err := plan.ParseCIDR(cidr)
		if err != nil {
			p.reject(v1alpha1.ReasonInvalidSpec, "egress.cidrs[%d]: %s", i, err)
			continue
		}
		ranges = append(ranges, r)
	}
	return ranges
}

// embedding are IPv6 ranges whose addresses stand for IPv4 ones (RFC 6052, 8215,
// 3056). The dispatcher judges what they stand for.
var embedding = []netip.Prefix{
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
}

// reachable checks that the host of a valid URL is one of hosts and, if it is an
// address, in one of ranges. Names are looked up with each connection only.
func (p *problems) reachable(field, text string, hosts []string, ranges []netip.Prefix) {
	u, err := url.Parse(text)
	if err != nil {
		return // it has its own problem
	}
	host := u.Hostname()
	if len(hosts) > 0 && !slices.ContainsFunc(hosts, func(pattern string) bool { return plan.MatchHost(pattern, host) }) {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.hosts does not have %q, the host of %s; add it, or nothing can be sent", host, field)
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || len(ranges) == 0 {
		return
	}
	holds := func(r netip.Prefix) bool { return r.Contains(addr.Unmap()) }
	if !slices.ContainsFunc(ranges, holds) && !slices.ContainsFunc(embedding, holds) {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.cidrs does not have %s, the host of %s; add its range, or nothing can be sent", host, field)
	}
}

// proxy translates a proxy.
func (p *problems) proxy(in inputs, from *v1alpha1.Proxy, compiled *plan.Integration) *plan.Proxy {
	proxy := &plan.Proxy{URL: strings.TrimSuffix(from.URL, "/")}
	if err := proxy.Check(); err != nil {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.proxy: %s", err)
	} else if len(from.URL) > maxProxyURL {
		p.reject(v1alpha1.ReasonInvalidSpec, "egress.proxy: the proxy's URL must have at most %d bytes", maxProxyURL)
	}
	if from.SecretRef != nil {
		if username, password, ok := p.credentials(in, from.SecretRef.Name, "egress.proxy"); ok {
			proxy.Username, proxy.Password = username, plan.NewSecret(password)
			hide(compiled, credentialForms(username, password)...)
		}
	}
	return proxy
}
