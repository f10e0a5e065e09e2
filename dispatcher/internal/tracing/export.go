package tracing

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/time/rate"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/redact"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// queueLength is how many ended spans wait to be handed over; each takes a few
	// kilobytes at most.
	queueLength = 4096
	// batchLength is how many go in one request, batchTime how long the first of them waits.
	batchLength = 512
	batchTime   = 2 * time.Second
	// exportTimeout bounds one request with all its repetitions.
	exportTimeout = 20 * time.Second
	// warnEvery is how often it is said that spans cannot be handed over.
	warnEvery = time.Minute
	// maxWarning bounds what is said, in bytes.
	maxWarning = 500
)

// exporter hands ended spans over, in batches. It is the SDK's batch processor with a
// count of what was dropped, and with warnings that are few.
type exporter struct {
	queue   chan sdk.ReadOnlySpan
	closing chan struct{}
	closed  sync.Once
	ended   chan struct{}
	abort   context.CancelFunc // of the request under way
	aborted context.Context
	dropped atomic.Uint64

	log    *slog.Logger
	masker *redact.Masker
	told   *rate.Limiter
	silent atomic.Uint64 // dropped, as of the last warning
}

func newExporter(log *slog.Logger) *exporter {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	e := &exporter{
		queue: make(chan sdk.ReadOnlySpan, queueLength), closing: make(chan struct{}), ended: make(chan struct{}),
		log: log, masker: redact.New(headerValues()...), told: rate.NewLimiter(rate.Every(warnEvery), 1),
	}
	e.aborted, e.abort = context.WithCancel(context.Background())
	return e
}

// headerValues are the values of the headers for the collector, as the environment
// has them: a collector may quote them.
func headerValues() (values []plan.Secret) {
	for _, name := range []string{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"} {
		for pair := range strings.SplitSeq(os.Getenv(name), ",") {
			_, value, _ := strings.Cut(pair, "=")
			value = strings.TrimSpace(value)
			if decoded, err := url.PathUnescape(value); err == nil {
				value = decoded
			}
			values = append(values, plan.NewSecret(value))
			if _, credentials, ok := strings.Cut(value, " "); ok { // Bearer …
				values = append(values, plan.NewSecret(credentials))
			}
		}
	}
	return values
}

// OnStart implements sdk.SpanProcessor.
func (*exporter) OnStart(context.Context, sdk.ReadWriteSpan) {}

// OnEnd takes a span over, or drops it.
func (e *exporter) OnEnd(s sdk.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	select {
	case <-e.closing:
		e.dropped.Add(1)
		return
	default:
	}
	select {
	case e.queue <- s:
	default:
		e.dropped.Add(1)
	}
}

// ForceFlush implements sdk.SpanProcessor; nothing here asks for it.
func (*exporter) ForceFlush(context.Context) error { return nil }

// run hands spans over until Shutdown.
func (e *exporter) run(to sdk.SpanExporter) {
	go func() {
		defer close(e.ended)
		timer := time.NewTicker(batchTime)
		defer timer.Stop()
		batch := make([]sdk.ReadOnlySpan, 0, batchLength)
		flush := func() {
			e.send(to, batch)
			clear(batch)
			batch = batch[:0]
		}
		for {
			select {
			case s := <-e.queue:
				if batch = append(batch, s); len(batch) == batchLength {
					flush()
				}
			case <-timer.C:
				flush()
			case <-e.closing:
				for {
					select {
					case s := <-e.queue:
						if batch = append(batch, s); len(batch) == batchLength {
							flush()
						}
						continue
					default:
					}
					flush()
					_ = to.Shutdown(e.aborted) // there is nothing under way
					return
				}
			}
		}
	}()
}

// send hands a batch over, or drops it.
func (e *exporter) send(to sdk.SpanExporter, batch []sdk.ReadOnlySpan) {
	if len(batch) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(e.aborted, exportTimeout)
	defer cancel()
	if err := to.ExportSpans(ctx, batch); err != nil {
		e.dropped.Add(uint64(len(batch)))
		e.warn(err)
	}
}

// warn says that spans were lost, now and then.
func (e *exporter) warn(err error) {
	if !e.told.Allow() {
		return
	}
	dropped := e.dropped.Load()
	text := e.masker.Text(err.Error())
	if len(text) > maxWarning {
		text = strings.ToValidUTF8(text[:maxWarning], "") + "…"
	}
	e.log.Warn("traces could not be handed over to the collector, and are lost; see --otlp-endpoint",
		"error", text, "spans", dropped-e.silent.Swap(dropped))
}

// Shutdown implements sdk.SpanProcessor: it hands over what waits until ctx ends.
func (e *exporter) Shutdown(ctx context.Context) error {
	e.closed.Do(func() { close(e.closing) })
	defer e.abort()
	select {
	case <-e.ended:
		return nil
	case <-ctx.Done():
		return errors.New("the last traces could not be handed over to the collector in time")
	}
}
