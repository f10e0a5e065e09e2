package outbound

import (
	"bytes"
	"context"
	"errors"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// errResend is the cause of the end of a request that net/http was about to
// send again.
var errResend = errors.New("the connection was lost and the request is not sent again")

// errDeadline is the cause of the end of a request that took too long.
var errDeadline = errors.New("the attempt's deadline passed")

// attempt is one request on its way. It holds the request to a single sending
// and to its gate.
//
// net/http sends a request again by itself when a reused connection turns out
// to be closed (GET, DELETE and whatever carries an Idempotency-Key header;
// HTTP/1.1), after GOAWAY, REFUSED_STREAM or a peer's PROTOCOL_ERROR
// (everything; HTTP/2). Leaving out GetBody stops that for requests with a body
// only, and a request without one cannot be told from a replayable one. So an
// attempt watches its connection instead: once something has left on it, the
// request may get no further one. Before that net/http is free to try another.
//
// net/http calls the hooks in the goroutine of [http.Transport.RoundTrip], which
// is Send's, but for wroteHeaders.
type attempt struct {
	caller  context.Context
	cancel  context.CancelCauseFunc // of the context that net/http has
	request *Request
	trace   httptrace.ClientTrace
	body    bytes.Reader

	link   link        // that it got last, if any
	stale  bool        // the link may have been closed by the receiver before it was written to
	wrote  atomic.Bool // the headers on it, perhaps to a buffer only
	opened bool        // the gate let the request go
	shut   bool        // the gate, the caller or the deadline did not

	asked *atomic.Bool // an egress proxy was asked for a tunnel; nil without a proxy

	timer *time.Timer   // ends the attempt at its deadline
	begun time.Time     // Send was called, or the gate opened
	since time.Time     // the clock runs
	spent time.Duration // on the clock before that
}

// start prepares an attempt and returns the context for net/http. End it with
// stop.
func (a *attempt) start() context.Context {
	a.begun = time.Now()
	a.since = a.begun
	ctx, cancel := context.WithCancelCause(a.caller)
	a.cancel = cancel
	a.timer = time.AfterFunc(a.request.Timeout, a.expire)
	a.trace.GetConn, a.trace.GotConn, a.trace.WroteHeaders = a.getConn, a.gotConn, a.wroteHeaders
	if a.request.Timing != nil {
		a.request.Timing.watch(&a.trace)
	}
	return httptrace.WithClientTrace(ctx, &a.trace)
}

// stop ends an attempt.
func (a *attempt) stop() {
	a.timer.Stop()
	a.cancel(nil)
	a.leave()
}

// leave lets the connection go.
func (a *attempt) leave() {
	if a.link.wire != nil {
		a.link.wire.rest()
	}
}

func (a *attempt) expire() { a.cancel(errDeadline) }

// getConn is called before a connection is looked for.
func (a *attempt) getConn(string) {
	if a.left() {
		a.cancel(errResend)
	}
}

// gotConn is called before anything is written to the connection found.
func (a *attempt) gotConn(info httptrace.GotConnInfo) {
	found := linkOf(info.Conn)
	switch {
	case a.left():
		a.hold(found, errResend)
		return
	case a.shut:
		a.hold(found, context.Canceled) // the first cause stays
		return
	}
	a.leave()
	a.link, a.stale = found, info.Reused
	found.wire.begin()
	a.wrote.Store(false)
	if a.request.Gate == nil || a.opened {
		return
	}
	if err := a.pass(); err != nil {
		a.shut = true
		a.hold(found, err)
	}
}

// hold keeps the request from being sent on the connection found for it. HTTP/2
// looks at the context before it writes. HTTP/1.1 does not, so its connection,
// which carries nothing else, is closed under it; the TCP connection, for TLS
// would say goodbye first.
func (a *attempt) hold(found link, cause error) {
	a.cancel(cause)
	if !found.http2 {
		_ = found.wire.Close() // an error would say that it is closed already, which is as good
	}
}

// wroteHeaders is called, in any goroutine, after HTTP/2 has sent the headers
// and before it can hear of a refusal.
func (a *attempt) wroteHeaders() { a.wrote.Store(true) }

// pass waits at the gate, while the clock stands.
func (a *attempt) pass() error {
	if !a.timer.Stop() {
		return errDeadline
	}
	a.spent = time.Since(a.since)
	a.request.Timing.begin(StepGate)
	err := a.request.Gate(a.caller)
	a.request.Timing.end(StepGate)
	if err == nil {
		err = context.Cause(a.caller)
	}
	a.since = time.Now()
	if err != nil {
		return err
	}
	a.opened, a.stale, a.begun = true, true, a.since
	a.timer.Reset(a.request.Timeout - a.spent)
	return nil
}

// left reports whether something of the request has left, or may have. It is
// exact after RoundTrip has returned an error, but for HTTP/2 when the context
// has ended.
func (a *attempt) left() bool {
	switch {
	case a.link.wire == nil:
		return false
	case a.link.http2:
		return a.wrote.Load()
	}
	return a.link.count() != a.link.before
}

// unsent reports whether it is certain, after RoundTrip has returned an error,
// that nothing of the request has left. cause is that of the end of the context.
func (a *attempt) unsent(cause error) bool {
	return a.shut || !a.left() && (cause == nil || !a.link.http2)
}

// metClosed reports whether RoundTrip failed on a connection that the receiver
// had closed before anything was written to it, so that another may be tried.
func (a *attempt) metClosed(cause error) bool {
	return cause == nil && a.stale && a.unsent(nil)
}

// took is how long the attempt has been going on, without the gate's time.
func (a *attempt) took() time.Duration { return a.spent + time.Since(a.since) }
