package outbound

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// pipeSender returns a Sender for a synctest bubble: its connections are pipes,
// which take dial to make and end at handle.
func pipeSender(t *testing.T, dial time.Duration, handle func(net.Conn)) *Sender {
	t.Helper()
	var running sync.WaitGroup
	t.Cleanup(running.Wait) // after the Sender is closed
	s := newSender(t)
	s.usual.transport.DialContext = dialWire(func(context.Context, string, string) (net.Conn, error) {
		<-time.After(dial)
		near, far := net.Pipe()
		running.Go(func() {
			defer far.Close()
			handle(far)
		})
		return near, nil
	}, nil)
	return s
}

// The time at the gate counts neither against the timeout nor into the duration.
func TestGateStopsTheClock(t *testing.T) {
	tests := []struct {
		name     string
		answer   time.Duration
		reason   plan.Reason
		duration time.Duration
	}{
		{"in time", 600 * time.Millisecond, plan.ReasonSuccess, 900 * time.Millisecond},
		{"too late", 800 * time.Millisecond, plan.ReasonTimeout, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := pipeSender(t, 300*time.Millisecond, func(conn net.Conn) {
					if _, err := readRequest(bufio.NewReader(conn)); err != nil {
						return
					}
					<-time.After(tt.answer)
					_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
				})
				called := time.Now()
				r := request(t, "GET", "http://a.test/")
				r.Timeout = time.Second
				r.Gate = func(context.Context) error { <-time.After(time.Minute); return nil }
				got := s.Send(t.Context(), r)
				if got.Reason != tt.reason || got.Duration != tt.duration || got.Unsent {
					t.Errorf("%s: %q after %v, unsent %v", got.Reason, got.Message, got.Duration, got.Unsent)
				}
				if begun := got.Begun.Sub(called); begun != time.Minute+300*time.Millisecond {
					t.Errorf("begun after %v, want the moment the gate opened", begun)
				}
			})
		})
	}
}

// A deadline that passes while the connection is made lets nothing out.
func TestDeadlineBeforeTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := pipeSender(t, 2*time.Second, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
		r := request(t, "GET", "http://a.test/")
		r.Timeout = time.Second
		got := s.Send(t.Context(), r)
		if got.Reason != plan.ReasonTimeout || !got.Unsent || got.Duration != time.Second {
			t.Errorf("%s: %q after %v, unsent %v", got.Reason, got.Message, got.Duration, got.Unsent)
		}
		<-time.After(2 * time.Second) // until the connection is made, for Close
		synctest.Wait()
	})
}

// With "Expect: 100-continue" the body follows the receiver's word, or a second.
func TestExpectContinue(t *testing.T) {
	for _, word := range []string{"HTTP/1.1 100 Continue\r\n\r\n", ""} {
		t.Run(word, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				seen := ""
				s := pipeSender(t, 0, func(conn net.Conn) {
					r := bufio.NewReader(conn)
					for line := ""; line != "\r\n"; {
						line, _ = r.ReadString('\n')
					}
					_, _ = io.WriteString(conn, word)
					body := make([]byte, len("hello"))
					_, _ = io.ReadFull(r, body)
					seen = string(body)
					_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
				})
				r := withBody(request(t, "PUT", "http://a.test/", plan.RenderedHeader{Name: "Expect", Value: "100-continue"}), "hello")
				got := s.Send(t.Context(), r)
				want := continueTimeout
				if word != "" {
					want = 0
				}
				if got.Reason != plan.ReasonSuccess || seen != "hello" || got.Duration != want {
					t.Errorf("%s: %s after %v, body %q", got.Reason, got.Message, got.Duration, seen)
				}
			})
		})
	}
}

// A receiver that drops a request for its headers has seen it, though its body
// has not left yet.
func TestExpectIsNoSecondSend(t *testing.T) {
	var requests atomic.Int32
	address := serveRaw(t, func(conn net.Conn) {
		for r := bufio.NewReader(conn); ; {
			line := ""
			for line != "\r\n" {
				var err error
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			if requests.Add(1) > 1 {
				return
			}
			_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
		}
	})
	s := newSender(t)
	if got := s.Send(t.Context(), request(t, "GET", address)); got.Reason != plan.ReasonSuccess {
		t.Fatalf("first request: %s: %s", got.Reason, got.Message)
	}
	got := s.Send(t.Context(), withBody(request(t, "PUT", address,
		plan.RenderedHeader{Name: "Expect", Value: "100-continue"}, plan.RenderedHeader{Name: "Idempotency-Key", Value: "1"}), "hello"))
	if got.Reason != plan.ReasonNetworkError || got.Message != closedUnanswered || got.Unsent {
		t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
	}
	if n := requests.Load(); n != 2 {
		t.Errorf("the receiver saw %d requests, want 2", n)
	}
}

// A receiver may answer before it has read the body, and never read it.
func TestAnswerBeforeTheBody(t *testing.T) {
	for _, status := range []string{"200 OK", "413 Content Too Large"} {
		for _, expect := range []string{"", "100-continue"} {
			t.Run(status+expect, func(t *testing.T) {
				var connections atomic.Int32
				address := serveRaw(t, func(conn net.Conn) {
					connections.Add(1)
					r := bufio.NewReader(conn)
					for line := ""; line != "\r\n"; {
						line, _ = r.ReadString('\n')
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 "+status+"\r\nContent-Length: 2\r\n\r\nok")
					<-t.Context().Done()
				})
				r := withBody(request(t, "POST", address), strings.Repeat("a", 16<<20)) // more than buffers take
				if expect != "" {
					r.Headers = append(r.Headers, plan.RenderedHeader{Name: "Expect", Value: expect})
				}
				got := newSender(t).Send(t.Context(), r)
				if fmt.Sprint(got.StatusCode) != status[:3] || string(got.Body) != "ok" || got.Unsent {
					t.Errorf("%s: %s, body %q", got.Reason, got.Message, got.Body)
				}
				if n := connections.Load(); n != 1 {
					t.Errorf("%d connections, want 1", n)
				}
			})
		}
	}
}

// The headers and a small body leave in one write, and so in one packet.
func TestSendWritesOnce(t *testing.T) {
	s := newSender(t)
	address := serveRaw(t, func(conn net.Conn) {
		_, _ = readRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 204 No Content\r\n\r\n")
	})
	writes := countWrites(s)
	if got := s.Send(t.Context(), withBody(request(t, "POST", address), "hello")); got.Reason != plan.ReasonSuccess {
		t.Fatalf("%s: %s", got.Reason, got.Message)
	}
	if n := writes(); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
}
