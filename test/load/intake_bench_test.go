//go:build linux

package load

import (
	"fmt"
	"testing"
	"time"
)

// BenchmarkIntake measures calls taken in a second, each fsynced before its 202,
// and the time to the 202. Nothing is sent: the integration is suspended. The
// bare limit beside it, before and after, is the same callers with the same
// requests at the appender.
func BenchmarkIntake(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			benchmarkIntake(b, closedLoop{request: singleRequest("wh"), callers: callers, calls: 1})
		})
	}
	for _, callers := range []int{1, 4} {
		b.Run(fmt.Sprintf("ndjson/connections=%d", callers), func(b *testing.B) {
			benchmarkIntake(b, closedLoop{request: batchRequest("wh"), callers: callers, calls: batchLines})
		})
	}
}

func benchmarkIntake(b *testing.B, load closedLoop) {
	window := window(b, 10*time.Second)
	for b.Loop() {
		before := bareIntake(b, load, window/2)
		ours, shares := intake(b, load, window)
		after := bareIntake(b, load, window/2)
		b.ReportMetric(0, "ns/op")
		reportIntake(b, "", ours)
		b.ReportMetric(float64(ours.refused), "refused")
		bare := taken{perSecond: (before.perSecond + after.perSecond) / 2, latencies: merge(before.latencies, after.latencies)}
		reportIntake(b, "bare-", bare)
		b.ReportMetric(ours.perSecond/bare.perSecond, "ratio")
		reportShares(b, shares)
	}
}

// intake measures a dispatcher that takes calls in and sends none.
func intake(tb testing.TB, load closedLoop, window time.Duration) (taken, map[string]float64) {
	tb.Helper()
	p := newPair("wh", "http://127.0.0.1:1", true)
	p.in.Suspend = true
	w := newWorld(tb, p)
	defer w.kill()
	load.address, load.calls = w.address, 0
	var at []usage
	ours := load.run(tb, window, func() { at = append(at, spent(tb, map[string]*process{"dispatcher": w.process})) })
	return ours, at[1].shares(at[0])
}

// bareIntake measures the same load at the appender.
func bareIntake(tb testing.TB, load closedLoop, window time.Duration) taken {
	tb.Helper()
	appender, address := startAppender(tb)
	defer appender.kill()
	load.address = address
	return load.run(tb, window, nil)
}

func reportIntake(b *testing.B, prefix string, t taken) {
	b.ReportMetric(t.perSecond, prefix+"calls/s")
	b.ReportMetric(milliseconds(quantile(t.latencies, 0.5)), prefix+"p50-ms")
	b.ReportMetric(milliseconds(quantile(t.latencies, 0.99)), prefix+"p99-ms")
}
