package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// serviceName is service.name unless OTEL_SERVICE_NAME says otherwise.
const serviceName = "webhook-dispatcher"

// maxAttribute bounds the value of an attribute, in characters.
const maxAttribute = 1024

// Options are the settings of a [Tracer].
type Options struct {
	// Endpoint is the URL of the collector, http or https; /v1/traces is its path if it has none.
	// Headers, certificates and time limits come from the variables of the
	// environment that OpenTelemetry has for them (OTEL_EXPORTER_OTLP_…).
	Endpoint string
	// Ratio is which part of the traces that begin here is recorded, from 0 to 1. Those
	// that a caller began are recorded if the caller says so.
	Ratio float64
	// Version is service.version.
	Version string
	// Logger is told when spans cannot be handed over.
	Logger *slog.Logger
}

// Check says in one sentence what of the options cannot work; nil if nothing.
func (o *Options) Check() error {
	if !(o.Ratio >= 0 && o.Ratio <= 1) { // NaN, too
		return fmt.Errorf("the part of the traces that is recorded is from 0 to 1, not %v", o.Ratio)
	}
	if o.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(o.Endpoint)
	if err != nil { // its text may quote a password
		return errors.New("the address of the collector is no URL, such as https://collector:4318")
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("the address of the collector must begin with http:// or https:// and have a host, such as https://collector:4318")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("the address of the collector has no user name, query or fragment; put credentials into OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// Tracer makes spans. A nil one makes none. It is safe for concurrent use; end it with
// [Tracer.Shutdown].
type Tracer struct {
	tracer trace.Tracer
	export *exporter
}

// New makes a tracer; nil if there is no endpoint. It connects to nothing yet.
func New(o Options) (*Tracer, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Endpoint == "" {
		return nil, nil
	}
	export := newExporter(o.Logger)
	// The SDK would write text to standard error, and quote the headers of
	// the environment where it cannot read them.
	otel.SetLogger(logr.Discard())
	otel.SetErrorHandler(otel.ErrorHandlerFunc(export.warn))
	u, _ := url.Parse(o.Endpoint) // was checked
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	client, err := otlptracehttp.New(context.Background(), otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
		Enabled: true, InitialInterval: time.Second, MaxInterval: 5 * time.Second, MaxElapsedTime: exportTimeout,
	}))
	if err != nil {
		return nil, fmt.Errorf("prepare the export of traces: %w", err)
	}
	from, err := resource.New(context.Background(), resource.WithTelemetrySDK(), resource.WithAttributes(
		attribute.String("service.name", serviceName), attribute.String("service.version", o.Version)), resource.WithFromEnv())
	if err != nil {
		return nil, errors.New("the attributes in OTEL_RESOURCE_ATTRIBUTES are not of the form name=value,name=value")
	}
	limits := sdk.NewSpanLimits()
	limits.AttributeValueLengthLimit = maxAttribute
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(o.Ratio))), sdk.WithResource(from),
		sdk.WithRawSpanLimits(limits), sdk.WithSpanProcessor(export),
	)
	export.run(client)
	return &Tracer{tracer: provider.Tracer("github.com/maestra-io/webhook-operator/dispatcher", trace.WithInstrumentationVersion(o.Version)), export: export}, nil
}

// Shutdown hands over the spans that have ended, until ctx ends. Later ones are
// dropped.
func (t *Tracer) Shutdown(ctx context.Context) error {
	if t == nil {
		return nil
	}
	return t.export.Shutdown(ctx)
}

// Dropped is how many spans were not handed over: the queue was full, or the collector
// did not take them.
func (t *Tracer) Dropped() uint64 {
	if t == nil {
		return 0
	}
	return t.export.dropped.Load()
}

// On reports whether there are spans at all.
func (t *Tracer) On() bool { return t != nil }

// The kinds of spans.
const (
	Internal = trace.SpanKindInternal
	Server   = trace.SpanKindServer
	Client   = trace.SpanKindClient
	Consumer = trace.SpanKindConsumer
)

// Start begins a span at a time. Without a parent it begins a trace, which is recorded
// or not. The result is nil, and no memory is taken, if the tracer is, or if the parent
// is of a trace that is not recorded.
func (t *Tracer) Start(parent Context, kind trace.SpanKind, name string, at time.Time, attributes ...attribute.KeyValue) *Span {
	if t == nil || parent.Valid() && !parent.Sampled() {
		return nil
	}
	return t.start(parent, trace.WithSpanKind(kind), name, trace.WithTimestamp(at), trace.WithAttributes(attributes...))
}

// Linked is Start for a span that another trace led to, too.
func (t *Tracer) Linked(parent Context, kind trace.SpanKind, name string, at time.Time, to *Span) *Span {
	if t == nil || parent.Valid() && !parent.Sampled() {
		return nil
	}
	var options []trace.SpanStartOption
	if link := to.Context(); link.Valid() && link.trace != parent.trace {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: link.remote()}))
	}
	return t.start(parent, trace.WithSpanKind(kind), name, append(options, trace.WithTimestamp(at))...)
}

func (t *Tracer) start(parent Context, kind trace.SpanStartOption, name string, options ...trace.SpanStartOption) *Span {
	ctx := context.Background()
	if parent.Valid() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, parent.remote())
	}
	_, span := t.tracer.Start(ctx, name, append(options, kind)...)
	return &Span{tracer: t, span: span, context: contextOf(span.SpanContext())}
}

// Span is a step of a trace that is under way. A nil one does nothing. The last call is
// [Span.End].
type Span struct {
	tracer  *Tracer
	span    trace.Span // nil if only the context is known
	context Context
}

// At is a span of somebody else's that is only a place in a trace, for what is behind
// it; nil for the zero value.
func At(c Context) *Span {
	if !c.Valid() {
		return nil
	}
	return &Span{context: c}
}

// Context is the place of the span, for what is behind it.
func (s *Span) Context() Context {
	if s == nil {
		return Context{}
	}
	return s.context
}

// Recording reports whether anybody will see the span.
func (s *Span) Recording() bool { return s != nil && s.span != nil && s.context.Sampled() }

// Name gives the span another name.
func (s *Span) Name(name string) {
	if s.Recording() {
		s.span.SetName(name)
	}
}

// Set adds attributes.
func (s *Span) Set(attributes ...attribute.KeyValue) {
	if s.Recording() {
		s.span.SetAttributes(attributes...)
	}
}

// Fail says that the step failed: reason in one word, which is error.type, and message in
// one sentence without private values.
func (s *Span) Fail(reason, message string) {
	if s.Recording() {
		s.span.SetAttributes(attribute.String("error.type", reason))
		s.span.SetStatus(codes.Error, message)
	}
}

// Child records a step of the span that has ended already.
func (s *Span) Child(name string, from, to time.Time, attributes ...attribute.KeyValue) {
	if !s.Recording() {
		return
	}
	s.tracer.Start(s.context, Internal, name, from, attributes...).End(to)
}

// End ends the span at a time.
func (s *Span) End(at time.Time) {
	if s != nil && s.span != nil {
		s.span.End(trace.WithTimestamp(at))
	}
}
