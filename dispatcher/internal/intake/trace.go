package intake

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// traceRender begins the span of the rendering of a call; nil if its trace is not
// recorded.
func (i *Intake) traceRender(call *store.Call) *tracing.Span {
	if i.tracer == nil || call.Trace == "" {
		return nil
	}
	span := i.tracer.Start(tracing.ParseText(call.Trace), tracing.Internal, "render", time.Now())
	if span.Recording() {
		span.Set(attribute.String("webhook.name", call.Webhook.String()), attribute.String("webhook.call.id", call.ID.String()))
	}
	return span
}

// traceOf is the place in a trace of calls that a request makes; see [store.Call].
func traceOf(ctx context.Context) string { return tracing.Of(ctx).Span.Context().Text() }

// traceEvent is the same for the calls that an event makes: behind the trace in its
// attributes, if it has one (CloudEvents, distributed tracing extension), and else
// behind that of the request. The span, which may be nil, is to be ended.
func (b *batch) traceEvent(e *trigger.Event) (string, *tracing.Span) {
	parent := tracing.Parse(e.Extensions["traceparent"], e.Extensions["tracestate"])
	if !parent.Valid() {
		return b.trace, nil
	}
	span := b.intake.tracer.Linked(parent, tracing.Consumer, "event", b.now, tracing.Of(b.ctx).Span)
	if span == nil {
		return parent.Text(), nil
	}
	span.Set(attribute.String("cloudevents.event_type", e.Type))
	return span.Context().Text(), span
}

// traceStore records a step of the store that ended now, with the calls that it made durable.
func (b *batch) traceStore(began time.Time, calls int) {
	if span := tracing.Of(b.ctx).Span; span.Recording() {
		span.Child("store", began, time.Now(), attribute.Int("webhook.calls", calls))
	}
}

// tellAccepted logs which calls a request made.
func (b *batch) tellAccepted(entries []*store.Entry) {
	if !b.intake.log.Enabled(b.ctx, levelAccepted) {
		return
	}
	request := tracing.Of(b.ctx)
	for _, entry := range entries {
		b.intake.log.Log(b.ctx, levelAccepted, "call accepted", "call", entry.Call.ID.String(), "webhook", entry.Call.Webhook.String(),
			"requestId", request.ID, "caller", entry.Call.Caller, "traceId", tracing.TraceOf(entry.Call.Trace))
	}
}
