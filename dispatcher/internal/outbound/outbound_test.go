package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// newSender returns a Sender that may reach the test's servers.
func newSender(t testing.TB) *Sender {
	t.Helper()
	s := New(Options{Policy: egress.Policy{AllowLoopback: true}, UserAgent: "webhook-operator/test"})
	t.Cleanup(s.Close)
	return s
}

// request returns a request with a generous deadline.
func request(t testing.TB, method, address string, headers ...plan.RenderedHeader) *Request {
	t.Helper()
	target, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return &Request{Method: method, URL: target, Headers: headers, Timeout: 20 * time.Second}
}

// withBody adds a body.
func withBody(r *Request, body string) *Request {
	r.HasBody, r.Body = true, []byte(body)
	return r
}

// serve runs an HTTP server and returns its URL.
func serve(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// serveRaw runs a plain TCP server and returns its URL.
func serveRaw(t testing.TB, handle func(net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serveListener(t, listener, handle)
	return "http://" + listener.Addr().String()
}

// serveListener hands each connection to handle in a goroutine of its own. When
// the test ends it cuts them and waits.
func serveListener(t testing.TB, listener net.Listener, handle func(net.Conn)) {
	t.Helper()
	ended, end := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer context.AfterFunc(ended, func() { _ = conn.Close() })()
				defer conn.Close()
				handle(conn)
			})
		}
	})
	t.Cleanup(func() {
		end()
		_ = listener.Close()
		running.Wait()
	})
}

// readRequest reads the bytes of one HTTP/1.1 request.
func readRequest(r *bufio.Reader) (string, error) {
	var text strings.Builder
	length := 0
	for {
		line, err := r.ReadString('\n')
		text.WriteString(line)
		if err != nil {
			return text.String(), err
		}
		if name, value, ok := strings.Cut(line, ":"); ok && textproto.CanonicalMIMEHeaderKey(name) == "Content-Length" {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return text.String(), err
			}
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	text.Write(body)
	return text.String(), err
}

// certified returns a certificate for 127.0.0.1 and makes the Sender trust it.
func certified(t testing.TB, s *Sender) tls.Certificate {
	t.Helper()
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	s.transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	s.transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	return server.TLS.Certificates[0]
}
