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
// receiver's handler began. The latter has the receiver's own delays in it.
// one-more-ms is the shortest span in which one more than the limit were sent,
// which says by how much a second with too many was too short. The bare limit is
// the setting itself.
func BenchmarkLimiter(b *testing.B) {
	for _, limit := range []int{1, 10, 100, 1000} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			window := window(b, 30*time.Second)
			for b.Loop() {
				sent, handled := measureLimiter(b, limit, window)
				// Half a slot off, so that no send is at the edge of the window.
				begin := sent[0] + int64(warmth) - int64(time.Second)/int64(2*limit)
				count := 0
				for _, at := range sent {
					if at >= begin && at < begin+int64(window) {
						count++
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(100*float64(count)/(float64(limit)*window.Seconds()), "%used")
				b.ReportMetric(float64(busiest(sent)), "most-sent/s")
				b.ReportMetric(milliseconds(closest(sent, limit)), "one-more-ms")
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
	p.in.RequestsPerSecond, p.in.Suspend = limit, true
	w := newWorld(tb, p)
	defer w.kill()
	span := window + 2*warmth
	calls := int(float64(limit)*(span+warmth).Seconds()) + 1
	r.record(calls)
	fill(tb, w, "wh", calls)
	p.in.Suspend = false
	w.control.SetIntegration(p.in)
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
	if len(arrivals) >= calls {
		tb.Fatal("there were not always calls that waited")
	}
	return sent, handled
}
