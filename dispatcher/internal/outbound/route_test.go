package outbound

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// allowing gives an integration an egress.
func allowing(e plan.Egress) func(*plan.Integration) {
	return func(in *plan.Integration) { in.Egress = e }
}

// Integrations with equal settings share connections, whatever else is different.
func TestRoutesShareConnections(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) {})
	s := newSenderOf(t, loopback)
	for i, e := range []plan.Egress{{}, {}, {Hosts: []string{"127.0.0.1"}}, {Hosts: []string{"127.0.0.1"}}} {
		in := integration(server.URL, named(fmt.Sprint("in-", i)), allowing(e))
		in.RequestsPerSecond, in.Headers = i, []plan.Header{{Name: "X", Value: plan.NewSecret(fmt.Sprint(i))}}
		_, got := send(t, s, routed(t, s, in))
		ok(t, in.Key.Name, got)
	}
	ok(t, "without a route", s.Send(t.Context(), request(t, "GET", server.URL)))
	if _, all := server.connections(); all != 2 {
		t.Errorf("%d connections, want one of each egress", all)
	}
}

// A connection that is there is of no use to an integration that might not make it.
func TestRouteNarrowsInSpiteOfAConnection(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) {})
	s := newSenderOf(t, loopback)
	wide := routed(t, s, integration(server.URL, named("wide")))
	for _, test := range []struct {
		egress  plan.Egress
		message string
	}{
		{plan.Egress{CIDRs: []string{"10.0.0.0/8"}}, "the receiver's address 127.0.0.1 is in none of the ranges that the integration's egress allows"},
		{plan.Egress{Hosts: []string{"*.example.com"}}, `the receiver's host "127.0.0.1" is none of the hosts that the integration's egress allows`},
		{plan.Egress{Hosts: []string{"127.0.0.1"}, CIDRs: []string{"128.0.0.0/8"}}, "the receiver's address 127.0.0.1 is in none of the ranges that the integration's egress allows"},
		{plan.Egress{Hosts: []string{"127.0.0.1"}, CIDRs: []string{"10.0.0.0/8", "127.0.0.0/8"}}, ""},
	} {
		_, got := send(t, s, wide)
		ok(t, "wide", got)
		narrow := routed(t, s, integration(server.URL, named("narrow"), allowing(test.egress)))
		if _, got := send(t, s, narrow); test.message == "" {
			ok(t, fmt.Sprint(test.egress), got)
		} else {
			check(t, fmt.Sprint(test.egress), got, plan.ReasonBlocked, test.message, true)
		}
		s.Leave(narrow)
	}
	if _, all := server.connections(); all != 2 {
		t.Errorf("%d connections, want that of the wide one and that of the one that may", all)
	}
}

// Nothing of an integration's egress widens the operator's policy.
func TestRouteDoesNotWiden(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
	e := plan.Egress{Hosts: []string{"127.0.0.1"}, CIDRs: []string{"127.0.0.0/8"}}
	for _, test := range []struct {
		policy  egress.Policy
		message string
	}{
		{egress.Policy{AllowPrivate: true}, "the receiver's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{egress.Policy{AllowLoopback: true, Hosts: []string{"example.com"}}, `the receiver's host "127.0.0.1" is none of the hosts that the operator allows`},
	} {
		s := newSenderOf(t, Options{Policy: test.policy})
		_, got := send(t, s, routed(t, s, integration(server.URL, allowing(e))))
		check(t, test.message, got, plan.ReasonBlocked, test.message, true)
	}
}

// The client certificate of one integration is never shown for another, though both
// call the same receiver in turns.
func TestRouteKeepsCertificatesApart(t *testing.T) {
	ca := newAuthority(t, "ca")
	config := demand(ca, tls.VersionTLS13)
	config.ClientAuth = tls.VerifyClientCertIfGiven
	server := receive(t, config, true, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(shown(r))) })
	s := newSenderOf(t, loopback)
	routes := map[string]*Route{"": routed(t, s, integration(server.URL, named("none"), withTLS(&plan.TLS{CABundle: ca.bundle()})))}
	for _, name := range []string{"a", "b"} {
		routes[name] = routed(t, s, integration(server.URL, named(name), withTLS(ca.showing(ca.issue(name)))))
	}
	for range 3 {
		for name, route := range routes {
			if _, got := send(t, s, route); got.Reason != plan.ReasonSuccess || string(got.Body) != name {
				t.Errorf("for %q %q is shown: %s", name, got.Body, got.Message)
			}
		}
	}
	if _, all := server.connections(); all != 3 {
		t.Errorf("%d connections, want 3", all)
	}
}

// A certificate is shown also to a receiver that names other authorities than its
// own, as one does that knows it by an intermediate.
func TestRouteShowsItsCertificateToWhoeverAsks(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	config := demand(ca, tls.VersionTLS12)
	config.ClientCAs, config.ClientAuth = other.pool(), tls.RequestClientCert
	server := receive(t, config, false, func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte(shown(r))) })
	s := newSenderOf(t, loopback)
	if _, got := send(t, s, routed(t, s, integration(server.URL, withTLS(ca.showing(ca.issue("client")))))); string(got.Body) != "client" {
		t.Errorf("%s; shown %q", got.Message, got.Body)
	}
}

// What routes share is kept as long as one of them is there.
func TestLeave(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) {})
	s := newSenderOf(t, loopback)
	tokens := newTokenServer(t, nil)
	special := allowing(plan.Egress{Hosts: []string{"127.0.0.1"}})
	a, b := routed(t, s, integration(server.URL, special, tokens.client())), routed(t, s, integration(server.URL, special, tokens.client()))
	_, got := send(t, s, a)
	ok(t, "before", got)
	s.Leave(a)
	_, got = send(t, s, b)
	ok(t, "after one has left", got)
	if _, all := server.connections(); all != 1 || tokens.count() != 1 {
		t.Errorf("%d connections, %d token requests, want one each", all, tokens.count())
	}
	begun := time.Now()
	s.Leave(b)
	server.closed(t)
	tokens.closed(t)
	if took := time.Since(begun); took > idleTimeout/2 {
		t.Errorf("the unused connections were closed after %v only", took)
	}
	if n := len(s.pool.connections); n != 1 || s.pool.connections[settings{}.digest()] != s.usual || s.usual.users != 1 {
		t.Errorf("%d kinds of connections are left, want the usual one", n)
	}
	if n := len(s.pool.tokens); n != 0 {
		t.Errorf("%d sources of tokens are left", n)
	}
	c := routed(t, s, integration(server.URL, special, tokens.client()))
	_, got = send(t, s, c)
	ok(t, "again", got)
}

// What cannot be is told in a sentence without secrets, and leaves nothing behind.
func TestRouteErrors(t *testing.T) {
	const secret = "s3cret-canary"
	ca := newAuthority(t, "ca")
	pair, other := ca.showing(ca.issue("a")), ca.showing(ca.issue("b"))
	broken := func(text string) *plan.TLS {
		return &plan.TLS{Certificate: pair.Certificate, Key: plan.NewSecret(text)}
	}
	proxy := func(address, password string) func(*plan.Integration) {
		return allowing(plan.Egress{Proxy: &plan.Proxy{URL: address, Username: "u", Password: plan.NewSecret(password)}})
	}
	operators := Options{Proxy: &plan.Proxy{URL: "http://proxy.example"}}
	const pem = "the client certificate of tls and its key are not a pair in PEM"
	for _, test := range []struct {
		name    string
		options Options
		change  func(*plan.Integration)
		message string
	}{
		{"CA bundle", loopback, withTLS(&plan.TLS{CABundle: secret}), "the CA bundle of tls holds no certificate in PEM"},
		{"key", loopback, withTLS(broken(secret)), pem},
		{"key of another", loopback, withTLS(broken(other.Key.Reveal())), pem},
		{"no key", loopback, withTLS(broken("")), pem},
		{"range", loopback, allowing(plan.Egress{CIDRs: []string{"10.0.0.1/8"}}), "egress.cidrs has a range that is not valid: it begins within a range of its length; write 10.0.0.0/8"},
		{"proxy", loopback, proxy("ftp://"+secret, secret), "the proxy's URL must start with http:// or https://"},
		{"credentials of the proxy", loopback, proxy("http://proxy", secret+"\n"), "the proxy's credentials have a control character, which HTTP Basic does not allow"},
		{"two proxies", operators, proxy("http://other.example", secret), "the operator prescribes the egress proxy; take proxy out of egress"},
		{"ranges behind a proxy", operators, allowing(plan.Egress{CIDRs: []string{"10.0.0.0/8"}}), "the ranges of egress.cidrs cannot be held behind the operator's egress proxy; use egress.hosts"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSenderOf(t, test.options)
			in := integration("http://receiver.example/"+secret, test.change)
			in.OAuth2 = &plan.OAuth2{TokenURL: "http://tokens.example", ClientSecret: plan.NewSecret(secret)}
			route, err := s.Route(in)
			if route != nil || err == nil || err.Error() != test.message || strings.Contains(fmt.Sprintf("%+v", err), secret) {
				t.Errorf("route %v, error %v", route != nil, err)
			}
			if len(s.pool.connections) != 1 || len(s.pool.tokens) != 0 || s.usual.users != 1 {
				t.Errorf("%d kinds of connections and %d sources of tokens are left", len(s.pool.connections), len(s.pool.tokens))
			}
		})
	}
	if s, err := New(Options{Proxy: &plan.Proxy{URL: "http://" + secret + "/path"}}); s != nil || err == nil || err.Error() != "the proxy's URL must have no path, query or fragment" {
		t.Errorf("a sender %v, error %v", s != nil, err)
	}
}

// Every field of the settings makes connections of their own, also one that is added.
func TestSettingsDigest(t *testing.T) {
	whole := settings{
		tls:    plan.TLS{CABundle: "x", ServerName: "x", InsecureSkipVerify: true, Certificate: "x", Key: plan.NewSecret("x")},
		egress: plan.Egress{Hosts: []string{"x"}, CIDRs: []string{"x"}, Proxy: &plan.Proxy{URL: "x", Username: "x", Password: plan.NewSecret("x")}},
	}
	for _, part := range []func(*settings) reflect.Value{
		func(s *settings) reflect.Value { return reflect.ValueOf(&s.tls).Elem() },
		func(s *settings) reflect.Value { return reflect.ValueOf(&s.egress).Elem() },
		func(s *settings) reflect.Value { return reflect.ValueOf(s.egress.Proxy).Elem() },
	} {
		for i := range part(&whole).NumField() {
			other := whole
			proxy := *whole.egress.Proxy
			other.egress.Proxy = &proxy
			field := part(&other).Field(i)
			if field.IsZero() {
				t.Errorf("field %s is new; set it above", part(&other).Type().Field(i).Name)
			}
			field.SetZero()
			if other.digest() == whole.digest() {
				t.Errorf("field %s makes no difference", part(&other).Type().Field(i).Name)
			}
		}
	}
	again := whole
	again.egress.Hosts = []string{"x"}
	if again.digest() != whole.digest() {
		t.Error("equal settings differ")
	}
	if (settings{egress: plan.Egress{Hosts: []string{"a", "b"}}}).digest() == (settings{egress: plan.Egress{Hosts: []string{`a", "b`}}}).digest() {
		t.Error("one host passes for two")
	}
	if nothing := (settings{egress: plan.Egress{Hosts: []string{}, CIDRs: []string{}}}); nothing.digest() != (settings{}).digest() {
		t.Error("an empty list differs from none")
	}
}
