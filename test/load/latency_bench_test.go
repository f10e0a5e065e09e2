//go:build linux

package load

import (
	"slices"
	"testing"
	"time"
)

// latencyRate is the calls a second of BenchmarkLatency.
const latencyRate = 1000

// BenchmarkLatency measures, at 1,000 calls a second in an open loop, the time
// from a call's 202 to its request at the receiver (negative if the request was
// quicker than the answer) and from handing it in (call-). The bare limit beside
// it is a request of the same bytes by the bare client at the same rate, from
// sending it to the receiver.
func BenchmarkLatency(b *testing.B) {
	window := window(b, 20*time.Second)
	for b.Loop() {
		receiver, bare := startReceiver(b), startBareClient(b)
		p := newPair("wh", receiver.url(), true)
		w := newWorld(b, p)
		load := sending{
			Root: receiver.url(), Connections: p.in.MaxConcurrency, PerSecond: latencyRate,
			Request: sampleOf(b, receiver, w, "wh"),
		}
		requests := [][]byte{singleRequest("wh")}

		receiver.record(int(latencyRate * window.Seconds() * 2))
		bare.start(load)
		pause(warmth + window)
		from := byNumber(bare.stop())
		bareTimes := latencies(from, received(b, receiver, len(from)), warmedUp(latencyRate))

		receiver.record(int(latencyRate * window.Seconds() * 2))
		called := callOut(b, w.address, requests, latencyRate, warmth+window)
		arrived := received(b, receiver, called.accepted())
		from202 := latencies(called.answered, arrived, warmedUp(latencyRate))
		fromCall := latencies(called.begun, arrived, warmedUp(latencyRate))

		b.ReportMetric(0, "ns/op")
		b.ReportMetric(float64(len(from202))/window.Seconds(), "calls/s")
		reportLatency(b, "", from202)
		reportLatency(b, "call-", fromCall)
		reportLatency(b, "bare-", bareTimes)
		for _, p := range []*process{w.process, receiver.process, bare.process} {
			p.kill()
		}
	}
}

func reportLatency(b *testing.B, prefix string, sorted []time.Duration) {
	b.ReportMetric(milliseconds(quantile(sorted, 0.5)), prefix+"p50-ms")
	b.ReportMetric(milliseconds(quantile(sorted, 0.99)), prefix+"p99-ms")
}

// warmedUp is the first call of a schedule that counts.
func warmedUp(perSecond float64) int { return int(perSecond * warmth.Seconds()) }

// received waits until n requests have come since recording began, and returns
// their times by their place in the schedule.
func received(tb testing.TB, r receiver, n int) []int64 {
	tb.Helper()
	await(tb, patience, "everything accepted to arrive", func() bool { return r.recorded() >= n })
	return byNumber(r.arrivals())
}

// byNumber puts times in the place that the numbers of the calls say. Of several
// arrivals of one call it keeps the first.
func byNumber(arrivals []arrival) []int64 {
	var times []int64
	for _, a := range arrivals {
		i := a.Number - firstNumber
		if i < 0 {
			continue
		}
		for len(times) <= i {
			times = append(times, 0)
		}
		if times[i] == 0 || a.At < times[i] {
			times[i] = a.At
		}
	}
	return times
}

// latencies are the times between from and to, sorted, of the calls from the
// first one on of which both are known.
func latencies(from, to []int64, first int) []time.Duration {
	var all []time.Duration
	for i := first; i < min(len(from), len(to)); i++ {
		if from[i] != 0 && to[i] != 0 {
			all = append(all, time.Duration(to[i]-from[i]))
		}
	}
	slices.Sort(all)
	return all
}

// accepted is how many calls were accepted.
func (c *calledOut) accepted() (n int) {
	for _, at := range c.answered {
		if at != 0 {
			n++
		}
	}
	return n
}
