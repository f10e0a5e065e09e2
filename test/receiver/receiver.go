package receiver

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// Request is one request as it was received.
type Request struct {
	// Raw is the request byte by byte.
	Raw    []byte
	Time   time.Time
	Method string
	URI    string
	// Header holds the names in canonical form; Raw has them as they came.
	Header http.Header
	Body   string
	// TLS is the connection's state, the caller's certificates among it; nil
	// without TLS.
	TLS *tls.ConnectionState
}

// Options say how a [Receiver] behaves.
type Options struct {
	// Address to listen on; 127.0.0.1:0 if empty.
	Address string
	// TLS makes it an https service; nil for http.
	TLS *tls.Config
	// Answer, if not nil, answers in place of an empty 200. The request has been
	// recorded and its body read.
	Answer func(w http.ResponseWriter, r Request)
}

// Receiver is a running service.
type Receiver struct {
	server   *http.Server
	listener net.Listener
	scheme   string
	answer   func(http.ResponseWriter, Request)

	mu       sync.Mutex
	requests []Request
	changed  chan struct{} // closed and replaced at every request
}

// Start starts a receiver. Close it when done.
func Start(o Options) (*Receiver, error) {
	address := o.Address
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	r := &Receiver{listener: listener, scheme: "http", answer: o.Answer, changed: make(chan struct{})}
	if o.TLS != nil {
		r.listener, r.scheme = tls.NewListener(listener, o.TLS), "https"
	}
	r.server = &http.Server{
		Handler:           http.HandlerFunc(r.handle),
		ReadHeaderTimeout: time.Minute,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	go func() { _ = r.server.Serve(teeListener{r.listener}) }() // ends with Close
	return r, nil
}

// URL is where the receiver listens, such as http://127.0.0.1:9090.
func (r *Receiver) URL() string { return r.scheme + "://" + r.listener.Addr().String() }

// Close stops the receiver and its connections.
func (r *Receiver) Close() error { return r.server.Close() }

// Requests returns what has been received so far, in order.
func (r *Receiver) Requests() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.requests)
}

// Wait returns the requests as soon as there are at least n of them.
func (r *Receiver) Wait(ctx context.Context, n int) ([]Request, error) {
	for {
		r.mu.Lock()
		requests, changed := slices.Clone(r.requests), r.changed
		r.mu.Unlock()
		if len(requests) >= n {
			return requests, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return requests, fmt.Errorf("wait for %d requests, got %d: %w", n, len(requests), ctx.Err())
		}
	}
}

// handle records a request and answers it.
func (r *Receiver) handle(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return // the caller has gone in the middle of its request
	}
	conn := req.Context().Value(connKey{}).(*teeConn)
	received := Request{
		Raw: conn.take(), Time: time.Now(),
		Method: req.Method, URI: req.RequestURI, Header: req.Header.Clone(), Body: string(body),
	}
	if secure, ok := conn.Conn.(*tls.Conn); ok {
		state := secure.ConnectionState()
		received.TLS = &state
	}
	r.mu.Lock()
	r.requests = append(r.requests, received)
	close(r.changed)
	r.changed = make(chan struct{})
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(w, received)
	}
}

// HeaderLines returns the header lines of the request as they came, sorted,
// without those named.
func (r Request) HeaderLines(without ...string) []string {
	head, _, _ := bytes.Cut(r.Raw, []byte("\r\n\r\n"))
	var lines []string
	for _, line := range strings.Split(string(head), "\r\n")[1:] {
		name, _, _ := strings.Cut(line, ":")
		if !slices.ContainsFunc(without, func(w string) bool { return strings.EqualFold(w, name) }) {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// connKey is the context key of a request's connection.
type connKey struct{}

// teeListener accepts connections that remember what was read from them.
type teeListener struct{ net.Listener }

// Accept accepts a connection.
func (l teeListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &teeConn{Conn: c}, nil
}

// teeConn remembers what was read since the last take.
type teeConn struct {
	net.Conn
	mu   sync.Mutex
	read []byte
}

// Read reads from the connection.
func (c *teeConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.read = append(c.read, p[:n]...)
	return n, err
}

// take returns what was read and forgets it.
func (c *teeConn) take() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	read := c.read
	c.read = nil
	return read
}
