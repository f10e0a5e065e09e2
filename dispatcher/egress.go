package dispatcher

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// policy is what the options allow requests to reach.
func (o *Options) policy() egress.Policy {
	return egress.Policy{
		AllowLoopback: o.AllowLoopback, AllowLinkLocal: o.AllowLinkLocal, AllowPrivate: o.AllowPrivate,
		Allow: o.AllowCIDRs, Deny: o.DenyCIDRs, Hosts: o.AllowHosts,
	}
}

// checkEgress judges what the options say about the way out.
func (o *Options) checkEgress() error {
	if err := o.policy().Check(); err != nil {
		return fmt.Errorf("%w; see --allow-cidrs, --deny-cidrs and --allow-hosts", err)
	}
	if o.EgressProxy == nil {
		return nil
	}
	if err := o.EgressProxy.Check(); err != nil {
		return fmt.Errorf("the egress proxy cannot be used: %w; see --egress-proxy and --egress-proxy-credentials", err)
	}
	return nil
}

// ParseCIDRs parses ranges of addresses such as 10.0.0.0/8, separated by commas. The
// error names the first that is none and says what to write.
func ParseCIDRs(text string) ([]netip.Prefix, error) {
	var ranges []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		r, err := plan.ParseCIDR(part)
		if err != nil {
			return nil, fmt.Errorf("%q is not valid: %w", part, err)
		}
		ranges = append(ranges, r)
	}
	return ranges, nil
}

// maxCredentials bounds the first line of a credentials file, in bytes.
const maxCredentials = 4 << 10

// ReadEgressProxy returns the proxy at an URL, or nil if that is empty. credentials is
// the path of a file whose first line is username:password; empty for none. The error
// has nothing of either, and the path only if there is such a file: else it may be the
// credentials themselves, given in its place.
func ReadEgressProxy(url, credentials string) (*plan.Proxy, error) {
	switch {
	case url == "" && credentials == "":
		return nil, nil
	case url == "":
		return nil, errors.New("credentials are given for no egress proxy; set --egress-proxy")
	case credentials == "":
		return &plan.Proxy{URL: url}, nil
	}
	file, err := os.Open(credentials)
	if err != nil {
		return nil, unreadable(err)
	}
	defer file.Close()
	line, err := bufio.NewReader(io.LimitReader(file, maxCredentials)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(err)
	}
	line = strings.TrimRight(line, "\r\n")
	username, password, ok := strings.Cut(line, ":")
	if !ok || username == "" || len(line) == maxCredentials {
		return nil, fmt.Errorf("the first line of %s, the credentials of the egress proxy, must be username:password and shorter than %d bytes", credentials, maxCredentials)
	}
	return &plan.Proxy{URL: url, Username: username, Password: plan.NewSecret(password)}, nil
}

// unreadable is the error of a file of credentials that cannot be read, without its path.
func unreadable(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("the file of --egress-proxy-credentials cannot be read: %w", err)
}
