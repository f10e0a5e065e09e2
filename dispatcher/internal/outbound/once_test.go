package outbound

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// kinds are requests that net/http holds for repeatable in one way or another.
func kinds(t *testing.T, address string) map[string]*Request {
	key := plan.RenderedHeader{Name: "Idempotency-Key", Value: "1"}
	return map[string]*Request{
		"GET":                    request(t, "GET", address),
		"GET with a key":         request(t, "GET", address, key),
		"GET with a body":        withBody(request(t, "GET", address), "hello"),
		"DELETE with a key":      request(t, "DELETE", address, key),
		"POST without a body":    request(t, "POST", address),
		"POST with a key only":   request(t, "POST", address, key),
		"POST with key and body": withBody(request(t, "POST", address, key), "hello"),
	}
}

// A receiver that takes a request on a used connection and drops it sees that
// request once, though net/http would send it again on a new connection, or at
// once on another used one.
func TestStaleConnectionIsNoSecondSend(t *testing.T) {
	for name := range kinds(t, "") {
		for _, connections := range []int{1, 2} {
			for _, end := range []string{"close", "reset"} {
				t.Run(fmt.Sprintf("%s, %d connections, %s", name, connections, end), func(t *testing.T) {
					staleConnection(t, name, int32(connections), end)
				})
			}
		}
	}
}

func staleConnection(t *testing.T, kind string, connections int32, end string) {
	var requests atomic.Int32
	together := make(chan struct{})
	address := serveRaw(t, func(conn net.Conn) {
		for r := bufio.NewReader(conn); ; {
			if _, err := readRequest(r); err != nil {
				return
			}
			switch n := requests.Add(1); {
			case n == connections:
				close(together)
			case n > connections && end == "reset":
				_ = conn.(*net.TCPConn).SetLinger(0)
				return
			case n > connections:
				return
			}
			<-together
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	s := newSender(t)
	var first sync.WaitGroup
	for range connections {
		first.Go(func() {
			if got := s.Send(t.Context(), request(t, "GET", address)); got.Reason != plan.ReasonSuccess {
				t.Errorf("first request: %s: %s", got.Reason, got.Message)
			}
		})
	}
	first.Wait()
	got := s.Send(t.Context(), kinds(t, address)[kind])
	if got.Reason != plan.ReasonNetworkError || got.Message != closedUnanswered {
		t.Errorf("last request: %s: %s", got.Reason, got.Message)
	}
	if n := requests.Load(); n != connections+1 {
		t.Errorf("the receiver saw %d requests, want %d", n, connections+1)
	}
}

// An HTTP/2 receiver that turns a stream away sees it once, though net/http
// would send it up to six times again, on this connection or the next.
func TestHTTP2RefusalIsNoSecondSend(t *testing.T) {
	refusals := map[string]func(*http2.Framer, uint32) error{
		"REFUSED_STREAM": func(f *http2.Framer, id uint32) error { return f.WriteRSTStream(id, http2.ErrCodeRefusedStream) },
		"PROTOCOL_ERROR": func(f *http2.Framer, id uint32) error { return f.WriteRSTStream(id, http2.ErrCodeProtocol) },
		"GOAWAY":         func(f *http2.Framer, _ uint32) error { return f.WriteGoAway(0, http2.ErrCodeNo, []byte("s3cret")) },
		"GOAWAY with error": func(f *http2.Framer, _ uint32) error {
			return f.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte("s3cret"))
		},
	}
	for refusal, refuse := range refusals {
		for name := range kinds(t, "") {
			t.Run(refusal+", "+name, func(t *testing.T) {
				s := newSender(t)
				var requests atomic.Int32
				address := serveHTTP2(t, certified(t, s), func(f *http2.Framer, id uint32) error {
					requests.Add(1)
					return refuse(f, id)
				})
				got := s.Send(t.Context(), kinds(t, address)[name])
				if got.Reason != plan.ReasonNetworkError {
					t.Errorf("%s: %s", got.Reason, got.Message)
				}
				if n := requests.Load(); n != 1 {
					t.Errorf("the receiver saw %d requests, want 1", n)
				}
			})
		}
	}
}

// The connection of a refused stream goes on for the other streams.
func TestHTTP2RefusalLeavesOthersAlone(t *testing.T) {
	s := newSender(t)
	var held uint32
	arrived, refused := make(chan struct{}), make(chan struct{})
	address := serveHTTP2(t, certified(t, s), func(f *http2.Framer, id uint32) error {
		if held == 0 {
			held = id
			close(arrived)
			return nil
		}
		if err := f.WriteRSTStream(id, http2.ErrCodeRefusedStream); err != nil {
			return err
		}
		<-refused
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: held, BlockFragment: statusOK(), EndHeaders: true, EndStream: true})
	})
	var first sync.WaitGroup
	first.Go(func() {
		if got := s.Send(t.Context(), request(t, "GET", address)); got.Reason != plan.ReasonSuccess {
			t.Errorf("held request: %s: %s", got.Reason, got.Message)
		}
	})
	<-arrived
	if got := s.Send(t.Context(), request(t, "GET", address)); got.Reason != plan.ReasonNetworkError {
		t.Errorf("refused request: %s: %s", got.Reason, got.Message)
	}
	close(refused)
	first.Wait()
}

// net/http's HTTP/1.1 writes without a look at the context, so a connection found
// for a second sending must be closed before it is used. Left open, only a race
// would decide.
func TestSecondConnectionIsClosed(t *testing.T) {
	a := &attempt{caller: t.Context(), request: request(t, "GET", "http://a.test/")}
	ctx := a.start()
	defer a.stop()
	trace := httptrace.ContextClientTrace(ctx)
	open := func(w *wire) bool { return w.SetDeadline(time.Time{}) == nil }
	first, second := pipe(t), pipe(t)

	trace.GetConn("a.test:80")
	trace.GotConn(httptrace.GotConnInfo{Conn: first})
	trace.GotConn(httptrace.GotConnInfo{Conn: first}) // nothing was written: net/http may go on
	if ctx.Err() != nil || !open(first) {
		t.Error("a connection before the first byte was closed")
	}
	if _, err := first.Write([]byte("GET")); err != nil {
		t.Fatal(err)
	}
	trace.GotConn(httptrace.GotConnInfo{Conn: second})
	if !errors.Is(context.Cause(ctx), errResend) || open(second) {
		t.Error("a connection for a second sending was left open")
	}
}

// pipe returns a wire that takes whatever is written to it.
func pipe(t *testing.T) *wire {
	t.Helper()
	near, far := net.Pipe()
	t.Cleanup(func() { _, _ = near.Close(), far.Close() })
	go func() { _, _ = io.Copy(io.Discard, far) }()
	return &wire{Conn: near}
}

// HTTP/2 is spoken where the receiver offers it.
func TestHTTP2(t *testing.T) {
	s := newSender(t)
	address := serveHTTP2(t, certified(t, s), func(f *http2.Framer, id uint32) error {
		return f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: statusOK(), EndHeaders: true, EndStream: true})
	})
	for name, r := range kinds(t, address) {
		if got := s.Send(t.Context(), r); got.Reason != plan.ReasonSuccess {
			t.Errorf("%s: %s: %s", name, got.Reason, got.Message)
		}
	}
}

// serveHTTP2 runs a bare HTTP/2 server, which answers each request's headers as
// told, and returns its URL.
func serveHTTP2(t *testing.T, certificate tls.Certificate, answer func(*http2.Framer, uint32) error) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	serveListener(t, listener, func(conn net.Conn) {
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		if framer.WriteSettings() != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if headers, ok := frame.(*http2.HeadersFrame); ok && answer(framer, headers.StreamID) != nil {
				return
			}
		}
	})
	return "https://" + listener.Addr().String()
}

// statusOK is the header block of an answer 200, in the static table of HPACK.
func statusOK() []byte {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	return block.Bytes()
}
