//go:build linux

package load

import (
	"fmt"
	"testing"
	"time"
)

// waitingCalls is how many calls wait in BenchmarkWaiting, unless LOAD_WAITING
// says otherwise.
const waitingCalls = 1_000_000

// BenchmarkWaiting measures what calls that wait cost: memory once they are
// taken in and nothing moves any more, and the time from the start of the
// program over them to its health checks, after an end in order and after kill
// -9 (killed-). The bare limit is the same program without calls (empty-).
func BenchmarkWaiting(b *testing.B) {
	calls := int(number(b, "LOAD_WAITING", waitingCalls))
	for b.Loop() {
		p := newPair("wh", "http://127.0.0.1:1", true)
		p.in.Suspend = true
		w := newWorld(b, p)
		b.ReportMetric(0, "ns/op")
		w.settle()
		reportMemory(b, "empty-", w.memory())
		w.restart(b, "empty-", w.stop)

		begun := time.Now()
		filled := fill(b, w, "wh", calls)
		b.ReportMetric(float64(filled)/time.Since(begun).Seconds(), "filled/s")
		b.ReportMetric(float64(filled), "calls")
		w.settle()
		reportMemory(b, "", w.memory())

		w.restart(b, "", w.stop)
		w.settle()
		reportMemory(b, "restarted-", w.memory())
		w.restart(b, "killed-", w.kill)
		w.kill()
	}
}

// restart ends the dispatcher and starts it again, and reports how long after
// the start it is healthy and ready.
func (w *world) restart(b *testing.B, prefix string, end func()) {
	b.Helper()
	end()
	begun := time.Now()
	w.start(b) // until it is healthy
	b.ReportMetric(milliseconds(time.Since(begun)), prefix+"healthz-ms")
	await(b, patience, "the configuration", func() bool { return w.healthy("/readyz") })
	b.ReportMetric(milliseconds(time.Since(begun)), prefix+"readyz-ms")
}

func reportMemory(b *testing.B, prefix string, m memory) {
	b.ReportMetric(m.resident, prefix+"rss-MiB")
	b.ReportMetric(m.peak, prefix+"peak-MiB")
	b.ReportMetric(m.anonymous, prefix+"anon-MiB")
}

// idleIntegrations is how many there are in BenchmarkIdle.
const idleIntegrations = 10_000

// BenchmarkIdle measures what 10,000 integrations with one webhook each cost
// when nobody calls: memory and CPU. The bare limit is the same program with one
// (one-). With the configuration it measures the time until all are taken, too.
func BenchmarkIdle(b *testing.B) {
	window := window(b, 20*time.Second)
	for b.Loop() {
		b.ReportMetric(0, "ns/op")
		for _, count := range []int{1, idleIntegrations} {
			prefix := ""
			if count == 1 {
				prefix = "one-"
			}
			pairs := make([]pair, count)
			for i := range pairs {
				pairs[i] = newPair(fmt.Sprintf("wh-%05d", i), "http://127.0.0.1:1", true)
			}
			w := newWorld(b, pairs...)
			b.ReportMetric(milliseconds(w.configured), prefix+"configured-ms")
			w.settle()
			processes := map[string]*process{"dispatcher": w.process}
			before := spent(b, processes)
			pause(window)
			b.ReportMetric(spent(b, processes).shares(before)["dispatcher"], prefix+"%core")
			reportMemory(b, prefix, w.memory())
			w.kill()
		}
	}
}
