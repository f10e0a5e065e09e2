//go:build linux

package load

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkLimiter measures how exactly requestsPerSecond is kept while there
// are always calls that wait: the share of the limit that is used, and the most
// requests in any sliding second, by the time they were sent and by the time the
// receiver's handler began. The latter has the receiver's own delays in it. The
// bare limit is the setting itself.
func BenchmarkLimiter(b *testing.B) {
	for _, limit := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			window := window(b, 30*time.Second)
			for b.Loop() {
				sent, handled := measureLimiter(b, limit, window)
				begin := sent[0] + int64(warmth)
				count := 0
				for _, at := range sent {
					if at >= begin && at < begin+int64(window) {
						count++
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(100*float64(count)/(float64(limit)*window.Seconds()), "%used")
				b.ReportMetric(float64(busiest(sent)), "most-sent/s")
				b.ReportMetric(float64(busiest(handled)), "most-handled/s")
			}
		})
	}
}

// measureLimiter runs an integration with the limit for a little longer than the
// window and returns, sorted, when its requests were sent and handled.
func measureLimiter(tb testing.TB, limit int, window time.Duration) (sent, handled []int64) {
	tb.Helper()
	r := startReceiver(tb)
	defer r.kill()
	p := newPair("wh", r.stampedURL(), true)
	p.in.RequestsPerSecond = limit
	w := newWorld(tb, p)
	defer w.kill()
	span := window + 2*warmth
	calls := int(float64(limit) * span.Seconds())
	r.record(calls * 2)
	fill(tb, w, "wh", calls*3/2+1)
	await(tb, patience, "a first request", func() bool { return r.recorded() > 0 })
	pause(span)
	arrivals := r.arrivals()
	for _, a := range arrivals {
		sent, handled = append(sent, a.Sent), append(handled, a.At)
	}
	slices.Sort(sent)
	slices.Sort(handled)
	if sent[0] == 0 {
		tb.Fatal("the kernel has not told when a request was sent")
	}
	if int64(len(arrivals)) >= int64(calls*3/2+1) {
		tb.Fatal("there were not always calls that waited")
	}
	return sent, handled
}
