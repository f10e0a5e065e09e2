package token

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// canary stands in everything that must not show.
const canary = "canary4711"

// credentials are those of the tests, for a token endpoint.
func credentials(address string) plan.OAuth2 {
	return plan.OAuth2{TokenURL: address, ClientID: "client", ClientSecret: plan.NewSecret(canary + "-secret")}
}

// server is a token server.
type server struct {
	t      testing.TB
	begun  time.Time
	answer func(n int, w http.ResponseWriter, r *http.Request) // n counts from 1

	mu       sync.Mutex
	requests []received
}

// received is a request that a server got.
type received struct {
	after      time.Duration // since the server began
	header     http.Header
	form       url.Values
	user, pass string
	basic      bool
}

// ServeHTTP notes the request and answers it.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.RawQuery != "" {
		s.t.Errorf("the request is %s %s: %v", r.Method, r.URL, err)
	}
	got := received{after: time.Since(s.begun), header: r.Header, form: r.PostForm}
	got.user, got.pass, got.basic = r.BasicAuth()
	s.mu.Lock()
	s.requests = append(s.requests, got)
	n := len(s.requests)
	s.mu.Unlock()
	s.answer(n, w, r)
}

// seen returns the requests until now.
func (s *server) seen() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// times are when the requests came.
func (s *server) times() []time.Duration {
	var times []time.Duration
	for _, r := range s.seen() {
		times = append(times, r.after)
	}
	return times
}

// grant writes an answer as a token server does. Of lifetime whole seconds are told,
// nothing if it is 0.
func grant(w http.ResponseWriter, text string, lifetime time.Duration) {
	answer := map[string]any{"access_token": text, "token_type": "Bearer", "scope": canary}
	if lifetime != 0 {
		answer["expires_in"] = int(lifetime.Seconds())
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_ = json.NewEncoder(w).Encode(answer)
}

// numbered answers with token-1, token-2 and so on, after a time.
func numbered(lifetime, after time.Duration) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(after):
			grant(w, fmt.Sprint("token-", n), lifetime)
		case <-r.Context().Done():
		}
	}
}

// onLoopback starts a token server, and a Source for it.
func onLoopback(t *testing.T, answer func(int, http.ResponseWriter, *http.Request), change ...func(*plan.OAuth2)) (*Source, *server) {
	t.Helper()
	s := &server{t: t, begun: time.Now(), answer: answer}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	from := credentials(web.URL + "/" + canary)
	for _, f := range change {
		f(&from)
	}
	source := New(from, web.Client().Transport)
	t.Cleanup(source.Close)
	return source, s
}

// inBubble starts a token server over pipes in memory, and a Source for it, in a
// synctest bubble.
func inBubble(t *testing.T, answer func(int, http.ResponseWriter, *http.Request)) (*Source, *server) {
	t.Helper()
	s := &server{t: t, begun: time.Now(), answer: answer}
	listener := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	web := &http.Server{Handler: s}
	var running sync.WaitGroup
	running.Go(func() { _ = web.Serve(listener) })
	transport := &http.Transport{DialContext: listener.dial}
	source := New(credentials("http://token.test/"+canary), transport)
	t.Cleanup(func() {
		source.Close()
		transport.CloseIdleConnections()
		_ = web.Close()
		running.Wait()
	})
	return source, s
}

// pipes is a listener in memory.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

// dial connects.
func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.conns <- far:
		return near, nil
	case <-p.closed:
	case <-ctx.Done():
	}
	return nil, net.ErrClosed
}

// Accept implements [net.Listener].
func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close implements [net.Listener].
func (p *pipes) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

// Addr implements [net.Listener].
func (*pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

// want gets a token and compares.
func want(t *testing.T, s *Source, text string) {
	t.Helper()
	got, err := s.Token(t.Context())
	if err != nil || got.Reveal() != text {
		t.Fatalf("token %q, error %v, want %q", got.Reveal(), err, text)
	}
}
