//go:build linux

package load

import (
	"testing"
	"time"
)

// BenchmarkDelivery measures calls delivered a second end to end, 64 under way
// at most: handed in by NDJSON, rendered, fsynced, sent, the ends stored. The
// bare limit beside it, before and after, is the bare client with the same bytes
// to the same receiver. Without the key each attempt is marked, fsynced, before
// it is sent; with it not. cpu-us/call is the CPU that the dispatcher, or the bare
// client, spends on a call.
func BenchmarkDelivery(b *testing.B) {
	b.Run("with-key", func(b *testing.B) { benchmarkDelivery(b, true) })
	b.Run("without-key", func(b *testing.B) { benchmarkDelivery(b, false) })
}

func benchmarkDelivery(b *testing.B, key bool) {
	for b.Loop() {
		d := measureDelivery(b, key, window(b, time.Minute))
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(d.perSecond, "delivered/s")
		b.ReportMetric(d.bare, "bare/s")
		b.ReportMetric(d.perSecond/d.bare, "ratio")
		b.ReportMetric(float64(d.leastWaiting), "least-waiting")
		b.ReportMetric(float64(d.refused), "refused")
		reportShares(b, d.shares)
		b.ReportMetric(d.bareShare, "bare-%core")
		b.ReportMetric(d.shares["dispatcher"]*1e4/d.perSecond, "cpu-us/call")
		b.ReportMetric(d.bareShare*1e4/d.bare, "bare-cpu-us/call")
	}
}

// delivery is what a run of BenchmarkDelivery finds.
type delivery struct {
	perSecond, bare float64
	shares          map[string]float64 // of a core, while the dispatcher delivers
	bareShare       float64            // of a core, that of the bare client
	leastWaiting    int64              // accepted and not received; at 0 the callers were the limit
	refused         int64
	accepted        int64 // in all
}

// mostWaiting bounds the calls that wait while delivery is measured. It is more
// than a second's.
const mostWaiting = 20_000

// measureDelivery measures the bare client for a sixth of a window, the dispatcher for
// a window, and the bare client again.
func measureDelivery(tb testing.TB, key bool, window time.Duration) delivery {
	tb.Helper()
	receiver, bare := startReceiver(tb), startBareClient(tb)
	defer receiver.kill()
	defer bare.kill()
	p := newPair("wh", receiver.url(), key)
	w := newWorld(tb, p)
	defer w.kill()
	load := sending{Root: receiver.url(), Connections: p.in.MaxConcurrency, Request: sampleOf(tb, receiver, w, "wh")}
	sameBytes(tb, load.Request, receiver.sampled(func() { bare.start(load); bare.stop() }))

	var d delivery
	before, beforeShare := bareDelivery(receiver, bare, load, window/6)
	d.run(tb, receiver, w, window)
	after, afterShare := bareDelivery(receiver, bare, load, window/6)
	d.bare, d.bareShare = (before+after)/2, (beforeShare+afterShare)/2
	return d
}

// sampleOf hands in one call and returns the request that came of it.
func sampleOf(tb testing.TB, r receiver, w *world, webhook string) sample {
	tb.Helper()
	return r.sampled(func() {
		caller := newWire(w.address)
		defer caller.close()
		if a, err := caller.do(singleRequest(webhook)); err != nil || a.status != 202 {
			tb.Fatalf("a single call is answered %d, %v: %s", a.status, err, a.body)
		}
	})
}

// bareDelivery measures the bare client's requests a second at the receiver.
func bareDelivery(r receiver, bare sender, load sending, window time.Duration) (perSecond, share float64) {
	bare.start(load)
	pause(min(warmth, window))
	processes := map[string]*process{"bare": bare.process}
	count, before := r.count(), spent(r.tb, processes)
	pause(window)
	count, after := r.count()-count, spent(r.tb, processes)
	bare.stop()
	return float64(count) / after.at.Sub(before.at).Seconds(), after.shares(before)["bare"]
}

// run measures the dispatcher, then sees that everything accepted has arrived,
// once.
func (d *delivery) run(tb testing.TB, r receiver, w *world, window time.Duration) {
	tb.Helper()
	start := r.count()
	f := &feeder{request: batchRequest("wh"), address: w.address, limit: mostWaiting}
	f.run(tb, 2)
	// watch sees often what has come, so that the feeder knows how much waits.
	watch := func(span time.Duration) (least int64) {
		least = mostWaiting
		for end := time.Now().Add(span); time.Now().Before(end); pause(20 * time.Millisecond) {
			accepted := f.accepted.Load()
			f.received.Store(r.count() - start)
			least = min(least, accepted-f.received.Load())
		}
		return least
	}
	watch(2 * min(warmth, window))
	processes := map[string]*process{"dispatcher": w.process, "receiver": r.process}
	count, before := r.count(), spent(tb, processes)
	d.leastWaiting = watch(window)
	count, after := r.count()-count, spent(tb, processes)
	d.perSecond, d.shares = float64(count)/after.at.Sub(before.at).Seconds(), after.shares(before)

	d.accepted, d.refused = f.stop(), f.refused.Load()
	await(tb, time.Minute, "everything accepted to arrive", func() bool { return r.count()-start >= d.accepted })
	pause(100 * time.Millisecond) // for what would be too much
	if received := r.count() - start; received != d.accepted {
		tb.Errorf("%d calls were accepted and %d requests received", d.accepted, received)
	}
}
