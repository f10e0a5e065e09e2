package engine

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The headers of W3C Trace Context. They are small on the wire, as the standard
// wants it.
const (
	traceParent = "traceparent"
	traceState  = "tracestate"
)

// traceAttempt begins the span of an attempt, and records how long the call has
// waited for it since it was taken in or its retry was due. The span is nil if the
// call's trace is not recorded.
func (e *Engine) traceAttempt(entry *store.Entry, t *turn) *tracing.Span {
	if e.tracer == nil {
		return nil
	}
	call, state := &entry.Call, &entry.State
	parent, now := tracing.ParseText(call.Trace), e.wall()
	span := e.tracer.Start(parent, tracing.Client, "attempt", now)
	if !span.Recording() {
		return span
	}
	span.Set(
		attribute.String("webhook.name", call.Webhook.String()), attribute.String("webhook.integration", t.integration.Key.String()),
		attribute.String("webhook.call.id", call.ID.String()), attribute.Int("webhook.attempt", state.Attempts+1),
		attribute.String("http.request.method", call.Method),
	)
	if state.Attempts > 0 {
		span.Set(attribute.Int("http.request.resend_count", state.Attempts))
	}
	since := call.CreatedAt
	switch {
	case !state.Due.IsZero():
		since = state.Due
	case state.Series > 0: // since when it was redelivered is not kept
		return span
	}
	if since.After(now) { // the clock went back
		since = now
	}
	if !parent.Valid() {
		parent = span.Context()
	}
	e.tracer.Start(parent, tracing.Internal, "wait", since, attribute.String("webhook.call.id", call.ID.String())).End(now)
	return span
}

// propagate adds the headers by which the receiver can go on with the trace, unless the
// author sends such headers.
func (e *Engine) propagate(request *outbound.Request, call *store.Call, span *tracing.Span) {
	if e.tracer == nil || call.Trace == "" && span == nil || slices.ContainsFunc(request.Headers, isTrace) {
		return
	}
	parent, state, _ := strings.Cut(call.Trace, " ")
	if span != nil {
		parent, state = span.Context().Parent(), span.Context().State()
	}
	request.Headers = append(request.Headers, plan.RenderedHeader{Name: traceParent, Value: parent})
	if state != "" {
		request.Headers = append(request.Headers, plan.RenderedHeader{Name: traceState, Value: state})
	}
	if span.Recording() {
		request.Timing = new(outbound.Timing)
	}
}

// isTrace reports whether a header is one of W3C Trace Context.
func isTrace(h plan.RenderedHeader) bool {
	return len(h.Name) == len(traceParent) && strings.EqualFold(h.Name, traceParent) ||
		len(h.Name) == len(traceState) && strings.EqualFold(h.Name, traceState)
}

// traceEnd ends the span of an attempt, with the steps that its request took. request is
// nil if it could not be made.
func traceEnd(span *tracing.Span, request *outbound.Request, response *outbound.Response, next *store.State) {
	if !span.Recording() {
		return
	}
	now, message := time.Now(), response.Message
	if request != nil {
		mask := request.Masker()
		message = mask.Text(message)
		span.Set(attribute.String("server.address", mask.Text(request.URL.Hostname())))
		if port := portOf(request.URL); port != 0 {
			span.Set(attribute.Int("server.port", port))
		}
		if request.Timing != nil {
			request.Timing.Steps(now, func(step int, from, to time.Time) { span.Child(outbound.StepNames[step], from, to) })
		}
	}
	if response.StatusCode != 0 {
		span.Set(attribute.Int("http.response.status_code", response.StatusCode))
	}
	if next.Finished() {
		span.Set(attribute.String("webhook.outcome", string(next.Outcome)))
	}
	if response.Reason != plan.ReasonSuccess {
		span.Fail(string(response.Reason), message)
	}
	span.End(now)
}

// portOf is the port of a URL; 0 if it has none that is known.
func portOf(u *url.URL) int {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}

// behind is a call as those see it that its outcome triggers: their place in its trace
// is behind the attempt that brought the outcome.
func behind(call *store.Call, span *tracing.Span) *store.Call {
	if span == nil {
		return call
	}
	traced := *call
	traced.Trace = span.Context().Text()
	return &traced
}
