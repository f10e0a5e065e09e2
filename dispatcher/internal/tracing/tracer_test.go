package tracing

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// TestOptions: what cannot work is said, without what may be secret.
func TestOptions(t *testing.T) {
	for _, o := range []Options{
		{}, {Ratio: 1}, {Endpoint: "http://localhost:4318"}, {Endpoint: "https://collector/a/b", Ratio: 0.5},
	} {
		if err := o.Check(); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	for _, o := range []Options{
		{Ratio: -0.1}, {Ratio: 1.1}, {Ratio: math.NaN()}, {Endpoint: "collector:4318"}, {Endpoint: "grpc://collector"}, {Endpoint: "http://"},
		{Endpoint: "http://user:s3cr3t@collector"}, {Endpoint: "http://collector/?key=s3cr3t"}, {Endpoint: "http://user:s3cr3t@coll ector"}, {Endpoint: "/v1"},
	} {
		err := o.Check()
		if err == nil || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%+v: %v", o, err)
		}
		if tracer, err := New(o); tracer != nil || err == nil {
			t.Errorf("%+v makes a tracer, %v", o, err)
		}
	}
	if tracer, err := New(Options{}); tracer != nil || err != nil {
		t.Errorf("without an endpoint: %v, %v", tracer, err)
	}
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "s3cr3t")
	if _, err := New(Options{Endpoint: "http://localhost:4318"}); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("with bad attributes: %v", err)
	}
}

// TestNil: without a tracer everything works, and does nothing.
func TestNil(t *testing.T) {
	var tracer *Tracer
	span := tracer.Start(Context{}, Server, "a", time.Now())
	span.Name("b")
	span.Set()
	span.Fail("Reason", "message")
	span.Child("c", time.Now(), time.Now())
	span.End(time.Now())
	if span.Recording() || span.Context().Valid() || tracer.On() || tracer.Dropped() != 0 || tracer.Shutdown(context.Background()) != nil {
		t.Error("there is something")
	}
	at := At(Parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", ""))
	at.End(time.Now())
	if at.Recording() || !at.Context().Valid() || At(Context{}) != nil {
		t.Error("a place is not one")
	}
}

// stuck is a collector that takes nothing before its request is given up.
type stuck struct{ batches chan int }

func (s stuck) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	s.batches <- len(spans)
	<-ctx.Done()
	return ctx.Err()
}

func (stuck) Shutdown(context.Context) error { return nil }

// TestQueue: spans that nobody takes are bounded in number, counted, and told of once a
// minute.
func TestQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		e := newExporter(slog.New(slog.NewTextHandler(&log, nil)))
		provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(e))
		to := stuck{make(chan int, 100)}
		e.run(to)
		tracer := &Tracer{tracer: provider.Tracer("test"), export: e}
		end := func(n int) {
			for range n {
				tracer.Start(Context{}, Server, "a", time.Now()).End(time.Now())
			}
		}
		end(batchLength)
		synctest.Wait() // the first batch is under way
		end(queueLength + 100)
		if n := tracer.Dropped(); n != 100 {
			t.Errorf("%d were dropped, want 100", n)
		}
		wait := time.NewTimer(55 * time.Second)
		<-wait.C
		if n := strings.Count(log.String(), "level=WARN"); n != 1 {
			t.Errorf("within a minute the log has %d lines:\n%s", n, log.String())
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := tracer.Shutdown(ctx); err == nil {
			t.Error("what could not be handed over was")
		}
		end(1)
		synctest.Wait()
		if n := tracer.Dropped(); n != batchLength+queueLength+101 {
			t.Errorf("%d were dropped in the end", n)
		}
	})
}

// TestShutdownHandsOver what has ended, whole batches and the rest.
func TestShutdownHandsOver(t *testing.T) {
	requests := make(chan string, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { requests <- r.URL.Path }))
	defer server.Close()
	tracer, err := New(Options{Endpoint: server.URL + "/prefix/traces", Ratio: 1, Version: "v"})
	if err != nil {
		t.Fatal(err)
	}
	for range batchLength + 1 {
		tracer.Start(Context{}, Server, "a", time.Now()).End(time.Now())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := tracer.Shutdown(ctx); err != nil || tracer.Dropped() != 0 || len(requests) != 2 {
		t.Errorf("%v, %d dropped, %d requests", err, tracer.Dropped(), len(requests))
	}
	if path := <-requests; path != "/prefix/traces" {
		t.Errorf("the path is %q", path)
	}
}

// BenchmarkAttempt is what an attempt's spans take that are recorded.
func BenchmarkAttempt(b *testing.B) {
	e := newExporter(nil)
	tracer := &Tracer{tracer: sdk.NewTracerProvider(sdk.WithSpanProcessor(e)).Tracer("test"), export: e}
	parent := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	b.ReportAllocs()
	for b.Loop() {
		now := time.Now()
		span := tracer.Start(ParseText(parent), Client, "attempt", now)
		span.Child("gate", now, now)
		span.Child("first byte", now, now)
		span.Child("read", now, now)
		span.End(now)
	}
}
