package outbound

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http/httptrace"
	"sync/atomic"
)

// errResend is the cause of the end of a request that net/http was about to
// send again.
var errResend = errors.New("the connection was lost and the request is not sent again")

// once holds a request to a single sending. net/http sends a request again by
// itself when a reused connection turns out to be closed (GET, DELETE and
// whatever carries an Idempotency-Key header; HTTP/1.1), after GOAWAY,
// REFUSED_STREAM or a peer's PROTOCOL_ERROR (everything; HTTP/2). Leaving out
// GetBody stops that for requests with a body only, and a request without one
// cannot be told from a replayable one. So once watches the request instead:
// after the first header was written, it may get no further connection. Before
// that nothing has left, and net/http is free to try another one.
type once struct {
	cancel context.CancelCauseFunc // of the request's context
	begun  atomic.Bool             // a header was written, perhaps to a buffer only
}

// trace returns the hooks to watch the request by. GetConn comes before a
// connection is looked for, GotConn before anything is written to it.
func (o *once) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		WroteHeaderField: func(string, []string) { o.begun.Store(true) },
		GetConn: func(string) {
			if o.begun.Load() {
				o.cancel(errResend)
			}
		},
		GotConn: o.gotConn,
	}
}

// gotConn stops a second sending on the connection found for it. HTTP/2 looks at
// the context before it writes. HTTP/1.1 does not, so its connection, which
// carries nothing else, is closed under it.
func (o *once) gotConn(info httptrace.GotConnInfo) {
	if !o.begun.Load() {
		return
	}
	o.cancel(errResend)
	if secure, ok := info.Conn.(*tls.Conn); ok && secure.ConnectionState().NegotiatedProtocol == "h2" {
		return
	}
	// Its error would say that it is closed already, which is as good.
	_ = info.Conn.Close()
}
