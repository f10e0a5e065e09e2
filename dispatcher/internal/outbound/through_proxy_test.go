package outbound

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// proxy is a CONNECT proxy on loopback, to which receiver.test is a name of its own.
type proxy struct {
	URL     string
	mu      sync.Mutex
	asked   []string   // host:port of each CONNECT
	tunnels []net.Conn // those that stand or stood
}

// newProxy runs a proxy that answers as answer says, or makes the tunnel.
func newProxy(t *testing.T, answer func(*http.Request) string) *proxy {
	t.Helper()
	p := &proxy{}
	p.URL = serveRaw(t, func(conn net.Conn) {
		tunnelProxy(t, func(r *http.Request) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.asked = append(p.asked, r.Host)
			p.tunnels = append(p.tunnels, conn)
			if answer != nil {
				if text := answer(r); text != "" {
					return text
				}
			}
			host, port, _ := net.SplitHostPort(r.Host)
			if host == "receiver.test" {
				r.Host, r.RequestURI = "127.0.0.1:"+port, "127.0.0.1:"+port
			}
			return ""
		})(conn)
	})
	return p
}

// seen returns what it was asked for.
func (p *proxy) seen() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.asked...)
}

// cut closes all tunnels.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range p.tunnels {
		_ = conn.Close()
	}
}

// owners are whose proxy it is.
var owners = []string{"integration", "operator"}

// through returns a sender and a route whose requests go through a proxy.
func through(t *testing.T, owner string, p plan.Proxy, in *plan.Integration) (*Sender, *Route) {
	t.Helper()
	o := loopback
	if owner == "operator" {
		o.Proxy = &p
	} else {
		in.Egress.Proxy = &p
	}
	s := newSenderOf(t, o)
	return s, routed(t, s, in)
}

// credentials wants a user and a password.
func credentials(r *http.Request) string {
	if user, password, _ := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); user != "user" || password != "s3cret" {
		return "HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n"
	}
	return ""
}

// Requests go through the proxy of either owner, which resolves the names, and what
// the receiver answers is the receiver's answer, also if a proxy might give it.
func TestThroughProxy(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, owner := range owners {
		for _, secure := range []bool{false, true} {
			var config *tls.Config
			if secure {
				config = demand(ca, tls.VersionTLS13)
			}
			status := map[string]int{"/403": 403, "/407": 407, "/502": 502}
			server := receive(t, config, secure, func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Proxy-Authorization") != "" {
					t.Error("the receiver sees the credentials of the proxy")
				}
				if code := status[r.URL.Path]; code != 0 {
					w.WriteHeader(code)
				}
			})
			p := newProxy(t, credentials)
			root := strings.Replace(server.URL, "127.0.0.1", "receiver.test", 1)
			s, route := through(t, owner, plan.Proxy{URL: p.URL, Username: "user", Password: plan.NewSecret("s3cret")}, integration(root, withTLS(ca.showing(ca.issue("client")))))
			_, got := send(t, s, route)
			ok(t, owner, got)
			for suffix, want := range map[string]Response{
				"/403": {Reason: plan.ReasonClientError, Message: "the receiver answered 403 Forbidden"},
				"/407": {Reason: plan.ReasonClientError, Message: "the receiver answered 407 Proxy Authentication Required"},
				"/502": {Reason: plan.ReasonServerError, Message: "the receiver answered 502 Bad Gateway"},
			} {
				_, got := send(t, s, route, func(p *Parts) { p.Suffix = suffix })
				check(t, suffix, got, want.Reason, want.Message, false)
			}
			if asked := p.seen(); len(asked) != 1 || asked[0] != "receiver.test:"+port(t, server.URL) {
				t.Errorf("the proxy was asked for %q", asked)
			}
		}
	}
}

// What the proxy does in place of a tunnel, and that nothing was sent then.
func TestThroughProxyFailures(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
	for _, owner := range owners {
		for _, test := range []struct {
			name, url string
			reason    plan.Reason
			message   string
		}{
			{"down", closedPort(t), plan.ReasonProxyError, "connecting to the egress proxy failed: connection refused"},
			{"refuses", newProxy(t, answers("HTTP/1.1 403 no\r\n\r\n")).URL, plan.ReasonBlocked, "the rules of the egress proxy do not allow the receiver: it answered 403 Forbidden"},
			{"502", newProxy(t, answers("HTTP/1.1 502 no\r\n\r\n")).URL, plan.ReasonNetworkError, "the egress proxy could not reach the receiver: it answered 502 Bad Gateway"},
			{"credentials", newProxy(t, credentials).URL, plan.ReasonProxyError, "the egress proxy wants other credentials: it answered 407 Proxy Authentication Required"},
		} {
			s, route := through(t, owner, plan.Proxy{URL: test.url}, integration(server.URL))
			r, err := route.Build(Parts{Method: http.MethodGet})
			if err != nil {
				t.Fatal(err)
			}
			r.Gate = func(context.Context) error { t.Errorf("%s: the gate is asked", test.name); return nil }
			check(t, owner+", "+test.name, s.Send(t.Context(), r), test.reason, test.message, true)
		}
	}
}

// The token server is reached through the proxy too, and what goes wrong there is
// said of it.
func TestTokenThroughProxy(t *testing.T) {
	server, tokens := receive(t, nil, false, echo), newTokenServer(t, nil)
	p := newProxy(t, nil)
	s, route := through(t, "integration", plan.Proxy{URL: p.URL}, integration(server.URL, tokens.client()))
	_, got := send(t, s, route)
	ok(t, "POST", got)
	if asked := p.seen(); len(asked) != 2 || asked[0] != tokens.Listener.Addr().String() {
		t.Errorf("the proxy was asked for %q", asked)
	}
	for _, test := range []struct {
		name, url string
		policy    egress.Policy
		reason    plan.Reason
		message   string
	}{
		{"down", closedPort(t), loopback.Policy, plan.ReasonProxyError, "connecting to the egress proxy failed: connection refused"},
		{"blocked", p.URL, egress.Policy{}, plan.ReasonBlocked, "the egress proxy's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{"refuses", newProxy(t, answers("HTTP/1.1 403 no\r\n\r\n")).URL, loopback.Policy, plan.ReasonBlocked, "the rules of the egress proxy do not allow the token server"},
		{"502", newProxy(t, answers("HTTP/1.1 502 no\r\n\r\n")).URL, loopback.Policy, plan.ReasonTokenError, "the egress proxy could not reach the token server"},
	} {
		s := newSenderOf(t, Options{Policy: test.policy})
		_, got := send(t, s, routed(t, s, integration("http://receiver.example", clientOf("http://tokens.example"), allowing(plan.Egress{Proxy: &plan.Proxy{URL: test.url}}))))
		check(t, test.name, got, test.reason, test.message, true)
	}
}

// The gate is asked when the tunnel stands, and before the receiver sees anything.
func TestThroughProxyGate(t *testing.T) {
	var opened atomic.Bool
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) {
		if !opened.Load() {
			t.Error("the request came before the gate was open")
		}
	})
	p := newProxy(t, nil)
	s, route := through(t, "integration", plan.Proxy{URL: p.URL}, integration(server.URL))
	r, err := route.Build(Parts{Method: http.MethodGet})
	if err != nil {
		t.Fatal(err)
	}
	r.Gate = func(context.Context) error {
		if n := len(p.seen()); n != 1 {
			t.Errorf("the gate is asked after %d tunnels", n)
		}
		opened.Store(true)
		return nil
	}
	ok(t, "GET", s.Send(t.Context(), r))
	if !opened.Load() {
		t.Error("the gate was not asked")
	}
}

// An idle tunnel that the proxy closes costs nothing: the request goes by another,
// once.
func TestThroughProxyClosedTunnel(t *testing.T) {
	var requests atomic.Int64
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	p := newProxy(t, nil)
	s, route := through(t, "integration", plan.Proxy{URL: p.URL}, integration(server.URL))
	_, got := send(t, s, route)
	ok(t, "first", got)
	p.cut()
	server.closed(t)
	eventually(t, "the closed tunnel is not noticed", func() bool { return s.special.n.Load() == 0 })
	_, got = send(t, s, route)
	ok(t, "second", got)
	if n, asked := requests.Load(), len(p.seen()); n != 2 || asked != 2 {
		t.Errorf("%d requests by %d tunnels", n, asked)
	}
}

// Names that the proxy resolves are judged by what they evidently stand for, and never
// come to the proxy then.
func TestThroughProxyNames(t *testing.T) {
	for _, owner := range owners {
		for host, message := range map[string]string{
			"localhost":                "the receiver's host \"localhost\" is a loopback name, which the operator does not allow",
			"api.ns.svc":               "the receiver's host \"api.ns.svc\" is a private name, which the operator does not allow",
			"metadata.google.internal": "the receiver's host \"metadata.google.internal\" is the name of a cloud metadata service, which is never allowed",
			"2130706433":               "the receiver's host \"2130706433\" ends in a number but is no IP address, and is read differently by different resolvers, which is never allowed",
			"169.254.169.254":          "the receiver's address 169.254.169.254 is a cloud metadata service, which is never allowed",
			"10.0.0.1":                 "the receiver's address 10.0.0.1 is in a private range, which the operator does not allow",
		} {
			p := newProxy(t, answers("HTTP/1.1 502 no\r\n\r\n"))
			o := Options{Policy: egress.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
			in := integration("http://" + host)
			if owner == "operator" {
				o.Proxy = &plan.Proxy{URL: p.URL}
			} else {
				in.Egress.Proxy = &plan.Proxy{URL: p.URL}
			}
			s := newSenderOf(t, o)
			_, got := send(t, s, routed(t, s, in))
			check(t, owner+"'s proxy, "+host, got, plan.ReasonBlocked, message, true)
			if asked := p.seen(); len(asked) != 0 {
				t.Errorf("the proxy was asked for %q", asked)
			}
		}
	}
	p := newProxy(t, nil)
	s, route := through(t, "integration", plan.Proxy{URL: p.URL}, integration("http://receiver.example", allowing(plan.Egress{CIDRs: []string{"10.0.0.0/8"}})))
	_, got := send(t, s, route)
	check(t, "ranges", got, plan.ReasonBlocked, `the receiver's host "receiver.example" is a name that the egress proxy resolves, so that the ranges of the integration's egress cannot be held`, true)
}

// The proxy of an integration is held to the operator's policy, that of the operator
// may be where receivers may not.
func TestThroughProxyPolicy(t *testing.T) {
	p := newProxy(t, answers("HTTP/1.1 502 no\r\n\r\n"))
	const refused = "the egress proxy could not reach the receiver: it answered 502 Bad Gateway"
	for _, test := range []struct {
		policy  egress.Policy
		message string
	}{
		{egress.Policy{}, "the egress proxy's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{egress.Policy{AllowLoopback: true, Hosts: []string{"receiver.example"}}, `the egress proxy's host "127.0.0.1" is none of the hosts that the operator allows`},
	} {
		s := newSenderOf(t, Options{Policy: test.policy})
		_, got := send(t, s, routed(t, s, integration("http://receiver.example", allowing(plan.Egress{Proxy: &plan.Proxy{URL: p.URL}}))))
		check(t, "the integration's", got, plan.ReasonBlocked, test.message, true)
		s = newSenderOf(t, Options{Policy: test.policy, Proxy: &plan.Proxy{URL: p.URL}})
		_, got = send(t, s, routed(t, s, integration("http://receiver.example")))
		check(t, "the operator's", got, plan.ReasonNetworkError, refused, true)
	}
	metadata := newSenderOf(t, Options{Proxy: &plan.Proxy{URL: "http://169.254.169.254"}})
	_, got := send(t, metadata, routed(t, metadata, integration("http://receiver.example")))
	check(t, "metadata", got, plan.ReasonBlocked, "the egress proxy's address 169.254.169.254 is a cloud metadata service, which is never allowed", true)
}

// A proxy that does not get as far as to be asked for the receiver has failed itself,
// also if the attempt's timeout is over before the bounds of connecting to a proxy.
func TestProxyThatHangs(t *testing.T) {
	address := serveRaw(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	for _, owner := range owners {
		for _, test := range []struct {
			proxy   string
			reason  plan.Reason
			message string
		}{
			{strings.Replace(address, "http", "https", 1), plan.ReasonProxyError, "the egress proxy could not be reached within 100ms"},
			{address, plan.ReasonTimeout, "no answer within 100ms"}, // it was asked, and perhaps the receiver does not answer it
		} {
			s, route := through(t, owner, plan.Proxy{URL: test.proxy}, integration("http://receiver.test", func(in *plan.Integration) { in.Timeout = 100 * time.Millisecond }))
			_, got := send(t, s, route)
			check(t, owner+"'s "+test.proxy, got, test.reason, test.message, true)
		}
	}
}
