package outbound

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestSendStatus(t *testing.T) {
	tests := []struct {
		status  int
		reason  plan.Reason
		message string
	}{
		{200, plan.ReasonSuccess, "the receiver answered 200 OK"},
		{204, plan.ReasonSuccess, "the receiver answered 204 No Content"},
		{302, plan.ReasonRedirect, "the receiver answered 302 Found; redirects are never followed"},
		{307, plan.ReasonRedirect, "the receiver answered 307 Temporary Redirect; redirects are never followed"},
		{308, plan.ReasonRedirect, "the receiver answered 308 Permanent Redirect; redirects are never followed"},
		{304, plan.ReasonRedirect, "the receiver answered 304 Not Modified"},
		{404, plan.ReasonClientError, "the receiver answered 404 Not Found"},
		{429, plan.ReasonTooManyRequests, "the receiver answered 429 Too Many Requests"},
		{503, plan.ReasonServerError, "the receiver answered 503 Service Unavailable"},
		{599, plan.ReasonServerError, "the receiver answered 599"},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.status), func(t *testing.T) {
			var requests atomic.Int32
			address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				requests.Add(1)
				w.Header().Set("Location", "/elsewhere")
				w.Header().Set("Retry-After", "30")
				w.Header().Set("X-Echo", "yes")
				w.WriteHeader(tt.status)
			})
			before := time.Now()
			got := newSender(t).Send(t.Context(), withBody(request(t, "PUT", address), "hello"))
			if got.Reason != tt.reason || got.StatusCode != tt.status || got.Message != tt.message {
				t.Errorf("got %s, %d, %q", got.Reason, got.StatusCode, got.Message)
			}
			if got.RetryAfter != 30*time.Second || got.Header.Get("X-Echo") != "yes" {
				t.Errorf("Retry-After %v, headers %v", got.RetryAfter, got.Header)
			}
			if got.Begun.Before(before) || got.Duration <= 0 || got.Duration > time.Since(before) {
				t.Errorf("begun %v, took %v", got.Begun, got.Duration)
			}
			if n := requests.Load(); n != 1 {
				t.Errorf("%d requests, want 1", n)
			}
		})
	}
}

func TestSendIsAPlainRequest(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	var seen []http.Header
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Clone())
		w.Header().Set("Set-Cookie", "a=b")
	})
	s := newSender(t)
	for range 2 {
		if got := s.Send(t.Context(), request(t, "GET", address)); got.Reason != plan.ReasonSuccess {
			t.Error(got.Message)
		}
	}
	for _, header := range seen {
		if len(header) != 1 || header.Get("User-Agent") != "webhook-operator/test" {
			t.Errorf("the receiver saw headers %v, want the User-Agent only", header)
		}
	}
}

func TestSendBodySizes(t *testing.T) {
	tests := []struct {
		size, kept int
		cut        bool
		reused     bool
	}{
		{0, 0, false, true},
		{100, 100, false, true},
		{KeptBody - 1, KeptBody - 1, false, true},
		{KeptBody, KeptBody, false, true},
		{KeptBody + 1, KeptBody, true, true},
		{maxBody + 1, KeptBody, true, false},
	}
	for _, tt := range tests {
		for _, announced := range []bool{true, false} {
			t.Run(fmt.Sprintf("%d, announced %v", tt.size, announced), func(t *testing.T) {
				var peers []string
				address := serve(t, func(w http.ResponseWriter, r *http.Request) {
					peers = append(peers, r.RemoteAddr)
					if announced {
						w.Header().Set("Content-Length", strconv.Itoa(tt.size))
					} else {
						_ = http.NewResponseController(w).Flush()
					}
					_, _ = w.Write(bytes.Repeat([]byte("a"), tt.size))
				})
				s := newSender(t)
				for range 2 {
					got := s.Send(t.Context(), request(t, "GET", address))
					if got.Reason != plan.ReasonSuccess || string(got.Body) != strings.Repeat("a", tt.kept) || got.BodyCut != tt.cut {
						t.Fatalf("%s: %d bytes kept, cut %v", got.Reason, len(got.Body), got.BodyCut)
					}
				}
				if reused := peers[0] == peers[1]; reused != tt.reused {
					t.Errorf("connection used again: %v, want %v", reused, tt.reused)
				}
			})
		}
	}
}

// Once the headers are in, nothing that the body does changes how it ended.
func TestSendBodyBreaksOff(t *testing.T) {
	const partial = "Content-Length: 100\r\n\r\npartial"
	tests := []struct {
		name   string
		answer string
		hang   bool
		reason plan.Reason
	}{
		{"200, closed", "HTTP/1.1 200 OK\r\n" + partial, false, plan.ReasonSuccess},
		{"200, hangs", "HTTP/1.1 200 OK\r\n" + partial, true, plan.ReasonSuccess},
		{"200, not chunked as told", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\npartialx", false, plan.ReasonSuccess},
		{"500, hangs", "HTTP/1.1 500 No\r\n" + partial, true, plan.ReasonServerError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := serveRaw(t, func(conn net.Conn) {
				r := bufio.NewReader(conn)
				_, _ = readRequest(r)
				_, _ = io.WriteString(conn, tt.answer)
				if tt.hang {
					_, _ = r.ReadByte() // until the client goes
				}
			})
			r := request(t, "GET", address)
			if tt.hang {
				r.Timeout = 100 * time.Millisecond
			}
			got := newSender(t).Send(t.Context(), r)
			if got.Reason != tt.reason || string(got.Body) != "partial" || !got.BodyCut {
				t.Errorf("%s: %q, cut %v", got.Reason, got.Body, got.BodyCut)
			}
		})
	}
}

// An answer of 101 hands over the bare connection, which nobody must read from.
func TestSendSwitchingProtocols(t *testing.T) {
	address := serveRaw(t, func(conn net.Conn) {
		r := bufio.NewReader(conn)
		_, _ = readRequest(r)
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
		_, _ = r.ReadByte()
	})
	got := newSender(t).Send(t.Context(), request(t, "GET", address))
	if got.Reason != plan.ReasonRedirect || got.StatusCode != 101 || got.Duration > 5*time.Second {
		t.Errorf("%s, %d after %v", got.Reason, got.StatusCode, got.Duration)
	}
}

// Each way to fail, with the receiver echoing what it got wherever it can: the
// message names the failure and repeats nothing.
func TestSendFailures(t *testing.T) {
	const secret = "s3cret-canary"
	answering := func(format string) func(net.Conn) {
		return func(conn net.Conn) {
			got, _ := readRequest(bufio.NewReader(conn))
			_, _ = fmt.Fprintf(conn, format, strings.ReplaceAll(got, "\r\n", " "))
		}
	}
	silent := func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }
	tests := []struct {
		name    string
		handle  func(net.Conn)
		https   bool
		reason  plan.Reason
		message string
	}{
		{"no answer", silent, false, plan.ReasonTimeout, "no answer within 200ms"},
		{"no handshake", silent, true, plan.ReasonTimeout, "no answer within 200ms"},
		{"closed after the request", answering("%.0s"), false, plan.ReasonNetworkError, closedUnanswered},
		{"closed within the headers", answering("HTTP/1.1 200 OK\r\nX: %s\r\n"), false, plan.ReasonNetworkError, closedUnanswered},
		{"not HTTP", answering("%s\r\n\r\n"), false, plan.ReasonNetworkError, "the answer is not valid HTTP"},
		{"broken status", answering("HTTP/1.1 %s\r\n\r\n"), false, plan.ReasonNetworkError, "the answer is not valid HTTP"},
		{"broken header", answering("HTTP/1.1 200 OK\r\n%s\r\n\r\n"), false, plan.ReasonNetworkError, "the answer is not valid HTTP"},
		{"broken length", answering("HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n"), false, plan.ReasonNetworkError, "the answer is not valid HTTP"},
		{"unknown encoding", answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: %s\r\n\r\n"), false, plan.ReasonNetworkError, "the answer is not valid HTTP"},
		{"huge headers", answering("HTTP/1.1 200 OK\r\nX: %s" + strings.Repeat("a", maxResponseHeader) + "\r\n\r\n"), false,
			plan.ReasonNetworkError, "the answer's headers are larger than 64 KiB"},
		{"plain HTTP instead of TLS", func(conn net.Conn) { _, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\n\r\n") }, true,
			plan.ReasonNetworkError, "the receiver does not speak TLS on this port"},
		{"something else instead of TLS", func(conn net.Conn) { _, _ = io.WriteString(conn, "220 mail.example.com ESMTP\r\n") }, true,
			plan.ReasonNetworkError, "the receiver does not speak TLS on this port"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address := serveRaw(t, tt.handle)
			if tt.https {
				address = "https" + strings.TrimPrefix(address, "http")
			}
			r := request(t, "GET", address+"/?token="+secret, plan.RenderedHeader{Name: "Authorization", Value: secret, Private: true})
			if tt.reason == plan.ReasonTimeout {
				r.Timeout = 200 * time.Millisecond
			}
			got := newSender(t).Send(t.Context(), r)
			if got.Reason != tt.reason || got.Message != tt.message || got.Unsent != tt.https {
				t.Errorf("got %s: %q, unsent %v, want %s: %q", got.Reason, got.Message, got.Unsent, tt.reason, tt.message)
			}
			if strings.Contains(fmt.Sprintf("%+v", got), secret) {
				t.Errorf("the secret is in %+v", got)
			}
		})
	}
}

// Whether such a connection takes the request before it is known to be closed is
// a matter of luck.
func TestSendClosedAtOnce(t *testing.T) {
	got := newSender(t).Send(t.Context(), request(t, "GET", serveRaw(t, func(net.Conn) {})))
	message := map[bool]string{true: lostUnsent, false: closedUnanswered}[got.Unsent]
	if got.Reason != plan.ReasonNetworkError || got.Message != message {
		t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
	}
}

func TestSendNoConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := listener.Addr().String()
	_ = listener.Close()
	secure := quietTLS(t)

	s := newSender(t)
	tests := []struct{ name, address, message string }{
		{"nobody listens", "http://" + gone, "connection refused by " + gone},
		{"unknown authority", secure.URL, "the receiver's certificate is signed by an unknown authority"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := s.Send(t.Context(), request(t, "GET", tt.address))
			if got.Reason != plan.ReasonNetworkError || got.Message != tt.message || !got.Unsent {
				t.Errorf("%s: %q, unsent %v, want %q", got.Reason, got.Message, got.Unsent, tt.message)
			}
		})
	}
}

// quietTLS runs a TLS server that does not log failed handshakes.
func quietTLS(t *testing.T) *httptest.Server {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server
}

// DNS is left out of it, so that the test does not depend on the network.
func TestFailureOfLookup(t *testing.T) {
	tests := []struct {
		err     net.DNSError
		reason  plan.Reason
		message string
	}{
		{net.DNSError{Name: "a.test", Server: "10.0.0.1:53", IsNotFound: true}, plan.ReasonNetworkError, "the host name a.test does not exist"},
		{net.DNSError{Name: "a.test", Server: "10.0.0.1:53", IsTemporary: true}, plan.ReasonNetworkError, "looking up the host name a.test failed"},
		{net.DNSError{Name: "a.test", Server: "10.0.0.1:53", IsTimeout: true}, plan.ReasonTimeout, "the connection to the receiver timed out"},
	}
	for _, tt := range tests {
		got := failure(&net.OpError{Op: "dial", Net: "tcp", Err: &tt.err}, nil, time.Second)
		if got.Reason != tt.reason || got.Message != tt.message {
			t.Errorf("%+v: %s: %q", tt.err, got.Reason, got.Message)
		}
	}
}

func TestSendCertificateOfAnotherHost(t *testing.T) {
	secure := quietTLS(t)
	s := newSender(t)
	certified(t, s)
	got := s.Send(t.Context(), request(t, "GET", strings.Replace(secure.URL, "127.0.0.1", "localhost", 1)))
	if got.Message != "the receiver's certificate is not valid for localhost" {
		t.Errorf("%s: %q", got.Reason, got.Message)
	}
}

func TestSendStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	address := serveRaw(t, func(conn net.Conn) {
		_, _ = readRequest(bufio.NewReader(conn))
		stop()
		_, _ = io.Copy(io.Discard, conn)
	})
	got := newSender(t).Send(ctx, request(t, "GET", address))
	if got.Reason != plan.ReasonNetworkError || got.Message != "the attempt was stopped before there was an answer" {
		t.Errorf("%s: %q", got.Reason, got.Message)
	}
}

// TestSendKeepsLittleWithoutRoom: the answer decides as ever, and the connection
// can be used again.
func TestSendKeepsLittleWithoutRoom(t *testing.T) {
	address := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(make([]byte, KeptBody+1))
	})
	r := request(t, http.MethodGet, address)
	asked := 0
	r.Room = func(size int) bool { asked += size; return false }
	response := newSender(t).Send(t.Context(), r)
	if response.StatusCode != 200 || len(response.Body) != smallBody || !response.BodyCut || asked != 2*KeptBody {
		t.Errorf("status %d, %d bytes, cut: %t, asked for %d", response.StatusCode, len(response.Body), response.BodyCut, asked)
	}
}
