package metrics

import (
	"fmt"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// many is a dispatcher with a thousand integrations.
func many() (*Metrics, []*store.End) {
	m := New(Options{})
	for i := range 1000 {
		m.SetIntegration(key(fmt.Sprintf("in-%d", i)), true)
		m.SetWebhook(key(fmt.Sprintf("wh-%d", i)), key(fmt.Sprintf("in-%d", i)), true)
	}
	c := call("wh-500")
	return m, []*store.End{{Call: &c, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: now}, Attempt: attempt(200, plan.ReasonSuccess)}}
}

// BenchmarkEnded counts an attempt that ends its call: two counters and two histograms.
func BenchmarkEnded(b *testing.B) {
	m, ends := many()
	b.ReportAllocs()
	for b.Loop() {
		m.Ended(ends)
	}
}

// BenchmarkAccepted counts a call.
func BenchmarkAccepted(b *testing.B) {
	m, _ := many()
	entries := []*store.Entry{{Call: call("wh-500")}}
	b.ReportAllocs()
	for b.Loop() {
		m.Accepted(entries)
	}
}

// BenchmarkScrape gathers the metrics of a thousand integrations.
func BenchmarkScrape(b *testing.B) {
	m, _ := many()
	for b.Loop() {
		if _, err := m.Gatherer().Gather(); err != nil {
			b.Fatal(err)
		}
	}
}
