//go:build linux

package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// integrations is how many there are in BenchmarkIsolation, each with one
// webhook. Of these 5 % refuse connections, 5 % accept them and never answer,
// and 10 % are limited to a third or so of what they are offered.
const integrations = 1000

// isolationRate is the calls a second of all integrations together, unless
// LOAD_RATE says otherwise.
const isolationRate = 3000

// BenchmarkIsolation measures what integrations that do not work cost those
// that do: the healthy ones' requests a second and the time from a call's 202 to
// its request, beside the same load on the healthy ones alone. Every integration
// is offered the same. If fewer are accepted a second than offered, the machine
// is too slow for the rate, and the figures are those of an overload.
func BenchmarkIsolation(b *testing.B) {
	window := window(b, 20*time.Second)
	each := number(b, "LOAD_RATE", isolationRate) / integrations
	for b.Loop() {
		bad, good := isolationPairs()
		alone := isolation(b, nil, good, each, window)
		beside := isolation(b, bad, good, each, window)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(each*float64(len(good)), "offered/s")
		for prefix, r := range map[string]isolated{"": beside, "alone-": alone} {
			b.ReportMetric(r.accepted, prefix+"accepted/s")
			b.ReportMetric(r.perSecond, prefix+"received/s")
			reportLatency(b, prefix, r.latencies)
			b.ReportMetric(r.share, prefix+"dispatcher-%core")
			b.ReportMetric(r.refused, prefix+"refused")
		}
		b.ReportMetric(beside.perSecond/alone.perSecond, "throughput-ratio")
		b.ReportMetric(float64(quantile(beside.latencies, 0.99))/float64(quantile(alone.latencies, 0.99)), "p99-ratio")
		b.ReportMetric(beside.limitedPerSecond, "limited/s")
	}
}

// The kinds of integrations.
const (
	healthy = iota
	refusing
	silent
	limited
)

// isolationPairs returns the integrations that do not work and those that do.
// Their roots are filled in when there is a receiver.
func isolationPairs() (bad, good []kindPair) {
	for i := range integrations {
		p := kindPair{newPair(fmt.Sprintf("wh-%03d", i), "", true), healthy}
		// Failures are repeated soon, so that the load has retries in it, too.
		p.in.Retry = plan.Retry{
			Retries: 3, Backoff: plan.BackoffConstant, Delay: 5 * time.Second, MaxDelay: time.Minute, Reasons: plan.DefaultRetry().Reasons,
		}
		switch i % 20 {
		case 0:
			p.kind = refusing
		case 5:
			p.kind, p.in.Timeout = silent, 5*time.Second
		case 10, 15:
			p.kind, p.in.RequestsPerSecond = limited, 1
		default:
			good = append(good, p)
			continue
		}
		bad = append(bad, p)
	}
	return bad, good
}

type kindPair struct {
	pair
	kind int
}

// isolated is what came of one run.
type isolated struct {
	accepted, perSecond float64         // of the healthy ones, a second
	latencies           []time.Duration // of the healthy ones, sorted
	limitedPerSecond    float64
	share, refused      float64
}

// isolation runs the load on a fresh dispatcher, each calls a second for every
// integration.
func isolation(tb testing.TB, bad, good []kindPair, each float64, window time.Duration) isolated {
	tb.Helper()
	r, slow := startReceiver(tb), startReceiver(tb) // of their own, so that each can be counted
	defer r.kill()
	defer slow.kill()
	roots := map[int]string{healthy: r.url(), limited: slow.url(), silent: r.deadURL(), refusing: "http://127.0.0.1:1"}
	var pairs []pair
	var requests [][]byte
	var kinds []int
	for _, p := range interleave(bad, good) {
		p.in.URL = roots[p.kind]
		pairs, requests, kinds = append(pairs, p.pair), append(requests, singleRequest(p.wh.Key.Name)), append(kinds, p.kind)
	}
	w := newWorld(tb, pairs...)
	defer w.kill()

	rate := each * float64(len(pairs))
	r.record(int(rate * window.Seconds() * 2))
	processes := map[string]*process{"dispatcher": w.process}
	before, begin := spent(tb, processes), now()+int64(warmth)
	called := callOut(tb, w.address, requests, rate, warmth+window)
	after := spent(tb, processes)
	result := isolated{
		share: after.shares(before)["dispatcher"], refused: float64(called.refused.Load()),
		limitedPerSecond: float64(slow.count()) / after.at.Sub(before.at).Seconds(),
	}
	for i := range called.answered {
		if kinds[i%len(kinds)] != healthy {
			called.answered[i] = 0
		}
	}
	arrived := received(tb, r, called.accepted())
	result.latencies = latencies(called.answered, arrived, warmedUp(rate))
	result.accepted = perSecond(called.answered, begin, window)
	result.perSecond = perSecond(arrived, begin, window)
	return result
}

// perSecond is how many of the times are in the window that begins at begin.
func perSecond(times []int64, begin int64, window time.Duration) float64 {
	n := 0
	for _, at := range times {
		if at >= begin && at < begin+int64(window) {
			n++
		}
	}
	return float64(n) / window.Seconds()
}

// interleave spreads the ones over the others.
func interleave(bad, good []kindPair) []kindPair {
	all := make([]kindPair, 0, len(bad)+len(good))
	for i := range max(len(bad), len(good)) {
		if len(bad) > 0 && i*len(bad)/len(good) != (i+1)*len(bad)/len(good) {
			all = append(all, bad[i*len(bad)/len(good)])
		}
		all = append(all, good[i])
	}
	return all
}
