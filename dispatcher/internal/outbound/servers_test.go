package outbound

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// authority is a certificate authority of a test.
type authority struct {
	t           testing.TB
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newAuthority makes an authority.
func newAuthority(t testing.TB, name string) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key = newKey(t)
	a.certificate = a.sign(&x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, a.key)
	return a
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// sign signs a template, by itself while there is no certificate of the authority yet.
func (a *authority) sign(template *x509.Certificate, of *ecdsa.PrivateKey) *x509.Certificate {
	a.t.Helper()
	parent := a.certificate
	if parent == nil {
		parent = template
	}
	var err error
	if template.SerialNumber, err = rand.Int(rand.Reader, big.NewInt(1<<62)); err != nil {
		a.t.Fatal(err)
	}
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, of.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return certificate
}

// issue returns a certificate for 127.0.0.1 and receiver.test, which change adjusts.
func (a *authority) issue(name string, change ...func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"receiver.test"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, f := range change {
		f(template)
	}
	key := newKey(a.t)
	return tls.Certificate{Certificate: [][]byte{a.sign(template, key).Raw}, PrivateKey: key}
}

// bundle is the authority's certificate in PEM.
func (a *authority) bundle() string { return inPEM("CERTIFICATE", a.certificate.Raw) }

// pool holds the authority alone.
func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

func inPEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

// showing returns TLS settings that show a certificate, and trust the authority.
func (a *authority) showing(c tls.Certificate) *plan.TLS {
	a.t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		a.t.Fatal(err)
	}
	return &plan.TLS{CABundle: a.bundle(), Certificate: inPEM("CERTIFICATE", c.Certificate[0]), Key: plan.NewSecret(inPEM("PRIVATE KEY", der))}
}

// receiver is an HTTP server that counts its connections.
type receiver struct {
	*httptest.Server
	mu   sync.Mutex
	open int // connections now
	all  int // that there ever were
}

// receive runs an HTTP server, over TLS if there is a config.
func receive(t testing.TB, config *tls.Config, http2 bool, handler http.HandlerFunc) *receiver {
	t.Helper()
	r := &receiver{Server: httptest.NewUnstartedServer(handler)}
	r.Config.ErrorLog = log.New(io.Discard, "", 0) // of failed handshakes
	r.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		r.mu.Lock()
		defer r.mu.Unlock()
		switch state {
		case http.StateNew:
			r.open++
			r.all++
		case http.StateClosed, http.StateHijacked:
			r.open--
		}
	}
	if r.EnableHTTP2 = http2; config == nil {
		r.Start()
	} else {
		r.TLS = config
		r.StartTLS()
	}
	t.Cleanup(r.Close)
	return r
}

// connections are those that are open now, and those that there ever were.
func (r *receiver) connections() (open, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.open, r.all
}

// closed waits until no connection is open.
func (r *receiver) closed(t *testing.T) {
	t.Helper()
	await(t, "the receiver's connections to be closed", func() bool { open, _ := r.connections(); return open == 0 })
}

// await waits until a condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// loopback is the policy of the tests, whose servers are on loopback.
var loopback = Options{Policy: egress.Policy{AllowLoopback: true}}

// integration returns an integration with the given root, which change adjusts.
func integration(root string, change ...func(*plan.Integration)) *plan.Integration {
	in := &plan.Integration{Key: plan.Key{Namespace: "ns", Name: "in"}, URL: root, Timeout: 20 * time.Second}
	for _, f := range change {
		f(in)
	}
	return in
}

// named gives an integration a name.
func named(name string) func(*plan.Integration) {
	return func(in *plan.Integration) { in.Key.Name = name }
}

// routed returns the route of an integration, which ends with the test.
func routed(t testing.TB, s *Sender, in *plan.Integration) *Route {
	t.Helper()
	route, err := s.Route(in)
	if err != nil {
		t.Fatal(err)
	}
	return route
}

// send sends a POST by a route, with parts that change adjusts.
func send(t testing.TB, s *Sender, route *Route, change ...func(*Parts)) (*Request, Response) {
	t.Helper()
	p := Parts{ID: "019b0c2e-7d7a-7cc0-8000-0123456789ab", Method: http.MethodPost, HasBody: true, Body: []byte("hello")}
	for _, f := range change {
		f(&p)
	}
	r, err := route.Build(p)
	if err != nil {
		t.Fatal(err)
	}
	return r, s.Send(t.Context(), r)
}

// check compares how an attempt ended.
func check(t testing.TB, what string, got Response, reason plan.Reason, message string, unsent bool) {
	t.Helper()
	if got.Reason != reason || got.Message != message || got.Unsent != unsent {
		t.Errorf("%s: %s: %q, unsent %v; want %s: %q, unsent %v", what, got.Reason, got.Message, got.Unsent, reason, message, unsent)
	}
}

// ok expects a success.
func ok(t testing.TB, what string, got Response) {
	t.Helper()
	check(t, what, got, plan.ReasonSuccess, "the receiver answered 200 OK", false)
}

// port is the port of a URL.
func port(t testing.TB, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Port()
}

// closedPort returns an address on which nobody listens.
func closedPort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint("http://", listener.Addr())
}
