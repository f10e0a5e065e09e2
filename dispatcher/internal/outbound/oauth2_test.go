package outbound

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// tokenServer is a token server that gives access-token-1, access-token-2 and so on.
type tokenServer struct {
	*receiver
	given atomic.Int64
	// hold, if set, is called before each answer; it answers itself if it returns
	// false.
	hold func(http.ResponseWriter, *http.Request) bool
}

// newTokenServer runs a token server, over TLS if there is a config.
func newTokenServer(t testing.TB, config *tls.Config) *tokenServer {
	t.Helper()
	s := &tokenServer{}
	s.receiver = receive(t, config, true, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the end of the connection is not noticed
		n := s.given.Add(1)
		if s.hold != nil && !s.hold(w, r) {
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"access_token": fmt.Sprint("access-token-", n), "token_type": "Bearer", "expires_in": 3600})
	})
	return s
}

// count is how often it was asked.
func (s *tokenServer) count() int64 { return s.given.Load() }

// client makes an integration a client of the token server.
func (s *tokenServer) client() func(*plan.Integration) { return clientOf(s.URL + "/token") }

func clientOf(address string) func(*plan.Integration) {
	return func(in *plan.Integration) {
		in.OAuth2 = &plan.OAuth2{TokenURL: address, ClientID: "client", ClientSecret: plan.NewSecret("client-s3cret")}
	}
}

// echo answers with the Authorization that came.
func echo(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte(strings.Join(r.Header["Authorization"], "|")))
}

// atOnce runs n functions at once and waits for them.
func atOnce(n int, f func(i int)) {
	var running sync.WaitGroup
	for i := range n {
		running.Go(func() { f(i) })
	}
	running.Wait()
}

// One token request serves all attempts, and what is sent is told to be private.
func TestTokenIsSharedAndPrivate(t *testing.T) {
	server, tokens := receive(t, nil, false, echo), newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(server.URL, tokens.client(), func(in *plan.Integration) {
		in.Headers = []plan.Header{{Name: "X-Tenant", Value: plan.NewSecret("tenant-4711"), Private: true}}
	}))
	atOnce(100, func(int) {
		r, got := send(t, s, route)
		if got.Reason != plan.ReasonSuccess || string(got.Body) != "Bearer access-token-1" {
			t.Errorf("%s; sent %q", got.Message, got.Body)
		}
		want := plan.RenderedHeader{Name: "Authorization", Value: "Bearer access-token-1", Private: true}
		if n := len(r.Headers); r.Headers[n-1] != want || r.Headers[n-2].Name != "User-Agent" {
			t.Errorf("the headers are %v", r.Headers)
		}
		if shown := r.Masker().Text("access-token-1 tenant-4711 client"); shown != "*** *** client" {
			t.Errorf("shown %q", shown)
		}
	})
	if n := tokens.count(); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

// A webhook has the last word on Authorization, as on every header.
func TestTokenIsNotWanted(t *testing.T) {
	server, tokens := receive(t, nil, false, echo), newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(server.URL, tokens.client()))
	for want, change := range map[string]func(*Parts){
		"":    func(p *Parts) { p.InheritedOff = []string{"X", "authorization"} },
		"own": func(p *Parts) { p.Own = []plan.RenderedHeader{{Name: "AUTHORIZATION", Value: "own"}} },
	} {
		r, got := send(t, s, route, change)
		if got.Reason != plan.ReasonSuccess || string(got.Body) != want {
			t.Errorf("%s; sent %q, want %q", got.Message, got.Body, want)
		}
		if shown := r.Masker().Text("access-token-1"); shown != "access-token-1" {
			t.Errorf("shown %q", shown)
		}
	}
	if n := tokens.count(); n != 0 {
		t.Errorf("%d token requests", n)
	}
}

// A token that the receiver refuses is thrown away, and the next attempt has another.
func TestTokenRefused(t *testing.T) {
	server := receive(t, nil, false, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer access-token-2" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	tokens := newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(server.URL, tokens.client()))
	_, got := send(t, s, route)
	check(t, "first", got, plan.ReasonTokenRefused, "the receiver answered 401 Unauthorized, so its access token is not used again", false)
	if got.StatusCode != http.StatusUnauthorized {
		t.Errorf("status %d", got.StatusCode)
	}
	_, got = send(t, s, route)
	ok(t, "second", got)
	_, got = send(t, s, route)
	ok(t, "third", got)
	if n := tokens.count(); n != 2 {
		t.Errorf("%d token requests", n)
	}
	// Of others the 401 is their own affair.
	_, got = send(t, s, route, func(p *Parts) { p.Own = []plan.RenderedHeader{{Name: "Authorization", Value: "own"}} })
	check(t, "own", got, plan.ReasonClientError, "the receiver answered 401 Unauthorized", false)
	_, got = send(t, s, routed(t, s, integration(server.URL)))
	check(t, "none", got, plan.ReasonClientError, "the receiver answered 401 Unauthorized", false)
}

// Without a token nothing is sent, and the message says whose fault it is.
func TestTokenError(t *testing.T) {
	server := receive(t, nil, false, func(http.ResponseWriter, *http.Request) { t.Error("a request came") })
	answering := func(status int) string {
		tokens := newTokenServer(t, nil)
		tokens.hold = func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(`{"error": "invalid_client", "error_description": "WORDS"}`))
			return false
		}
		return tokens.URL
	}
	silent := newTokenServer(t, nil)
	silent.hold = func(_ http.ResponseWriter, r *http.Request) bool { <-r.Context().Done(); return false }
	deny := egress.Policy{AllowLoopback: true, Hosts: []string{"127.0.0.1", "token.test"}}
	elsewhere := Options{Policy: deny, Resolver: serveDNS(t, []string{"10.1.2.3"})}
	for _, test := range []struct {
		name    string
		options Options
		change  []func(*plan.Integration)
		reason  plan.Reason
		message string
	}{
		{"nobody listens", loopback, []func(*plan.Integration){clientOf(closedPort(t))}, plan.ReasonTokenError, "the token server refused the connection; check tokenURL"},
		{"refuses", loopback, []func(*plan.Integration){clientOf(answering(401))}, plan.ReasonTokenError, "the token server answered 401 (invalid_client); check clientID and the Secret of the client"},
		{"fails", loopback, []func(*plan.Integration){clientOf(answering(503))}, plan.ReasonTokenError, "the token server answered 503 (invalid_client); check clientID and the Secret of the client"},
		{"is slow", loopback, []func(*plan.Integration){silent.client(), func(in *plan.Integration) { in.Timeout = 300 * time.Millisecond }}, plan.ReasonTokenError, "no access token within 300ms"},
		{"host not allowed by the operator", elsewhere, []func(*plan.Integration){clientOf("http://rebound.example/")}, plan.ReasonBlocked, `the token server's host "rebound.example" is none of the hosts that the operator allows`},
		{"host not allowed by the integration", loopback, []func(*plan.Integration){clientOf("http://localhost:1/"), allowing(plan.Egress{Hosts: []string{"127.0.0.1"}})}, plan.ReasonBlocked, `the token server's host "localhost" is none of the hosts that the integration's egress allows`},
		{"address not allowed by the operator", Options{Policy: egress.Policy{AllowLoopback: true}, Resolver: serveDNS(t, []string{"10.1.2.3"})}, []func(*plan.Integration){clientOf("http://rebound.example/")}, plan.ReasonBlocked, "the token server's address 10.1.2.3 is in a private range, which the operator does not allow"},
		{"address not allowed by the integration", loopback, []func(*plan.Integration){clientOf("http://[::1]:1/"), allowing(plan.Egress{CIDRs: []string{"127.0.0.0/8"}})}, plan.ReasonBlocked, "the token server's address ::1 is in none of the ranges that the integration's egress allows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newSenderOf(t, test.options)
			begun := time.Now()
			_, got := send(t, s, routed(t, s, integration(server.URL, test.change...)))
			check(t, test.name, got, test.reason, test.message, true)
			if took := time.Since(begun); got.StatusCode != 0 || got.Duration > took || took > 10*time.Second {
				t.Errorf("status %d, took %v of %v", got.StatusCode, got.Duration, took)
			}
		})
	}
	if _, all := server.connections(); all != 0 {
		t.Errorf("the receiver got %d connections", all)
	}
}

// An attempt that is given up while it waits for a token is no failure of anybody.
func TestTokenStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	tokens := newTokenServer(t, nil)
	tokens.hold = func(_ http.ResponseWriter, r *http.Request) bool { stop(); <-r.Context().Done(); return false }
	s := newSenderOf(t, loopback)
	r, err := routed(t, s, integration("http://127.0.0.1:1", tokens.client())).Build(Parts{Method: "GET"})
	if err != nil {
		t.Fatal(err)
	}
	check(t, "stopped", s.Send(ctx, r), plan.ReasonNetworkError, stoppedUnsent, true)
	s.Close() // ends the token request, for which the server's Close waits
}

// The token server is trusted as the receiver is; the rest of tls is the receiver's.
func TestTokenServerTLS(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	optional := demand(ca, tls.VersionTLS13)
	optional.ClientAuth = tls.RequestClientCert
	tokens := newTokenServer(t, optional)
	tokens.hold = func(_ http.ResponseWriter, r *http.Request) bool {
		if shown(r) != "" || r.TLS.ServerName != "" {
			t.Errorf("the token server sees the certificate of %q and is asked for %q", shown(r), r.TLS.ServerName)
		}
		return true
	}
	renamed := demand(ca, tls.VersionTLS13)
	renamed.Certificates = []tls.Certificate{ca.issue("receiver", func(c *x509.Certificate) { c.IPAddresses = nil })}
	server := receive(t, renamed, false, echo)
	settings := ca.showing(ca.issue("client"))
	settings.ServerName = "receiver.test"
	s := newSenderOf(t, loopback)
	_, got := send(t, s, routed(t, s, integration(server.URL, tokens.client(), withTLS(settings))))
	ok(t, "all of tls", got)

	const untrusted = "the certificate of the token server is not trusted; check tokenURL and caBundle"
	for name, settings := range map[string]*plan.TLS{
		"insecure": {InsecureSkipVerify: true}, "insecure, another authority": {CABundle: other.bundle(), InsecureSkipVerify: true}, "nothing": nil,
	} {
		_, got := send(t, s, routed(t, s, integration(server.URL, named(name), tokens.client(), withTLS(settings))))
		check(t, name, got, plan.ReasonTokenError, untrusted, true)
	}
	if n := tokens.count(); n != 1 {
		t.Errorf("%d token requests", n)
	}
}

// A token outlives changes of the integration that are not about it.
func TestTokenOutlivesOtherChanges(t *testing.T) {
	server, tokens := receive(t, nil, false, echo), newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(server.URL, tokens.client()))
	for _, step := range []struct {
		change func(*plan.Integration)
		token  string
	}{
		{func(*plan.Integration) {}, "1"},
		{func(in *plan.Integration) { in.RequestsPerSecond, in.Timeout, in.Generation = 5, time.Minute, 2 }, "1"},
		{withTLS(&plan.TLS{ServerName: "receiver.test"}), "1"},
		{func(in *plan.Integration) { in.OAuth2.Scopes, in.OAuth2.AuthStyle = []string{}, plan.AuthStyleHeader }, "1"},
		{named("another"), "2"},
		{func(in *plan.Integration) { in.OAuth2.ClientSecret = plan.NewSecret("another") }, "3"},
		{func(in *plan.Integration) { in.OAuth2.ClientID = "another" }, "4"},
		{func(in *plan.Integration) { in.OAuth2.Scopes = []string{"a", "b"} }, "5"},
		{func(in *plan.Integration) { in.OAuth2.Scopes = []string{"a b"} }, "6"},
		{func(in *plan.Integration) { in.OAuth2.Parameters = []plan.Parameter{{Name: "audience", Value: "x"}} }, "7"},
		{func(in *plan.Integration) { in.OAuth2.AuthStyle = plan.AuthStyleBody }, "8"},
		{func(in *plan.Integration) { in.OAuth2.TokenURL += "/other" }, "9"},
		{allowing(plan.Egress{Hosts: []string{"127.0.0.1"}}), "10"},
	} {
		next := routed(t, s, integration(server.URL, tokens.client(), step.change))
		s.Leave(route)
		route = next
		if _, got := send(t, s, route); string(got.Body) != "Bearer access-token-"+step.token {
			t.Errorf("%s; sent %q, want token %s", got.Message, got.Body, step.token)
		}
	}
}

// Refusals, changes of the client and attempts at once: every attempt has a token of
// its route, and ends as the receiver says.
func TestTokensAtOnce(t *testing.T) {
	server := receive(t, nil, false, func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains([]string{"Bearer access-token-2", "Bearer access-token-3"}, r.Header.Get("Authorization")) {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	tokens := newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(server.URL, tokens.client()))
	var current atomic.Pointer[Route]
	current.Store(route)
	atOnce(40, func(i int) {
		if i == 20 { // a client secret is renewed
			next := routed(t, s, integration(server.URL, tokens.client(), func(in *plan.Integration) { in.OAuth2.ClientSecret = plan.NewSecret("renewed") }))
			s.Leave(current.Swap(next))
		}
		for range 3 {
			if _, got := send(t, s, current.Load()); got.Reason == plan.ReasonSuccess {
				return
			} else if got.Reason != plan.ReasonTokenRefused {
				t.Errorf("%s: %s", got.Reason, got.Message)
			}
		}
		t.Error("refused again and again")
	})
	if n := tokens.count(); n > 3 {
		t.Errorf("%d token requests, want one of each client, and one after the refusal", n)
	}
}

// A connection to a token server is good for as many token requests as there are,
// whoever makes them: many integrations have one token server.
func TestTokenConnectionLasts(t *testing.T) {
	ca := newAuthority(t, "ca")
	for _, config := range []*tls.Config{nil, {Certificates: []tls.Certificate{ca.issue("server")}}} { // HTTP/1.1, HTTP/2
		answer, err := json.Marshal(map[string]string{"access_token": "access-token", "token_type": "Bearer", "padding": strings.Repeat("x", 60<<10)})
		if err != nil {
			t.Fatal(err)
		}
		tokens := receive(t, config, true, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write(answer)
		})
		server := receive(t, config, true, echo)
		s := newSenderOf(t, loopback)
		for i := range 3 * maxUnasked / len(answer) {
			in := integration(server.URL, named(fmt.Sprint("in-", i)), clientOf(tokens.URL), withTLS(&plan.TLS{CABundle: ca.bundle()}))
			_, got := send(t, s, routed(t, s, in))
			ok(t, in.Key.Name, got)
		}
		if _, all := tokens.connections(); all != 1 {
			t.Errorf("%d connections to the token server, want 1", all)
		}
	}
}
