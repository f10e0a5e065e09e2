package dispatcher

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
)

// pipes is a listener for connections within a bubble.
type pipes struct {
	incoming chan net.Conn
	closed   chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.incoming:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe"} }

// TestServersEndInTime: a caller that never ends its request holds up the end
// for shutdownTimeout, and is no error.
func TestServersEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{incoming: make(chan net.Conn), closed: make(chan struct{})}
		given := make(chan error, 1)
		server := newServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			_, err := io.ReadAll(r.Body)
			given <- err
		}), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- serveUntil(ctx, server, listener) }()
		caller, connection := net.Pipe()
		listener.incoming <- connection
		if _, err := io.WriteString(caller, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		synctest.Wait() // the handler reads the body
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serveUntil: %v", err)
		}
		if err := <-given; err == nil {
			t.Error("the handler got a whole body")
		}
		_ = caller.Close()
	})
}

// TestServersTellOfABrokenListener: what breaks by itself is an error.
func TestServersTellOfABrokenListener(t *testing.T) {
	listener := &pipes{closed: make(chan struct{})}
	close(listener.closed)
	broken := &brokenListener{listener}
	if err := serveUntil(t.Context(), newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler)), broken); !errors.Is(err, net.ErrClosed) {
		t.Errorf("serveUntil: %v", err)
	}
}

// brokenListener is closed already.
type brokenListener struct{ *pipes }

func (*brokenListener) Close() error { return nil }
