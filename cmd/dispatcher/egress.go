package main

import (
	"flag"
	"net/netip"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher"
)

// egressFlags adds the flags of the way out to flags. Call the function it returns
// after parsing: it reads what they name.
func egressFlags(flags *flag.FlagSet, o *dispatcher.Options) func() error {
	flags.BoolVar(&o.AllowLoopback, "allow-loopback", false, "allow requests to loopback addresses")
	flags.BoolVar(&o.AllowLinkLocal, "allow-link-local", false, "allow requests to link-local addresses; metadata services stay refused")
	flags.BoolVar(&o.AllowPrivate, "allow-private", false, "allow requests to private addresses, such as those inside the cluster")
	flags.Func("allow-cidrs", "loopback, link-local or private `ranges` to allow in addition, separated by commas, such as 10.20.0.0/16; metadata services stay refused", ranges(&o.AllowCIDRs))
	flags.Func("deny-cidrs", "`ranges` that no request may reach, whatever else allows them, separated by commas", ranges(&o.DenyCIDRs))
	flags.Func("allow-hosts", "the only `hosts` that may be called, separated by commas: DNS names, *.example.com for all names below one, or IP addresses; all if not given", func(text string) error {
		for host := range strings.SplitSeq(text, ",") {
			o.AllowHosts = append(o.AllowHosts, strings.TrimSpace(host))
		}
		return nil
	})
	// Its value is not checked while parsing, for the error would quote it.
	proxy := flags.String("egress-proxy", "", "`URL` of an HTTP proxy that all requests go through, by CONNECT; integrations can then name no other: http:// or https://, host and perhaps a port")
	credentials := flags.String("egress-proxy-credentials", "", "path of a `file` with username:password for --egress-proxy on its first line")
	return func() (err error) {
		o.EgressProxy, err = dispatcher.ReadEgressProxy(*proxy, *credentials)
		return err
	}
}

// ranges parses a flag's ranges into to. A flag given twice has those of both.
func ranges(to *[]netip.Prefix) func(string) error {
	return func(text string) error {
		more, err := dispatcher.ParseCIDRs(text)
		*to = append(*to, more...)
		return err
	}
}
