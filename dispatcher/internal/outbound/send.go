package outbound

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Options are the settings of a [Sender]. The zero value reaches public
// addresses only.
type Options struct {
	// Policy says what may be reached.
	Policy egress.Policy
	// Resolver looks host names up, for tests and unusual installations;
	// [net.DefaultResolver] if nil.
	Resolver *net.Resolver
	// UserAgent is sent if the author of a request sets none. Default:
	// "webhook-operator".
	UserAgent string
	// MaxIdle bounds the unused connections to all hosts together; 2048 if 0.
	MaxIdle int
}

// Sender sends requests. It is safe for concurrent use, and one is enough: all
// share its connections.
type Sender struct {
	transport *http.Transport
	policy    egress.Policy
	userAgent string
}

// New returns a Sender. End it with [Sender.Close].
func New(o Options) *Sender {
	return &Sender{transport: newTransport(o), policy: o.Policy, userAgent: cmp.Or(o.UserAgent, "webhook-operator")}
}

// newTransport returns the one pool of connections. Used without an http.Client
// it follows no redirects and keeps no cookies; without Proxy it does not look
// into the environment.
func newTransport(o Options) *http.Transport {
	dialer := &net.Dialer{Timeout: dialTimeout, Resolver: o.Resolver, ControlContext: control(o.Policy)}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	return &http.Transport{
		DialContext:            dialWire(dialer.DialContext),
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    tlsTimeout,
		DisableCompression:     true,
		MaxIdleConns:           cmp.Or(o.MaxIdle, maxIdle),
		MaxIdleConnsPerHost:    maxIdlePerHost,
		IdleConnTimeout:        idleTimeout,
		ExpectContinueTimeout:  continueTimeout,
		MaxResponseHeaderBytes: maxResponseHeader,
		Protocols:              protocols,
		HTTP2: &http.HTTP2Config{
			MaxReceiveBufferPerStream: http2StreamBuffer,
			SendPingTimeout:           http2PingAfter,
			PingTimeout:               http2PingTimeout,
		},
	}
}

// Close closes the connections that no request uses. Call it after the last
// Send has returned.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

// Response is how an attempt ended.
type Response struct {
	// Reason says it in one word.
	Reason plan.Reason
	// StatusCode, Header, Body and RetryAfter are the receiver's answer; unset
	// if there was none.
	StatusCode int
	Header     http.Header
	// Body is what was sent of the answer's body, up to [KeptBody] bytes, or less
	// if there is no [Request.Room], as it came: compressed if the receiver
	// compressed it.
	Body []byte
	// BodyCut says that the body was longer, or broke off.
	BodyCut bool
	// RetryAfter is how long the receiver asked to be left alone, at most
	// [retry.MaxRetryAfter]; 0 if it did not.
	RetryAfter time.Duration
	// Unsent says that no byte of the request left, so that another attempt
	// cannot be its repetition: there was no connection, it was lost before it
	// was written to, or the gate did not open. False if that is not certain.
	Unsent bool
	// Begun is when the request's gate let it go; without a gate, or if it did
	// not open, when Send was called.
	Begun time.Time
	// Duration is what counts against the request's timeout: connecting,
	// sending and the answer, without the time at the gate.
	Duration time.Duration
	// Message says in one sentence how it ended, without URL, header values or
	// anything that the receiver wrote.
	Message string
}

// Send sends the request, once, and reads the answer. The answer's status
// decides as soon as its headers are in: a body that breaks off or takes longer
// than the deadline changes no reason. It adds the User-Agent to r.Headers if
// none is there, so that afterwards they are what was sent.
//
// If ctx ends before there is an answer the Reason is NetworkError, and ctx.Err
// tells the caller why.
func (s *Sender) Send(ctx context.Context, r *Request) Response {
	if !has(r.Headers, userAgent) {
		r.Headers = append(r.Headers, plan.RenderedHeader{Name: userAgent, Value: s.userAgent})
	}
	a := &attempt{caller: ctx, request: r}
	ctx = a.start()
	defer a.stop()

	answer, err := s.roundTrip(ctx, a)
	var response Response
	if err != nil {
		response = a.failure(err, context.Cause(ctx))
	} else {
		response = received(answer, r.Room)
	}
	response.Begun, response.Duration = a.begun, a.took()
	return response
}

// roundTrip returns the headers of the answer, if the host may be called. A receiver that closes an unused
// connection meets us now and then with a request in hand. As long as nothing of
// it has left, it goes to the next connection.
func (s *Sender) roundTrip(ctx context.Context, a *attempt) (*http.Response, error) {
	if err := s.policy.Host(a.request.URL.Hostname(), egress.Allowance{}, false); err != nil {
		return nil, err
	}
	for tries := 1; ; tries++ {
		answer, err := s.transport.RoundTrip(a.request.toHTTP(ctx, &a.body))
		if err == nil || tries == maxConnections || !a.metClosed(context.Cause(ctx)) {
			return answer, err
		}
	}
}

// received reads the rest of an answer.
func received(answer *http.Response, room func(int) bool) Response {
	defer answer.Body.Close()
	response := Response{
		Reason:     retry.Classify(answer.StatusCode),
		StatusCode: answer.StatusCode,
		Header:     answer.Header,
		Message:    answered(answer.StatusCode),
	}
	if after := answer.Header.Get("Retry-After"); after != "" {
		response.RetryAfter = retry.ParseRetryAfter(after, time.Now())
	}
	if answer.StatusCode >= 200 { // the "body" of 101 is the bare connection
		response.Body, response.BodyCut = readBody(answer.Body, answer.ContentLength, room)
	}
	return response
}
