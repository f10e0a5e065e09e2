package outbound

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// settings are what connections differ by: those with the same may be used by
// the requests of any integration. The zero value is how nearly all connect.
type settings struct {
	tls    plan.TLS
	egress plan.Egress
}

// digest stands for content that may be secret.
type digest [sha256.Size]byte

// digestOf returns the digest of values, which are told apart by their Go syntax.
func digestOf(values ...any) (d digest) {
	h := sha256.New()
	for _, v := range values {
		fmt.Fprintf(h, "%#v\n", v)
	}
	h.Sum(d[:0])
	return d
}

// list is a list in the form in which equal ones are equal: without elements it is nil.
func list[E any](elements []E) []E { return append([]E(nil), elements...) }

// digest is equal for equal settings only.
func (s settings) digest() digest {
	t, e := s.tls, s.egress
	var proxy []string
	if p := e.Proxy; p != nil {
		proxy = []string{p.URL, p.Username, p.Password.Reveal()}
	}
	return digestOf(t.CABundle, t.ServerName, t.InsecureSkipVerify, t.Certificate, t.Key.Reveal(), list(e.Hosts), list(e.CIDRs), proxy)
}

// connections are those with the same settings.
type connections struct {
	transport *http.Transport
	proxied   bool // by the operator's egress proxy or the integration's
	key       digest
	users     int // routes and token sources
}

// pool holds what routes share, as long as one of them is there.
type pool struct {
	transport func(settings) (*http.Transport, error)
	proxied   bool // all connections are

	mu          sync.Mutex
	connections map[digest]*connections
	tokens      map[digest]*tokens
}

// newPool returns a pool of connections that transport makes; proxied says that all
// of them go through a proxy.
func newPool(transport func(settings) (*http.Transport, error), proxied bool) *pool {
	return &pool{transport: transport, proxied: proxied, connections: map[digest]*connections{}, tokens: map[digest]*tokens{}}
}

// connect returns the connections with the given settings. Leave them with leave.
func (p *pool) connect(to settings) (*connections, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connectLocked(to)
}

// connectLocked is connect with the lock held.
func (p *pool) connectLocked(to settings) (*connections, error) {
	key := to.digest()
	if found := p.connections[key]; found != nil {
		found.users++
		return found, nil
	}
	transport, err := p.transport(to)
	if err != nil {
		return nil, err
	}
	added := &connections{transport: transport, proxied: p.proxied || to.egress.Proxy != nil, key: key, users: 1}
	p.connections[key] = added
	return added, nil
}

// leave is the opposite of connect. Connections that no request uses are closed
// with the last user; those in use close soon after, as unused ones do.
func (p *pool) leave(c *connections) {
	p.mu.Lock()
	c.users--
	last := c.users == 0
	if last {
		delete(p.connections, c.key)
	}
	p.mu.Unlock()
	if last {
		c.transport.CloseIdleConnections()
	}
}

// closeUnused closes the connections that no request uses, but for those of one.
func (p *pool) closeUnused(but *connections) {
	p.mu.Lock()
	all := slices.Collect(maps.Values(p.connections))
	p.mu.Unlock()
	for _, c := range all {
		if c != but {
			c.transport.CloseIdleConnections()
		}
	}
}

// close closes the connections that no request uses, and ends token requests. The
// lock is not held for that: a token request that ends may have to close unused
// connections first.
func (p *pool) close() {
	p.mu.Lock()
	tokens := slices.Collect(maps.Values(p.tokens))
	p.mu.Unlock()
	for _, t := range tokens {
		t.source.Close()
	}
	p.closeUnused(nil)
}
