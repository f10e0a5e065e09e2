package outbound

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Options are the settings of a [Sender]. The zero value reaches public
// addresses only.
type Options struct {
	// Policy says what may be reached: the ceiling of what integrations want.
	Policy egress.Policy
	// Proxy, if not nil, is the egress proxy that all requests go through.
	// Integrations cannot have another then.
	Proxy *plan.Proxy
	// Resolver looks host names up, for tests and unusual installations;
	// [net.DefaultResolver] if nil.
	Resolver *net.Resolver
	// UserAgent is sent if the author of a request sets none. Default:
	// "webhook-operator".
	UserAgent string
	// MaxIdle bounds the unused connections to all hosts together, 2048 if 0. Of those
	// with settings of their own half as many come on top.
	MaxIdle int
}

// Sender sends requests. It is safe for concurrent use, and one is enough.
type Sender struct {
	policy    egress.Policy
	proxy     *plan.Proxy
	resolver  *net.Resolver
	userAgent string
	idle      int
	pool      *pool
	usual     *connections // those with nothing special
	special   unused       // of the others
}

// New returns a Sender. End it with [Sender.Close]. The error says what is wrong
// with the proxy.
func New(o Options) (*Sender, error) {
	s := &Sender{
		policy: o.Policy, proxy: o.Proxy, resolver: o.Resolver,
		userAgent: cmp.Or(o.UserAgent, "webhook-operator"), idle: cmp.Or(o.MaxIdle, maxIdle),
	}
	s.pool = newPool(s.newTransport, o.Proxy != nil)
	s.special.most, s.special.close = int64(s.idle/specialIdleShare), func() { s.pool.closeUnused(s.usual) }
	var err error
	if s.usual, err = s.pool.connect(settings{}); err != nil {
		return nil, err
	}
	return s, nil
}

// Close closes the connections that no request uses, and ends token requests but
// those of routes that were given up, which end by themselves within 30 s. Call it
// after the last Send has returned.
func (s *Sender) Close() { s.pool.close() }

// Response is how an attempt ended.
type Response struct {
	// Reason says it in one word.
	Reason plan.Reason
	// StatusCode, Header, Body and RetryAfter are the receiver's answer; unset
	// if there was none.
	StatusCode int
	Header     http.Header
	// Body is the answer's body, up to [KeptBody] bytes, or less if there is no
	// [Request.Room]. It is decompressed if the receiver compressed it by gzip or
	// deflate, also by both or twice; Header's Content-Encoding stays as it came.
	Body []byte
	// BodyCut says that the body was longer, broke off or is no valid compressed
	// data from there on.
	BodyCut bool
	// BodyUndecoded says that there is a body of which nothing is kept: it has a
	// Content-Encoding that is not known here (br, zstd, more than two), or is
	// compressed and there is no [Request.Room] to decompress it. Private values in
	// it could not be found, so it must not be shown. BodyCut is set, too.
	BodyUndecoded bool
	// Whole is the whole body, decompressed, if it was awaited and read to its end, and
	// the Reason is Success; Body is its beginning then.
	Whole []byte
	// RetryAfter is how long the receiver asked to be left alone, at most
	// [retry.MaxRetryAfter]; 0 if it did not.
	RetryAfter time.Duration
	// Unsent says that no byte of the request left, so that another attempt
	// cannot be its repetition: there was no connection, it was lost before it
	// was written to, or the gate did not open. False if that is not certain.
	Unsent bool
	// Unreached says that the egress proxy or the token server has failed, in a way
	// that may pass, so that the receiver was certainly not reached. Unsent is set, too.
	Unreached bool
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
// than the deadline changes no reason, nor does one that cannot be decompressed,
// unless it is awaited, see [Request.Await]. It
// adds to r.Headers the User-Agent if none is there, the access token and the
// signatures, so that afterwards they are what was sent.
//
// If ctx ends before there is an answer the Reason is NetworkError, and ctx.Err
// tells the caller why.
func (s *Sender) Send(ctx context.Context, r *Request) Response {
	r.identify(s.userAgent)
	a := &attempt{caller: ctx, request: r}
	ctx = a.start()
	defer a.stop()

	answer, err := s.roundTrip(ctx, a)
	var response Response
	if err != nil {
		response = a.failure(err, context.Cause(ctx))
	} else {
		r.Timing.begin(StepRead)
		response = r.received(ctx, answer)
		r.Timing.end(StepRead)
		r.judgeToken(&response)
	}
	response.Begun, response.Duration = a.begun, a.took()
	return response
}

// roundTrip completes the request's headers and returns those of the answer. A
// receiver that closes an unused connection meets us now and then with a request in
// hand. As long as nothing of it has left, it goes to the next connection.
func (s *Sender) roundTrip(ctx context.Context, a *attempt) (*http.Response, error) {
	if err := a.request.authorize(ctx); err != nil {
		return nil, err
	}
	a.request.sign(time.Now())
	by := s.usual
	if a.request.Route != nil {
		by = a.request.Route.connections
	}
	if by.proxied {
		a.asked = new(atomic.Bool)
		ctx = context.WithValue(ctx, askedKey{}, a.asked)
	}
	for tries := 1; ; tries++ {
		answer, err := by.transport.RoundTrip(a.request.toHTTP(ctx, &a.body))
		if err == nil || tries == maxConnections || !a.metClosed(context.Cause(ctx)) {
			return answer, err
		}
	}
}

// received reads the rest of an answer.
func (r *Request) received(ctx context.Context, answer *http.Response) Response {
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
	switch {
	case answer.StatusCode < 200: // the "body" of 101 is the bare connection
	case r.Await && response.Reason == plan.ReasonSuccess:
		r.await(ctx, answer, &response)
	default:
		b := readBody(answer, r.Room)
		response.Body, response.BodyCut, response.BodyUndecoded = b.kept, b.cut, b.undecoded
	}
	return response
}
