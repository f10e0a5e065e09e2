package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// withTLS gives an integration TLS settings.
func withTLS(settings *plan.TLS) func(*plan.Integration) {
	return func(in *plan.Integration) { in.TLS = settings }
}

// Which receivers are trusted, by what the integration says of TLS.
func TestTLSTrust(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	expired := func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = time.Now().Add(-2*time.Hour), time.Now().Add(-time.Hour)
	}
	renamed := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"receiver.test"} }
	const unknown, elsewhere = "the receiver's certificate is signed by an unknown authority", "the receiver's certificate is not valid for 127.0.0.1"
	for _, test := range []struct {
		name    string
		change  func(*x509.Certificate)
		tls     *plan.TLS
		message string // of the failure; empty for a success
	}{
		{"its authority", nil, &plan.TLS{CABundle: ca.bundle()}, ""},
		{"among others", nil, &plan.TLS{CABundle: other.bundle() + ca.bundle()}, ""},
		{"the system's authorities", nil, nil, unknown},
		{"nothing said of authorities", nil, &plan.TLS{ServerName: "receiver.test"}, unknown},
		{"another authority", nil, &plan.TLS{CABundle: other.bundle()}, unknown},
		{"another host", renamed, &plan.TLS{CABundle: ca.bundle()}, elsewhere},
		{"its server name", renamed, &plan.TLS{CABundle: ca.bundle(), ServerName: "receiver.test"}, ""},
		{"another server name", nil, &plan.TLS{CABundle: ca.bundle(), ServerName: "other.test"}, "the receiver's certificate is not valid for other.test"},
		{"its server name, another authority", renamed, &plan.TLS{CABundle: other.bundle(), ServerName: "receiver.test"}, unknown},
		{"expired", expired, &plan.TLS{CABundle: ca.bundle()}, "the receiver's certificate has expired or is not valid yet"},
		{"anything goes", expired, &plan.TLS{CABundle: other.bundle(), ServerName: "other.test", InsecureSkipVerify: true}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			certificate := ca.issue("receiver")
			if test.change != nil {
				certificate = ca.issue("receiver", test.change)
			}
			for _, http2 := range []bool{false, true} {
				server := receive(t, &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12}, http2, func(_ http.ResponseWriter, r *http.Request) {
					if (r.ProtoMajor == 2) != http2 {
						t.Errorf("the request came by %s", r.Proto)
					}
				})
				s := newSenderOf(t, loopback)
				_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(test.tls))))
				if test.message == "" {
					ok(t, test.name, got)
				} else {
					check(t, test.name, got, plan.ReasonNetworkError, test.message, true)
				}
			}
		})
	}
}

// With authorities of its own an integration does not trust the system's.
func TestTLSAuthoritiesReplaceTheSystems(t *testing.T) {
	ca := newAuthority(t, "ca")
	config, err := tlsConfig(plan.TLS{CABundle: ca.bundle()})
	if err != nil || !config.RootCAs.Equal(ca.pool()) {
		t.Errorf("%v: others are trusted", err)
	}
}

// The server name is asked for, so that a receiver with many certificates finds it.
func TestTLSServerNameIsAskedFor(t *testing.T) {
	ca := newAuthority(t, "ca")
	certificate := ca.issue("receiver")
	server := receive(t, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		if hello.ServerName != "receiver.test" {
			t.Errorf("asked for %q", hello.ServerName)
		}
		return &certificate, nil
	}}, false, func(_ http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Host, "127.0.0.1:") {
			t.Errorf("the host is %q", r.Host)
		}
	})
	s := newSenderOf(t, loopback)
	_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(&plan.TLS{CABundle: ca.bundle(), ServerName: "receiver.test"}))))
	ok(t, "POST", got)
}

// Versions before 1.2 are refused, also where any certificate is taken.
func TestTLSVersions(t *testing.T) {
	ca := newAuthority(t, "ca")
	for version, message := range map[uint16]string{
		tls.VersionTLS10: olderTLS, tls.VersionTLS11: olderTLS, tls.VersionTLS12: "", tls.VersionTLS13: "",
	} {
		server := receive(t, &tls.Config{Certificates: []tls.Certificate{ca.issue("receiver")}, MinVersion: version, MaxVersion: version}, false, func(http.ResponseWriter, *http.Request) {})
		for _, settings := range []*plan.TLS{{CABundle: ca.bundle()}, {InsecureSkipVerify: true}} {
			s := newSenderOf(t, loopback)
			_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(settings))))
			if message == "" {
				ok(t, tls.VersionName(version), got)
			} else {
				check(t, tls.VersionName(version), got, plan.ReasonNetworkError, message, true)
			}
		}
	}
}

// demand is the TLS of a receiver that wants a client certificate of an authority.
func demand(ca *authority, version uint16) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{ca.issue("receiver")}, ClientCAs: ca.pool(), ClientAuth: tls.RequireAndVerifyClientCert,
		MinVersion: version, MaxVersion: version,
	}
}

// shown is the name in the client certificate of a request.
func shown(r *http.Request) string {
	if len(r.TLS.PeerCertificates) == 0 {
		return ""
	}
	return r.TLS.PeerCertificates[0].Subject.CommonName
}

// A client certificate is shown to the receivers that ask for one. With TLS 1.3 the
// request may have left before the receiver says what it thinks of it.
func TestTLSClientCertificate(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	foreign := other.showing(other.issue("stranger"))
	foreign.CABundle = ca.bundle()
	const refuses = "the receiver does not accept the client certificate, or wants one"
	for _, test := range []struct {
		name    string
		version uint16
		tls     *plan.TLS
		message string
	}{
		{"1.3", tls.VersionTLS13, ca.showing(ca.issue("client")), ""},
		{"1.2", tls.VersionTLS12, ca.showing(ca.issue("client")), ""},
		{"1.3, none", tls.VersionTLS13, &plan.TLS{CABundle: ca.bundle()}, "the receiver wants a client certificate"},
		{"1.2, none", tls.VersionTLS12, &plan.TLS{CABundle: ca.bundle()}, "the receiver refused the TLS handshake"},
		{"1.3, of another authority", tls.VersionTLS13, foreign, refuses},
		{"1.2, of another authority", tls.VersionTLS12, foreign, refuses},
	} {
		for _, http2 := range []bool{false, true} {
			server := receive(t, demand(ca, test.version), http2, func(_ http.ResponseWriter, r *http.Request) {
				if shown(r) != "client" {
					t.Errorf("%s: the certificate is of %q", test.name, shown(r))
				}
			})
			s := newSenderOf(t, loopback)
			_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(test.tls))))
			if test.message == "" {
				ok(t, test.name, got)
				continue
			}
			lost := http2 && test.version == tls.VersionTLS13 && slices.Contains([]string{lostUnsent, closedUnanswered, failed}, got.Message) // which net/http says is a matter of luck
			if got.Reason != plan.ReasonNetworkError || got.Message != test.message && !lost || test.version == tls.VersionTLS12 && !got.Unsent {
				t.Errorf("%s, HTTP/2 %v: %s: %q, unsent %v, want %q", test.name, http2, got.Reason, got.Message, got.Unsent, test.message)
			}
		}
	}
}

// A renewed certificate is shown by the next request, although a connection with the
// old one is there. What is under way with the old one ends as if nothing had been.
func TestTLSRotation(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca")
	for _, http2 := range []bool{false, true} {
		began, goOn := make(chan struct{}), make(chan struct{})
		server := receive(t, demand(ca, tls.VersionTLS13), http2, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				close(began)
				<-goOn
			}
			_, _ = w.Write([]byte(shown(r)))
		})
		s := newSenderOf(t, loopback)
		before := routed(t, s, integration(server.URL, withTLS(ca.showing(ca.issue("old")))))
		_, got := send(t, s, before)
		if string(got.Body) != "old" {
			t.Errorf("%s, shown %q", got.Message, got.Body)
		}

		slow := make(chan Response)
		go func() {
			_, got := send(t, s, before, func(p *Parts) { p.Suffix = "/slow" })
			slow <- got
		}()
		<-began
		after := routed(t, s, integration(server.URL, withTLS(ca.showing(ca.issue("new")))))
		s.Leave(before)
		for range 2 {
			if _, got := send(t, s, after); string(got.Body) != "new" {
				t.Errorf("%s, shown %q", got.Message, got.Body)
			}
		}
		close(goOn)
		if got := <-slow; got.Reason != plan.ReasonSuccess || string(got.Body) != "old" {
			t.Errorf("%s, shown %q", got.Message, got.Body)
		}
		if _, all := server.connections(); all != 2 {
			t.Errorf("%d connections, want one of each", all)
		}
		await(t, "the old connection to be closed", func() bool { open, _ := server.connections(); return open <= 1 })
		s.Leave(after)
		server.closed(t)
	}
}

// An authority that is taken away is not trusted any more, whatever connection is there.
func TestTLSAuthorityTakenAway(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	server := receive(t, &tls.Config{Certificates: []tls.Certificate{ca.issue("receiver")}, MinVersion: tls.VersionTLS12}, true, func(http.ResponseWriter, *http.Request) {})
	s := newSenderOf(t, loopback)
	_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(&plan.TLS{CABundle: ca.bundle()}))))
	ok(t, "before", got)
	_, got = send(t, s, routed(t, s, integration(server.URL, withTLS(&plan.TLS{CABundle: other.bundle()}))))
	check(t, "after", got, plan.ReasonNetworkError, "the receiver's certificate is signed by an unknown authority", true)
}

// Connections end with the Sender, and by themselves when nobody uses them.
func TestConnectionsEnd(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t, "ca")
	for _, http2 := range []bool{false, true} {
		server := receive(t, &tls.Config{Certificates: []tls.Certificate{ca.issue("receiver")}, MinVersion: tls.VersionTLS12}, http2, func(http.ResponseWriter, *http.Request) {})
		for _, closes := range []bool{true, false} {
			s := newSenderOf(t, loopback)
			_, got := send(t, s, routed(t, s, integration(server.URL, withTLS(&plan.TLS{CABundle: ca.bundle()}))))
			ok(t, "POST", got)
			if open, _ := server.connections(); open != 1 {
				t.Errorf("%d connections are open", open)
			}
			begun := time.Now()
			await(t, "the connection to be closed", func() bool {
				if closes {
					s.Close() // again, for the end of a stream of HTTP/2 comes after the answer
				}
				open, _ := server.connections()
				return open == 0
			})
			if took := time.Since(begun); closes != (took < idleTimeout/2) {
				t.Errorf("closed: %v, and the connection was closed after %v", closes, took)
			}
		}
	}
}
