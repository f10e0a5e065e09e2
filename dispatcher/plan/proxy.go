package plan

import (
	"errors"
	"net/url"
	"strings"
)

// Check judges a proxy. The error says what is wrong and never repeats the URL or the
// credentials.
func (p Proxy) Check() error {
	u, err := url.Parse(p.URL)
	switch {
	case err != nil:
		return errors.New("the proxy's URL is not a valid URL")
	case u.User != nil:
		return errors.New("the proxy's URL must not contain user information; give the credentials apart from it")
	case u.Scheme != "http" && u.Scheme != "https":
		return errors.New("the proxy's URL must start with http:// or https://")
	case IsNumericHost(u.Hostname()), strings.Contains(u.Hostname(), "%"), !IsHost(u.Hostname()):
		return errors.New("the proxy's URL must name a host: a DNS name or an IP address")
	case !validPort(u):
		return errors.New("the proxy's URL has a port that is not from 1 to 65535")
	case u.Path != "" && u.Path != "/", u.RawQuery != "", u.ForceQuery, strings.Contains(p.URL, "#"):
		return errors.New("the proxy's URL must have no path, query or fragment")
	case strings.ContainsFunc(p.Username+p.Password.Reveal(), func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("the proxy's credentials have a control character, which HTTP Basic does not allow")
	case strings.Contains(p.Username, ":"):
		return errors.New("the proxy's user name has a colon, which HTTP Basic does not allow")
	}
	return nil
}
