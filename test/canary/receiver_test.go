//go:build linux

package canary

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// receiver is a service that tells all it knows. What it does is the last part of the
// path, /<integration>/<way>; what it knows are the values of the integration, and
// what it got.
type receiver struct {
	address string
	knows   map[string][]string // by integration

	mu   sync.Mutex
	got  map[string]int // requests by /<integration>/<way>
	seen [][]byte       // all that came in
	cert bool           // a client has shown a certificate
}

// newReceiver starts one, with TLS if there is a configuration.
func newReceiver(t *testing.T, knows map[string][]string, secure *tls.Config) *receiver {
	t.Helper()
	r := &receiver{knows: knows, got: map[string]int{}}
	r.address = listen(t, func(conn net.Conn) {
		if secure != nil {
			conn = tls.Server(conn, secure)
		}
		r.serve(conn)
	})
	return r
}

// listen hands connections to a function until the test ends, each in a goroutine, and
// closes them after it.
func listen(t *testing.T, serve func(net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // the test has ended
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String()
}

// exchange is one request and what is known when it is answered.
type exchange struct {
	conn   net.Conn
	got    []byte   // the request as it came
	values []string // the secrets of the integration
	again  bool     // it has come before
}

// told is all that is known, as one text.
func (e *exchange) told() string { return strings.Join(e.values, "\n") + "\n" + string(e.got) }

// serve answers requests on a connection until one of the ways closes it.
func (r *receiver) serve(conn net.Conn) {
	var raw bytes.Buffer
	reader := bufio.NewReader(io.TeeReader(conn, &raw))
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, request.Body) // the receiver does not mind
		got := bytes.Clone(raw.Bytes())
		raw.Reset()
		integration, way, _ := strings.Cut(strings.Trim(request.URL.Path, "/"), "/")
		if r.answer(integration, way, &exchange{conn: conn, got: got, values: r.knows[integration]}) {
			return
		}
	}
}

// answer answers by one of the ways; done says that the connection is of no more use.
func (r *receiver) answer(integration, way string, e *exchange) (done bool) {
	r.mu.Lock()
	e.again = r.got[integration+"/"+way] > 0
	r.got[integration+"/"+way]++
	r.seen = append(r.seen, e.got)
	if secure, ok := e.conn.(*tls.Conn); ok && len(secure.ConnectionState().PeerCertificates) > 0 {
		r.cert = true
	}
	r.mu.Unlock()
	answer, ok := ways[way]
	if !ok {
		answer = plainly
	}
	text := answer(e)
	if text == "" {
		return true
	}
	if _, err := io.WriteString(e.conn, text); err != nil {
		return true
	}
	return way != "unasked" // the others are told to close by their answer's end
}

// reached reports whether a way was asked for.
func (r *receiver) reached(integration, way string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got[integration+"/"+way] > 0
}

// received reports whether a text came in.
func (r *receiver) received(text string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, got := range r.seen {
		if bytes.Contains(got, []byte(text)) {
			return true
		}
	}
	return false
}

// certified reports whether a client has shown a certificate.
func (r *receiver) certified() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cert
}
