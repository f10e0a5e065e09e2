package outbound

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// protocols are the ways to talk to a receiver.
var protocols = []string{"HTTP/1.1", "HTTP/1.1 over TLS", "HTTP/2"}

// serveProtocol runs a server that the Sender trusts.
func serveProtocol(t *testing.T, s *Sender, protocol string, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	if protocol == protocols[0] {
		server.Start()
	} else {
		certificate := certified(t, s)
		server.EnableHTTP2 = protocol == protocols[2]
		server.StartTLS()
		server.TLS.Certificates = append(server.TLS.Certificates[:0], certificate)
	}
	t.Cleanup(server.Close)
	return server
}

// While the gate is shut nothing is written. It sends another request: HTTP/2
// takes the same connection, behind whatever was written before.
func TestGateIsBeforeTheFirstByte(t *testing.T) {
	for _, protocol := range protocols {
		t.Run(protocol, func(t *testing.T) {
			s := newSender(t)
			var opened, early atomic.Bool
			server := serveProtocol(t, s, protocol, func(_ http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/gated" && !opened.Load() {
					early.Store(true)
				}
			})
			writes := countWrites(s)
			other := s
			if protocol != protocols[2] {
				other = newSender(t)
				certified(t, other)
			}
			for range 2 { // a new connection, then a used one
				opened.Store(false)
				calls := 0
				r := withBody(request(t, "POST", server.URL+"/gated"), "hello")
				r.Gate = func(ctx context.Context) error {
					calls++
					before := writes()
					if got := other.Send(ctx, request(t, "GET", server.URL)); got.Reason != plan.ReasonSuccess {
						t.Errorf("request of the gate: %s: %s", got.Reason, got.Message)
					}
					if other != s && writes() != before {
						t.Error("something was written before the gate opened")
					}
					opened.Store(true)
					return nil
				}
				if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess || got.Unsent || calls != 1 {
					t.Errorf("%s: %s, unsent %v, %d calls of the gate", got.Reason, got.Message, got.Unsent, calls)
				}
			}
			if early.Load() {
				t.Error("the request arrived before the gate opened")
			}
		})
	}
}

// countWrites returns a count of all writes to the Sender's connections.
func countWrites(s *Sender) func() int64 {
	var mu sync.Mutex
	var wires []*wire
	dial := s.usual.transport.DialContext
	s.usual.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if w, ok := conn.(*wire); ok {
			mu.Lock()
			defer mu.Unlock()
			wires = append(wires, w)
		}
		return conn, err
	}
	return func() (n int64) {
		mu.Lock()
		defer mu.Unlock()
		for _, w := range wires {
			n += w.writes.Load()
		}
		return n
	}
}

// A gate that does not open, or opens too late, lets nothing out.
func TestGateShut(t *testing.T) {
	gates := map[string]func(stop func()) error{
		"an error":                  func(func()) error { return errors.New("s3cret") },
		"the caller has gone":       func(stop func()) error { stop(); return nil },
		"the caller has gone, told": func(stop func()) error { stop(); return context.Canceled },
	}
	for _, protocol := range protocols {
		for name, gate := range gates {
			for _, used := range []bool{false, true} {
				t.Run(protocol+", "+name, func(t *testing.T) { gateShut(t, protocol, gate, used) })
			}
		}
	}
}

func gateShut(t *testing.T, protocol string, gate func(func()) error, used bool) {
	s := newSender(t)
	var requests atomic.Int32
	server := serveProtocol(t, s, protocol, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
	plain := func() {
		t.Helper()
		if got := s.Send(t.Context(), request(t, "GET", server.URL)); got.Reason != plan.ReasonSuccess {
			t.Errorf("request without a gate: %s: %s", got.Reason, got.Message)
		}
	}
	want := int32(1)
	if used {
		plain()
		want++
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := withBody(request(t, "POST", server.URL), "hello")
	r.Gate = func(context.Context) error { return gate(stop) }
	got := s.Send(ctx, r)
	if !got.Unsent || got.Reason != plan.ReasonNetworkError || got.Message != stoppedUnsent || got.StatusCode != 0 {
		t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
	}
	plain() // what had been written before would have arrived by now
	if n := requests.Load(); n != want {
		t.Errorf("the receiver saw %d requests, want %d", n, want)
	}
}

// A used connection that the receiver closes while the request waits at the gate
// is no loss, and the gate is asked once.
func TestGateOutlivesTheConnection(t *testing.T) {
	for _, protocol := range protocols[:2] {
		for name := range kinds(t, "") {
			t.Run(protocol+", "+name, func(t *testing.T) {
				s := newSender(t)
				var requests atomic.Int32
				server := serveProtocol(t, s, protocol, func(http.ResponseWriter, *http.Request) { requests.Add(1) })
				closed := watchClose(s)
				if got := s.Send(t.Context(), request(t, "GET", server.URL)); got.Reason != plan.ReasonSuccess {
					t.Fatalf("first request: %s: %s", got.Reason, got.Message)
				}
				calls := 0
				r := kinds(t, server.URL)[name]
				r.Gate = func(context.Context) error {
					calls++
					server.CloseClientConnections()
					<-closed
					return nil
				}
				if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess || got.Unsent || calls != 1 {
					t.Errorf("%s: %q, unsent %v, %d calls of the gate", got.Reason, got.Message, got.Unsent, calls)
				}
				if n := requests.Load(); n != 2 {
					t.Errorf("the receiver saw %d requests, want 2", n)
				}
			})
		}
	}
}

// watchClose returns a channel that tells when net/http has closed a connection.
func watchClose(s *Sender) <-chan struct{} {
	closed := make(chan struct{}, 16)
	dial := s.usual.transport.DialContext
	s.usual.transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if w, ok := conn.(*wire); ok {
			w.Conn = &watched{Conn: w.Conn, closed: closed}
		}
		return conn, err
	}
	return closed
}

// watched tells when it is closed.
type watched struct {
	net.Conn
	closed chan<- struct{}
}

func (w *watched) Close() error {
	err := w.Conn.Close()
	w.closed <- struct{}{}
	return err
}

// So is an HTTP/2 connection that takes no new requests any more.
func TestGateOutlivesGoAway(t *testing.T) {
	for name := range kinds(t, "") {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			var requests atomic.Int32
			address := serveHTTP2(t, certified(t, s), func(f *http2.Framer, id uint32) error {
				if requests.Add(1) == 1 {
					if err := f.WriteGoAway(id, http2.ErrCodeNo, nil); err != nil { // read before the answer
						return err
					}
				}
				return f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: statusOK(), EndHeaders: true, EndStream: true})
			})
			calls := 0
			r := kinds(t, address)[name]
			r.Gate = func(ctx context.Context) error {
				calls++
				if got := s.Send(ctx, request(t, "GET", address)); got.Reason != plan.ReasonSuccess {
					t.Errorf("request of the gate: %s: %s", got.Reason, got.Message)
				}
				return nil
			}
			if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess || calls != 1 {
				t.Errorf("%s: %q, unsent %v, %d calls of the gate", got.Reason, got.Message, got.Unsent, calls)
			}
			if n := requests.Load(); n != 2 {
				t.Errorf("the receiver saw %d requests, want 2", n)
			}
		})
	}
}

// Without a connection nobody asks the gate.
func TestGateWithoutAConnection(t *testing.T) {
	r := request(t, "GET", "http://127.0.0.1:9/")
	r.Gate = func(context.Context) error { t.Error("the gate was asked"); return nil }
	s := newSenderOf(t, Options{})
	defer s.Close()
	before := time.Now()
	if got := s.Send(t.Context(), r); !got.Unsent || got.Reason != plan.ReasonBlocked || got.Begun.Before(before) {
		t.Errorf("%s: %q, unsent %v, begun %v", got.Reason, got.Message, got.Unsent, got.Begun)
	}
}
