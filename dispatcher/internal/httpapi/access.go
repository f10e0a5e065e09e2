package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Access says who a token's holder is, if it may do verb on the calls of the Webhook,
// or of all of the namespace's if name is empty. It is package access's Controller,
// and its errors are that package's.
type Access interface {
	Allow(ctx context.Context, token, verb, namespace, name string) (user string, err error)
	// Identify only says who the holder is.
	Identify(ctx context.Context, token string) (user string, err error)
}

// maxToken is the longest token that is looked at, in bytes.
const maxToken = 16 << 10

// errNoName is for a path that no Webhook can be under.
var errNoName = errors.New("no namespace or Webhook can have the name in this path; names have small letters, digits, hyphens, and those of Webhooks dots")

// unauthenticated is an [access.ErrUnauthenticated] that says more.
type unauthenticated string

const (
	// errNoToken is for a request without credentials.
	errNoToken unauthenticated = "a token is needed that Kubernetes knows for the audience webhook-dispatcher; send it as Authorization: Bearer"
	// errBadToken is for credentials that are no bearer token.
	errBadToken unauthenticated = "the request must have one Authorization header, with the scheme Bearer and a token of at most 16 KiB"
)

// Error returns the text.
func (e unauthenticated) Error() string { return string(e) }

// Is makes it one.
func (unauthenticated) Is(target error) bool { return target == access.ErrUnauthenticated }

// callerKey is the key of the caller in a request's context.
type callerKey struct{}

// caller is who was let in. again judges it once more.
type caller struct {
	user, token string
	again       func() error
}

// callerOf is the name of the caller that was let in; empty if callers are not
// authenticated.
func callerOf(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.user
}

// stillAllowed judges the caller once more.
func stillAllowed(ctx context.Context) error {
	if c, ok := ctx.Value(callerKey{}).(caller); ok {
		return c.again()
	}
	return nil
}

// tokenOf is the token of the caller that was let in.
func tokenOf(ctx context.Context) string {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c.token
}

// guard lets those callers through that may do the route's verb on what its path names,
// or on the Webhook that its query names. Nothing else of a request is looked at before,
// so that callers without the right learn nothing, not even whether there is such a
// Webhook.
func (a *api) guard(route route, next http.HandlerFunc) http.HandlerFunc {
	if a.access == nil || route.verb == open {
		return next
	}
	return func(w http.ResponseWriter, r *http.Request) {
		token, err := credentials(r)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		var user string
		if route.verb == verbIdentify {
			user, err = a.access.Identify(r.Context(), token)
		} else {
			user, err = a.allow(r, token, route)
		}
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		again := func() error {
			_, err := a.allow(r, token, route)
			return err
		}
		next(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, caller{user, token, again})))
	}
}

// allow judges the holder of a token for a request of a route.
func (a *api) allow(r *http.Request, token string, route route) (user string, err error) {
	key := webhookOf(r)
	if key.Name == "" {
		key.Name = namedWebhook(r, route.query)
	}
	if !isPath(key) {
		return "", errNoName
	}
	return a.access.Allow(r.Context(), token, route.verb, key.Namespace, key.Name)
}

// refuse answers a caller that is not let in. The challenge is that of RFC 6750,
// section 3: without an error for who has sent no credentials.
func (a *api) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, access.ErrUnauthenticated) {
		challenge := `Bearer realm="webhook-dispatcher"`
		if !errors.Is(err, errNoToken) {
			challenge += `, error="invalid_token"`
		}
		w.Header().Set("WWW-Authenticate", challenge)
	}
	a.problem(w, r, err)
}

// bearer is the token of an Authorization header (RFC 6750, section 2.1).
func bearer(header http.Header) (string, error) {
	values := header["Authorization"]
	if len(values) == 0 {
		return "", errNoToken
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.Trim(token, " ") // RFC 9110, section 11.4: 1*SP after the scheme
	if len(values) > 1 || !strings.EqualFold(scheme, "Bearer") || len(token) > maxToken || !isToken(token) {
		return "", errBadToken
	}
	return token, nil
}

// isToken reports whether text is a b64token of RFC 6750.
func isToken(text string) bool {
	text = strings.TrimRight(text, "=")
	for i := range len(text) {
		if !inToken[text[i]] {
			return false
		}
	}
	return text != ""
}

// inToken are the bytes that a b64token has before its padding: a table, since each
// byte of each request's token is looked at.
var inToken = func() (table [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/") {
		table[c] = true
	}
	return table
}()

// isPath reports whether there can be such a Webhook, or, without a name, such a
// namespace.
func isPath(key plan.Key) bool {
	return isLabel(key.Namespace) && (key.Name == "" || isName(key.Name))
}

// isLabel reports whether text is a DNS label (RFC 1123), as namespaces have.
func isLabel(text string) bool {
	return len(text) <= 63 && !strings.Contains(text, ".") && isName(text)
}

// isName reports whether text is a DNS subdomain (RFC 1123), as objects have.
func isName(text string) bool {
	for label := range strings.SplitSeq(text, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isAlphanumeric(label[i]) && label[i] != '-' {
				return false
			}
		}
	}
	return len(text) <= 253
}

// isAlphanumeric reports whether c is a small letter or a digit.
func isAlphanumeric(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }
