package dispatcher_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptrace"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/peer"
)

// guarded is a harness whose dispatcher serves as in a cluster.
type guarded struct {
	*harness
	authority *peer.Authority
	reviews   atomic.Int64
}

// newGuarded starts one without a certificate. The tokens good and reader-… are
// known; good may do everything in the namespace ns.
func newGuarded(t *testing.T) *guarded {
	g := &guarded{harness: newHarness(t, nil)}
	g.stop()
	g.stopServer()
	var err error
	if g.authority, err = peer.NewAuthority("callers"); err != nil {
		t.Fatal(err)
	}
	g.startReviewing()
	g.start(func(o *dispatcher.Options) { o.InsecureHTTP, o.InsecureNoAuth = false, false })
	t.Cleanup(func() { g.stop() })
	g.client.BaseURL = strings.Replace(g.client.BaseURL, "http:", "https:", 1)
	g.client.HTTP = g.https()
	return g
}

// startReviewing starts a manager's half that reviews callers.
func (g *guarded) startReviewing() {
	g.review = func(_ context.Context, r control.Review) (control.Verdict, error) {
		g.reviews.Add(1)
		known := strings.HasPrefix(r.Token.Reveal(), "good")
		return control.Verdict{Authenticated: known, Allowed: known && r.Namespace == "ns", User: "ada"}, nil
	}
	g.startServer()
}

// https is a client with connections of its own.
func (g *guarded) https() *http.Client {
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: g.authority.Pool()}, ForceAttemptHTTP2: true}
	g.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: timeout}
}

// certify sends a certificate of that name for the dispatcher's address.
func (g *guarded) certify(name string) peer.Certificate {
	g.t.Helper()
	c, err := g.authority.Certify(name, "127.0.0.1")
	if err != nil {
		g.t.Fatal(err)
	}
	g.server.SetServing(c.PEM, plan.NewSecret(c.Key))
	return c
}

// as makes the client a caller with that token.
func (g *guarded) as(token string) {
	g.client.Token = func(context.Context) (string, error) { return token, nil }
}

// status is how a call to a webhook is answered.
func (g *guarded) status(namespace, webhook string) int {
	g.t.Helper()
	_, err := g.client.Call(g.t.Context(), namespace, webhook, []byte(`{"id": 1, "name": "x"}`))
	var problem *client.Problem
	switch {
	case err == nil:
		return http.StatusAccepted
	case errors.As(err, &problem):
		return problem.Status
	}
	g.t.Fatal(err)
	return 0
}

// TestCallersAreLetInByKubernetes, over TLS, and those that are known go on while
// the manager is away.
func TestCallersAreLetInByKubernetes(t *testing.T) {
	g := newGuarded(t)
	g.certify("first")
	g.configure(nil)
	g.await("the certificate", func() bool { status, _ := get(t, g.health+"/readyz"); return status == 200 })
	expect := func(token, namespace, webhook string, want int) {
		t.Helper()
		g.as(token)
		if got := g.status(namespace, webhook); got != want {
			t.Errorf("%s to %s/%s is answered %d, want %d", token, namespace, webhook, got, want)
		}
	}
	expect("bad", "ns", "wh", 401)
	expect("good", "other", "wh", 403)
	expect("good", "other", "missing", 403)
	expect("good", "ns", "wh", 202)
	expect("good", "ns", "missing", 404)
	g.client.Token = nil
	if got := g.status("ns", "wh"); got != 401 {
		t.Errorf("no token is answered %d", got)
	}
	g.received(1)
	before := g.reviews.Load()
	g.stopServer()
	expect("good", "ns", "wh", 202)
	expect("good", "other", "wh", 403)
	expect("good-and-new", "ns", "wh", 503)
	if got := g.reviews.Load(); got != before {
		t.Errorf("there were %d reviews for callers that are known", got-before)
	}
	g.startReviewing()
	g.configure(nil)
	g.as("good-and-new")
	g.await("the new caller to be let in", func() bool { return g.status("ns", "wh") == 202 })

	response, err := g.https().Get(strings.Replace(g.client.BaseURL, "https:", "http:", 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != 400 {
		t.Errorf("plain HTTP is answered %d: %v", response.StatusCode, err)
	}
}

// TestServingCertificate: without one nobody is served, and a new one is shown to
// new connections while the old go on. Its key is nowhere.
func TestServingCertificate(t *testing.T) {
	g := newGuarded(t)
	g.configure(nil)
	g.as("good")
	for range 3 {
		if _, err := g.client.Call(t.Context(), "ns", "wh", []byte("{}")); err == nil || !strings.Contains(err.Error(), "tls: internal error") {
			t.Fatalf("a call without a certificate: %v", err)
		}
	}
	if status, text := get(t, g.health+"/readyz"); status != 503 || !strings.Contains(text, "certificate") {
		t.Errorf("/readyz answers %d %s", status, text)
	}
	if got := strings.Count(g.log.String(), "callers are turned away"); got != 1 {
		t.Errorf("the log says %d times that callers are turned away", got)
	}
	g.server.SetServing("nonsense", plan.NewSecret("nonsense"))
	g.await("the refusal of a broken certificate", func() bool { return strings.Contains(g.log.String(), "cannot be shown to callers") })

	shown := func(c *http.Client) (name string, reused bool) {
		t.Helper()
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
		r, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), http.MethodGet, g.client.BaseURL+"/openapi.json", nil)
		if err != nil {
			t.Fatal(err)
		}
		response, err := c.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.Copy(io.Discard, response.Body)
		if err := errors.Join(err, response.Body.Close()); err != nil || response.ProtoMajor != 2 {
			t.Errorf("%s: %v", response.Proto, err)
		}
		return response.TLS.PeerCertificates[0].Subject.CommonName, reused
	}
	first := g.certify("first")
	g.await("the certificate", func() bool { status, _ := get(t, g.health+"/readyz"); return status == 200 })
	old := g.https()
	if name, _ := shown(old); name != "first" {
		t.Errorf("the certificate is %q", name)
	}
	second := g.certify("second")
	g.await("the second certificate", func() bool { return strings.Count(g.log.String(), "shown a new certificate") == 2 })
	if name, reused := shown(old); name != "first" || !reused {
		t.Errorf("the connection that stood has %q, reused %t", name, reused)
	}
	if name, _ := shown(g.https()); name != "second" {
		t.Errorf("a new connection has %q", name)
	}
	g.server.SetServing(first.PEM, plan.NewSecret(second.Key)) // which do not belong together
	g.await("the refusal", func() bool { return strings.Count(g.log.String(), "cannot be shown to callers") == 2 })
	if name, _ := shown(g.https()); name != "second" {
		t.Errorf("after a broken one the certificate is %q", name)
	}
	if _, err := tls.Dial("tcp", strings.TrimPrefix(g.client.BaseURL, "https://"), &tls.Config{RootCAs: g.authority.Pool(), MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 is served")
	}
	g.nowhere(first.Key, second.Key)
}

// nowhere looks for keys in the log and all files, by the middle of each.
func (g *guarded) nowhere(keys ...string) {
	g.t.Helper()
	texts := map[string]string{"the log": g.log.String()}
	err := filepath.WalkDir(g.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		texts[path] = string(text)
		return err
	})
	if err != nil {
		g.t.Fatal(err)
	}
	for where, text := range texts {
		for _, key := range keys {
			if strings.Contains(text, key[80:140]) {
				g.t.Errorf("a private key is in %s", where)
			}
		}
	}
}

// TestTheCertificateComesAnewAfterARestart, with the session.
func TestTheCertificateComesAnewAfterARestart(t *testing.T) {
	g := newGuarded(t)
	g.certify("first")
	g.configure(nil)
	g.stop()
	g.start(func(o *dispatcher.Options) { o.InsecureHTTP, o.InsecureNoAuth = false, false })
	g.await("the certificate", func() bool { status, _ := get(t, g.health+"/readyz"); return status == 200 })
	if got := strings.Count(g.log.String(), "shown a new certificate"); got != 2 {
		t.Errorf("the log says %d times that there is a certificate", got)
	}
}
