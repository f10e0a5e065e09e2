package plan

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// ErrLeavesRoot is wrapped by every error of [JoinURL] about a suffix that
// would take the request somewhere else than below the root URL. Such a call
// is Blocked; any other error of JoinURL is a bad URL.
var ErrLeavesRoot = errors.New("the full URL leaves the integration's root URL")

// CheckRoot judges an integration's root URL. The error says what is wrong and
// never repeats the URL.
func CheckRoot(root string) error {
	if strings.Contains(root, "${") || strings.Contains(root, "@{") {
		return errors.New("url must not contain template instructions; put them into the Webhook's url")
	}
	return checkURL("url", root)
}

// CheckTokenURL judges the token endpoint of [OAuth2] by the same rules. The
// error never repeats the URL.
func CheckTokenURL(endpoint string) error { return checkURL("tokenURL", endpoint) }

// checkURL judges a URL whose host is called, with perhaps a path and a query.
func checkURL(field, text string) error {
	u, err := url.Parse(text)
	problem := ""
	switch {
	case err != nil:
		problem = "is not a valid URL"
	case u.Scheme != "http" && u.Scheme != "https":
		problem = "must start with http:// or https://"
	case u.User != nil:
		problem = "must not contain user information; credentials belong in a Secret"
	case IsNumericHost(u.Hostname()):
		problem = "has a host of digits that is no IP address; write four decimal numbers such as 10.0.0.1, or an IPv6 address in brackets"
	case strings.Contains(u.Hostname(), "%"):
		problem = "must not have a zone (%) in its IPv6 address; it would name a network interface of the dispatcher's pod"
	case !IsHost(u.Hostname()):
		problem = "must name a host: a DNS name or an IP address"
	case !validPort(u):
		problem = "has a port that is not from 1 to 65535"
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }):
		problem = "must have only printable ASCII characters and no spaces"
	case strings.Contains(text, "#"):
		problem = "must not contain a fragment (#)"
	case slices.ContainsFunc(strings.Split(u.Path, "/"), func(s string) bool { return s == "." || s == ".." }):
		problem = "must not have . or .. as a path segment"
	default:
		return nil
	}
	return errors.New(field + " " + problem)
}

// validPort reports whether a URL has no port or a possible one.
func validPort(u *url.URL) bool {
	if u.Port() == "" {
		return !strings.HasSuffix(u.Host, ":")
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	return err == nil && port > 0
}

// rootHasPath reports whether a suffix appended to root can no longer become
// part of the authority.
func rootHasPath(root string) bool {
	_, rest, ok := strings.Cut(root, "://")
	return ok && strings.ContainsAny(rest, "/?")
}

// CheckSuffix judges the static beginning of a suffix against its root: a root
// without a path takes only suffixes that are empty or start with "/" or "?",
// for else the suffix would continue the host name. The static beginning is the
// text before the first instruction; empty is whether the whole suffix is.
func CheckSuffix(root, staticBeginning string, empty bool) error {
	if empty || rootHasPath(root) || strings.HasPrefix(staticBeginning, "/") || strings.HasPrefix(staticBeginning, "?") {
		return nil
	}
	return errors.New("url must be empty or start with / or ? because the integration's url has no path, so that it cannot change the host")
}

// JoinURL appends a rendered suffix to the root and holds the authority rule:
// scheme, host and port of the result equal the root's, and no dot segment
// climbs above the root's path. Concatenation is plain; nothing is added or
// removed between the two.
func JoinURL(root, suffix string) (*url.URL, error) {
	base, err := url.Parse(root)
	if err != nil {
		return nil, errors.New("the integration's root URL is not valid")
	}
	if err := CheckSuffix(root, suffix, suffix == ""); err != nil {
		return nil, fmt.Errorf("%w: its host would change", ErrLeavesRoot)
	}
	if strings.ContainsFunc(suffix, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, errors.New("the webhook's part of the URL has a space or control character; percent-encode it, a space as %20")
	}
	if strings.Contains(suffix, "#") {
		return nil, errors.New("the webhook's part of the URL has a #, and what follows would not be sent; write it as %23")
	}
	full, err := url.Parse(root + suffix)
	if err != nil {
		return nil, errors.New("the full URL is not valid; look for a % that is not followed by two hexadecimal digits")
	}
	if full.Scheme != base.Scheme || full.Host != base.Host || full.User != nil {
		return nil, fmt.Errorf("%w: its scheme, host or port would change", ErrLeavesRoot)
	}
	fixed := base.Path
	if !strings.HasPrefix(suffix, "/") { // the suffix continues the root's last segment, so only what stands before it is fixed
		fixed = fixed[:strings.LastIndexByte(fixed, '/')+1]
	}
	if climbs(fixed, full.Path) {
		return nil, fmt.Errorf("%w: a dot segment climbs above its path", ErrLeavesRoot)
	}
	return full, nil
}

// climbs reports whether walking the segments of the decoded path full ever
// stands above the directory fixed, which full begins with.
func climbs(fixed, full string) bool {
	floor := max(0, strings.Count(strings.TrimSuffix(fixed, "/"), "/"))
	depth := 0
	for i, segment := range strings.Split(strings.ReplaceAll(full, `\`, "/"), "/") {
		switch {
		case i == 0 || segment == ".":
		case segment == "..":
			if depth--; depth < floor {
				return true
			}
		default:
			depth++
		}
	}
	return false
}

// JoinNotes says in words what is unusual about the join of root and the static
// beginning of a suffix: a doubled or a missing slash. Empty if nothing is.
func JoinNotes(root, suffixBeginning string) string {
	if strings.Contains(root, "?") || suffixBeginning == "" {
		return ""
	}
	switch ends, starts := strings.HasSuffix(root, "/"), strings.HasPrefix(suffixBeginning, "/"); {
	case ends && starts:
		return "root URL and url join with // in the path"
	case !ends && !starts && !strings.HasPrefix(suffixBeginning, "?") && !strings.HasPrefix(suffixBeginning, "&"):
		return "root URL and url join without a / between them"
	}
	return ""
}
