package outbound

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/redact"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/token"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Route is the way of an integration's requests as it is at one time: its
// connections, its access tokens, and what is private in it. [Sender.Route] makes
// it. It does not change; another content of the integration is another route, which
// shares with this one what is the same in both.
type Route struct {
	// Integration is what the route is of.
	Integration *plan.Integration

	masker      *redact.Masker
	withToken   atomic.Pointer[tokenMasker] // of the newest access token
	connections *connections
	tokens      *tokens // nil if there are none to be sent
	userAgent   string  // of requests whose author sets none
}

// tokenMasker is a masker that finds an access token, too.
type tokenMasker struct {
	token  plan.Secret
	masker *redact.Masker
}

// Build joins a webhook's rendered parts with the integration, see [Build].
func (r *Route) Build(parts Parts) (*Request, error) {
	request, err := Build(r.Integration, parts)
	if err != nil {
		return nil, err
	}
	request.Route = r
	return request, nil
}

// Masker finds the private values in what is shown of the request and its answer:
// those of the integration, and the access token that was sent.
func (r *Request) Masker() *redact.Masker {
	if r.Route == nil {
		return nil
	}
	if r.accessToken == (plan.Secret{}) {
		return r.Route.masker
	}
	if kept := r.Route.withToken.Load(); kept != nil && kept.token == r.accessToken {
		return kept.masker
	}
	masker := r.Route.masker.With(r.accessToken)
	r.Route.withToken.Store(&tokenMasker{r.accessToken, masker})
	return masker
}

// Route prepares the way of an integration's requests. The error says in one
// sentence, without secrets, what about the integration makes it impossible here.
// Give it up with [Sender.Leave].
func (s *Sender) Route(in *plan.Integration) (*Route, error) {
	if err := s.permits(in.Egress); err != nil {
		return nil, err
	}
	route := &Route{Integration: in, userAgent: s.userAgent, masker: redact.New(append(privateValues(in), s.private()...)...)}
	to := settings{egress: in.Egress}
	if in.TLS != nil {
		to.tls = *in.TLS
	}
	var err error
	if route.connections, err = s.pool.connect(to); err != nil {
		return nil, err
	}
	if in.OAuth2 == nil {
		return route, nil
	}
	// The rest of tls is about the receiver.
	to.tls = plan.TLS{CABundle: to.tls.CABundle}
	if route.tokens, err = s.pool.source(in, to, s.userAgent); err != nil {
		s.pool.leave(route.connections)
		return nil, err
	}
	return route, nil
}

// Leave gives a route up. Requests that are under way on it end as they will; it
// must not be used for another.
func (s *Sender) Leave(r *Route) {
	if r.tokens != nil {
		s.pool.leaveTokens(r.tokens)
	}
	s.pool.leave(r.connections)
}

// permits judges what an integration wants of its way against what the operator
// prescribes.
func (s *Sender) permits(e plan.Egress) error {
	switch {
	case s.proxy == nil:
		return nil
	case e.Proxy != nil:
		return errors.New("the operator prescribes the egress proxy; take proxy out of egress")
	case len(e.CIDRs) > 0:
		return errors.New("the ranges of egress.cidrs cannot be held behind the operator's egress proxy; use egress.hosts")
	}
	return nil
}

// privateValues are all private values of an integration.
func privateValues(in *plan.Integration) []plan.Secret {
	values := make([]plan.Secret, 0, len(in.Headers)+len(in.Private))
	for _, h := range in.Headers {
		if h.Private {
			values = append(values, h.Value)
		}
	}
	return append(values, in.Private...)
}

// private are the private values of the operator's proxy, which sees them with every
// tunnel and may answer in the receiver's place.
func (s *Sender) private() []plan.Secret {
	if s.proxy == nil {
		return nil
	}
	password := s.proxy.Password.Reveal()
	if password == "" { // then the user name is what must stay hidden
		return []plan.Secret{plan.NewSecret(s.proxy.Username)}
	}
	return []plan.Secret{s.proxy.Password, plan.NewSecret(s.proxy.Username + ":" + password)}
}

// tokens are the access tokens of an integration with the connections by which
// they are got.
type tokens struct {
	source      *token.Source
	connections *connections
	key         digest
	users       int
}

// source returns the tokens of an integration, those that it has already if it
// still asks for them in the same way.
func (p *pool) source(in *plan.Integration, to settings, agent string) (*tokens, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := in.OAuth2
	key := digestOf(in.Key, o.TokenURL, o.ClientID, o.ClientSecret.Reveal(), list(o.Scopes), list(o.Parameters), cmp.Or(o.AuthStyle, plan.AuthStyleHeader), to.digest())
	if found := p.tokens[key]; found != nil {
		found.users++
		return found, nil
	}
	connections, err := p.connectLocked(to)
	if err != nil {
		return nil, fmt.Errorf("prepare the connections to the token server: %w", err)
	}
	added := &tokens{source: token.New(*o, &asking{connections.transport, agent}), connections: connections, key: key, users: 1}
	p.tokens[key] = added
	return added, nil
}

// leaveTokens is the opposite of source. An attempt that waits for a token still
// gets it: a source that nobody has any more ends by itself with its token request.
func (p *pool) leaveTokens(t *tokens) {
	p.mu.Lock()
	t.users--
	last := t.users == 0
	if last {
		delete(p.tokens, t.key)
	}
	p.mu.Unlock()
	if last {
		p.leave(t.connections)
	}
}
