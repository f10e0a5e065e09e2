package e2e

import (
	"context"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/test/receiver"
)

// BenchmarkSamplesReady measures kubectl apply -k config/samples until every
// object is Ready, as ready-ms. The bare limit beside it, apply-ms, is kubectl
// itself: the time it takes to return.
func BenchmarkSamplesReady(b *testing.B) {
	w := newWorld(b, receiver.Options{})
	samples := filepath.Join("..", "..", "config", "samples")
	var apply, ready []time.Duration
	for b.Loop() {
		begun := time.Now()
		w.kubectl("apply", "-k", samples)
		apply = append(apply, time.Since(begun))
		for !w.allReady() {
		}
		ready = append(ready, time.Since(begun))
		w.kubectl("delete", "-k", samples)
	}
	b.ReportMetric(milliseconds(median(apply)), "apply-ms")
	b.ReportMetric(milliseconds(median(ready)), "ready-ms")
}

// latencyCalls is how many calls one round of BenchmarkLatency sends.
const latencyCalls = 100

// BenchmarkLatency measures, as medians over 100 calls one after the other, the
// time from handing a call in to its request at the receiver (call-to-receiver),
// and from its 202 to there (202-to-receiver, negative if the request was
// quicker than the answer). The bare limit beside them is a POST of the same
// bytes straight to the receiver.
func BenchmarkLatency(b *testing.B) {
	w := newWorld(b, receiver.Options{})
	w.apply(crashObjects)
	w.ready()
	var fromCall, from202, bare []time.Duration
	received := 0
	next := func() receiver.Request {
		received++
		return w.received(received)[received-1]
	}
	for b.Loop() {
		for range latencyCalls {
			begun := time.Now()
			if _, err := w.Client.Call(b.Context(), w.namespace, "with-key", []byte(`{"n": 1}`)); err != nil {
				b.Fatal(err)
			}
			answered := time.Now()
			at := next().Time
			fromCall, from202 = append(fromCall, at.Sub(begun)), append(from202, at.Sub(answered))

			begun = time.Now()
			w.post(b.Context(), `{"n": 1, "id": "019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"}`)
			bare = append(bare, next().Time.Sub(begun))
		}
	}
	b.ReportMetric(milliseconds(median(fromCall)), "call-to-receiver-ms")
	b.ReportMetric(milliseconds(median(from202)), "202-to-receiver-ms")
	b.ReportMetric(milliseconds(median(bare)), "bare-ms")
}

// post posts a body straight to the receiver.
func (w *world) post(ctx context.Context, body string) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.receiver.URL()+"/with", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// median is the middle of the values.
func median(values []time.Duration) time.Duration {
	slices.Sort(values)
	return values[len(values)/2]
}

// milliseconds is a duration as a metric.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
