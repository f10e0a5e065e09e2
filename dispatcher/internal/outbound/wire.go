package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// errFlooded ends a connection on which more came than anyone asked for.
var errFlooded = errors.New("the receiver sent too much")

// wire is a TCP connection that knows whether anything was written to it, and that
// ends when more is sent on it than its requests may bring: HTTP/2 has frames without
// end that belong to no body (PING, SETTINGS, empty DATA), also after the answer.
type wire struct {
	net.Conn
	unused *unused // counts it; nil for one with nothing special

	mu      sync.Mutex
	closed  bool
	left    int          // bytes that may still come
	users   int          // requests under way
	writes  atomic.Int64 // that left, perhaps in part
	records atomic.Int64 // those of them that may be TLS records of a request
}

const (
	// recordData is the type of a TLS record with a request in it. TLS 1.3 gives
	// it to what TLS itself has to say, too.
	recordData = 23
	// maxRecordOfTLS is longer than a record of TLS 1.3 with what TLS has to say
	// after the handshake (an alert takes 24 bytes, a key update 27), and shorter
	// than one with the shortest request (64 bytes).
	maxRecordOfTLS = 40
)

// dialWire returns dial with a wire around each connection. u may be nil.
func dialWire(dial dialFunc, u *unused) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err // net/http looks into it
		}
		u.add(+1)
		return &wire{Conn: conn, unused: u, left: maxUnasked}, nil
	}
}

// begin allows for the answer to one more request.
func (w *wire) begin() {
	w.mu.Lock()
	w.users++
	w.left += maxReceived
	first := w.users == 1 && !w.closed
	w.mu.Unlock()
	if first {
		w.unused.add(-1)
	}
}

// rest is called when a request is done. Without any, little may come.
func (w *wire) rest() {
	w.mu.Lock()
	w.users--
	if w.users == 0 {
		w.left = maxUnasked
	}
	last := w.users == 0 && !w.closed
	w.mu.Unlock()
	if last {
		w.unused.add(+1)
	}
}

// Close closes the connection.
func (w *wire) Close() error {
	w.mu.Lock()
	counted := !w.closed && w.users == 0
	w.closed = true
	w.mu.Unlock()
	if counted {
		w.unused.add(-1)
	}
	return w.Conn.Close()
}

// Read counts what comes.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	w.left -= n
	flooded := w.left < 0
	w.mu.Unlock()
	if flooded {
		_ = w.Close() // an error would say that it is closed already
		return 0, errFlooded
	}
	return n, err
}

// Write counts a write before it is made, and takes that back if it is certain
// that nothing left.
func (w *wire) Write(b []byte) (int, error) {
	record := int64(0)
	if len(b) > maxRecordOfTLS && b[0] == recordData {
		record = 1
	}
	w.writes.Add(1)
	w.records.Add(record)
	n, err := w.Conn.Write(b)
	if n == 0 {
		w.writes.Add(-1)
		w.records.Add(-record)
	}
	return n, err
}

// link is a connection as an attempt found it.
type link struct {
	wire   *wire
	secure bool  // TLS
	http2  bool  // shared with other requests
	before int64 // the count of wire when the attempt got it
}

// linkOf returns the link of a connection that net/http has found.
func linkOf(conn net.Conn) link {
	var l link
	if secure, ok := conn.(*tls.Conn); ok {
		l.secure, l.http2 = true, secure.ConnectionState().NegotiatedProtocol == "h2"
		conn = secure.NetConn()
	}
	l.wire = conn.(*wire) //nolint:forcetypeassert // the transport dials nothing else
	l.before = l.count()
	return l
}

// count is the number of writes that may belong to a request.
func (l *link) count() int64 {
	if l.secure {
		return l.wire.records.Load()
	}
	return l.wire.writes.Load()
}
