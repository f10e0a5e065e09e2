package httpapi

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel/attribute"
	"golang.org/x/time/rate"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
)

// requestIDHeader has the id of a request, the caller's or a new one, in each answer.
const requestIDHeader = "X-Request-Id"

// maxRequestID is how many bytes an id has that is taken over from a caller.
const maxRequestID = 128

// The lines of the log about requests that were refused: so many at once, and then so
// many a second. A flood of requests is not to become one of lines.
const (
	refusalsBurst     = 50
	refusalsPerSecond = 10
)

// Counter counts requests and problems. It is package metrics' Metrics. Its methods are
// called concurrently.
type Counter interface {
	// RequestBegun is told when a request begins, and RequestEnded when it has ended, by
	// an answer or a connection cut off: with the path of its route's pattern, which is
	// empty or "/" for one that names nothing, its method, which may be any, and the status
	// of its answer.
	RequestBegun()
	RequestEnded(route, method string, status int, took time.Duration)
	// Problem is told of each problem that is answered, by the last part of its type.
	Problem(kind string)
}

// uncounted is the Counter of an API without one.
type uncounted struct{}

func (uncounted) RequestBegun()                                   {}
func (uncounted) RequestEnded(string, string, int, time.Duration) {}
func (uncounted) Problem(string)                                  {}

// observer sees each request of the API from its beginning to its end: it gives it an id
// and a span, counts it, and logs those that failed or were refused for want of room.
type observer struct {
	next     http.Handler
	tracer   *tracing.Tracer
	counter  Counter
	log      *slog.Logger
	refusals *rate.Limiter
	unlogged atomic.Int64 // since the last line
}

// counterOf is the counter of the options.
func counterOf(o *Options) Counter {
	if o.Counter == nil {
		return uncounted{}
	}
	return o.Counter
}

func observed(next http.Handler, o *Options) *observer {
	log := o.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &observer{next: next, tracer: o.Tracer, counter: counterOf(o), log: log, refusals: rate.NewLimiter(refusalsPerSecond, refusalsBurst)}
}

// ServeHTTP serves a request.
func (o *observer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	request := &tracing.Request{ID: identify(w, r), Span: o.span(r, began)}
	answer := &answer{ResponseWriter: w}
	r = r.WithContext(tracing.With(r.Context(), request))
	o.counter.RequestBegun()
	defer o.ended(r, request, answer, began) // also of an answer that is broken off
	o.next.ServeHTTP(answer, r)
}

// identify gives the answer the id of its request: the caller's, if it is one, or a new
// one.
func identify(w http.ResponseWriter, r *http.Request) string {
	id := ""
	if sent := r.Header[requestIDHeader]; len(sent) == 1 && isRequestID(sent[0]) {
		id = sent[0]
	} else if made, err := uuid.NewV7(); err == nil {
		id = made.String()
	}
	w.Header()[requestIDHeader] = []string{id}
	return id
}

// isRequestID reports whether text has 1 to 128 unreserved characters (RFC 3986).
func isRequestID(text string) bool {
	for i := range len(text) {
		c := text[i]
		if !isAlphanumeric(c|0x20) && strings.IndexByte("-._~", c) < 0 || c < '-' {
			return false
		}
	}
	return 1 <= len(text) && len(text) <= maxRequestID
}

// span begins the span of a request that may make or change something, behind the
// caller's trace; those that read have none, since people and programs ask again and
// again. Without a span the caller's trace is still known to what the request makes.
func (o *observer) span(r *http.Request, began time.Time) *tracing.Span {
	var parent tracing.Context
	if sent := r.Header["Traceparent"]; len(sent) == 1 {
		parent = tracing.Parse(sent[0], strings.Join(r.Header["Tracestate"], ","))
	}
	if r.Method == http.MethodPost && o.tracer.On() {
		if span := o.tracer.Start(parent, tracing.Server, http.MethodPost, began); span != nil {
			return span
		}
	}
	return tracing.At(parent)
}

// ended is called at the end of each request.
func (o *observer) ended(r *http.Request, request *tracing.Request, a *answer, began time.Time) {
	now, status := time.Now(), a.status
	_, route, _ := strings.Cut(r.Pattern, " ") // r is what the mux has had
	if route == "" {
		route = r.Pattern
	}
	o.counter.RequestEnded(route, r.Method, cmp.Or(status, http.StatusOK), now.Sub(began)) // who says nothing says 200
	if request.Span.Recording() {
		o.finish(request, r, route, status, now)
	}
	level, message := slog.LevelDebug, "request"
	switch {
	case status == http.StatusInternalServerError:
		level, message = slog.LevelError, "request failed"
	case status > http.StatusInternalServerError, status == http.StatusTooManyRequests:
		level, message = slog.LevelWarn, "request refused"
	}
	if !o.log.Enabled(r.Context(), level) {
		return
	}
	if level > slog.LevelDebug && !o.refusals.Allow() {
		o.unlogged.Add(1)
		return
	}
	attributes := []slog.Attr{
		slog.String("requestId", request.ID), slog.String("method", r.Method), slog.String("route", route),
		slog.Int("status", status), slog.String("caller", request.Caller), slog.Float64("durationSeconds", now.Sub(began).Seconds()),
	}
	if key := webhookOf(r); key.Name != "" && isPath(key) {
		attributes = append(attributes, slog.String("webhook", key.String()))
	} else if key.Namespace != "" && isPath(key) {
		attributes = append(attributes, slog.String("namespace", key.Namespace))
	}
	if id := request.Span.Context().TraceID(); id != "" {
		attributes = append(attributes, slog.String("traceId", id))
	}
	if request.Err != nil && level > slog.LevelDebug {
		attributes = append(attributes, slog.String("error", request.Err.Error()))
	}
	if level > slog.LevelDebug {
		if n := o.unlogged.Swap(0); n > 0 {
			attributes = append(attributes, slog.Int64("unlogged", n))
		}
	}
	o.log.LogAttrs(context.WithoutCancel(r.Context()), level, message, attributes...)
}

// finish ends the span of a request.
func (o *observer) finish(request *tracing.Request, r *http.Request, route string, status int, now time.Time) {
	span := request.Span
	if route != "" && route != "/" {
		span.Name(r.Method + " " + route)
		span.Set(attribute.String("http.route", route))
	}
	span.Set(attribute.String("http.request.method", r.Method), attribute.Int("http.response.status_code", status), attribute.String("http.request.id", request.ID))
	if key := webhookOf(r); key.Name != "" && isPath(key) {
		span.Set(attribute.String("webhook.name", key.String()))
	}
	if status >= http.StatusInternalServerError {
		span.Fail(problemWord(request.Err), http.StatusText(status))
	}
	span.End(now)
}

// problemWord is the last part of the type of an error's problem.
func problemWord(err error) string {
	if err == nil {
		return "internal"
	}
	kind := problemOf(err).Type
	return kind[strings.LastIndexByte(kind, '/')+1:]
}

// answer notes the status of an answer.
type answer struct {
	http.ResponseWriter

	status int // 0 as long as there is none
}

// WriteHeader writes the status.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= http.StatusOK {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write writes to the body, after status 200 if there was no other.
func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Flush sends what was written, for those that ask for [http.Flusher].
func (a *answer) Flush() {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	_ = http.NewResponseController(a.ResponseWriter).Flush() // an error is that of the next write
}

// Unwrap is for [http.ResponseController].
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// server is net/http's own writer, which [http.MaxBytesReader] must have: it closes the
// connection of who sends too much.
func server(w http.ResponseWriter) http.ResponseWriter {
	if a, ok := w.(*answer); ok {
		return a.ResponseWriter
	}
	return w
}
