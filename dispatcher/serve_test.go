package dispatcher

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
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

// TestConnectionsAreBounded: slow callers cannot hold more than the places there
// are, and idle ones make room when most are taken.
func TestConnectionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{incoming: make(chan net.Conn, 100), closed: make(chan struct{})}
		server := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
		bounded := boundConnections(server, listener, 4, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- serveUntil(ctx, server, bounded) }()
		connect := func(text string) net.Conn {
			caller, connection := net.Pipe()
			listener.incoming <- connection
			go func() { _, _ = io.WriteString(caller, text) }()
			return caller
		}
		var slow []net.Conn
		for range 50 {
			c := connect("GET / HT")
			go func() { _, _ = io.Copy(io.Discard, c) }()
			slow = append(slow, c)
		}
		synctest.Wait()
		if taken := 50 - len(listener.incoming); taken > 5 { // one may be in the hands of the listener
			t.Errorf("%d connections were taken, want 4", taken)
		}
		begun := time.Now()
		caller := connect("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(bufio.NewReader(caller), nil)
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(begun); took > 13*readHeaderTimeout {
			t.Errorf("a caller behind 50 slow ones waited %s", took)
		}
		_ = answer.Body.Close()
		for _, c := range append(slow, caller) {
			_ = c.Close()
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
