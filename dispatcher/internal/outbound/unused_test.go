package outbound

import (
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestUnusedConnectionsOfManyRoutes: each of many integrations has settings of its
// own and leaves a connection behind; over all of them no more stay than may.
func TestUnusedConnectionsOfManyRoutes(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	var open atomic.Int64
	server.Config.ConnState = func(_ net.Conn, to http.ConnState) {
		switch to {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		}
	}
	server.Start()
	defer server.Close()
	const most = 8
	s := newSenderOf(t, Options{Policy: egress.Policy{AllowLoopback: true}, MaxIdle: most * specialIdleShare})
	for i := range 10 * most {
		route, err := s.Route(&plan.Integration{
			Key: plan.Key{Name: fmt.Sprint(i)}, URL: server.URL, Timeout: time.Minute,
			Egress: plan.Egress{CIDRs: []string{"127.0.0.0/8", fmt.Sprintf("10.0.%d.0/24", i)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		request, err := route.Build(Parts{Method: http.MethodGet})
		if err != nil {
			t.Fatal(err)
		}
		if response := s.Send(t.Context(), request); response.StatusCode != http.StatusOK {
			t.Fatal(response.Message)
		}
		if n := s.special.n.Load(); n < 0 || n > most+1 {
			t.Fatalf("%d unused connections are counted after %d requests", n, i+1)
		}
	}
	eventually(t, "the server has too many connections", func() bool { return open.Load() <= most+1 })
	s.Close()
	eventually(t, "closed connections are counted as unused", func() bool { return s.special.n.Load() == 0 })
}

// TestCloseWhileATokenIsAskedFor: a token request that ends with its Sender leaves
// one unused connection too many (of HTTP/2, which outlives it), and they are closed in
// the middle of that.
func TestCloseWhileATokenIsAskedFor(t *testing.T) {
	asked := make(chan struct{}, 1)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			w.WriteHeader(http.StatusOK)
			w.(http.Flusher).Flush()
			asked <- struct{}{}
			<-r.Context().Done()
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	authority := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	s := newSenderOf(t, Options{Policy: egress.Policy{AllowLoopback: true}, MaxIdle: specialIdleShare})
	s.special.most = 0
	route, err := s.Route(&plan.Integration{
		URL: server.URL, Timeout: time.Minute, TLS: &plan.TLS{CABundle: string(authority)},
		OAuth2: &plan.OAuth2{TokenURL: server.URL + "/token", ClientID: "client", ClientSecret: plan.NewSecret("secret")},
	})
	if err != nil {
		t.Fatal(err)
	}
	request, err := route.Build(Parts{Method: http.MethodGet})
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan Response, 1)
	go func() { sent <- s.Send(t.Context(), request) }()
	<-asked
	closed := make(chan struct{})
	go func() {
		s.Close()
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(time.Minute):
		t.Fatal("Close does not return")
	}
	if response := <-sent; response.Reason != plan.ReasonTokenError {
		t.Errorf("the attempt ended as %s: %s", response.Reason, response.Message)
	}
}

// eventually waits until something is true.
func eventually(t *testing.T, otherwise string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(time.Minute); !is(); {
		select {
		case <-deadline:
			t.Fatal(otherwise)
		case <-tick.C:
		}
	}
}
