package intake

import (
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// BenchmarkFanOut takes in events of a namespace with 1,000 webhooks, each with an
// expression over the data, of which an event matches ten, until the calls are
// durable in a store on the disk. Beside it, in the same run, is its bare limit: one
// fsynced step of the store with ten such calls.
func BenchmarkFanOut(b *testing.B) {
	s, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	in := fanOutIntake(b, s)
	event := func() *trigger.Event {
		return &trigger.Event{
			ID: uuid.NewString(), Source: "/shop", Type: "com.example.order.paid", DataContentType: "application/json",
			Data: []byte(`{"customer": {"id": 17, "name": "Ada"}, "total": 250.5, "items": [{"sku": "a", "count": 1}, {"sku": "b", "count": 2}]}`),
		}
	}
	var calls []store.Call
	measure(b, "events", func() {
		results, err := in.AcceptEvent(b.Context(), "ns", event(), "")
		if err != nil || len(results) != 10 {
			b.Fatalf("%d calls, %v", len(results), err)
		}
		calls = calls[:0]
		for _, r := range results {
			if r.Err != nil {
				b.Fatal(r.Err)
			}
			calls = append(calls, r.Entry.Call)
		}
	})
	body := []byte(`{"order": "250.5", "customer": "Ada"}`)
	measure(b, "bare", func() {
		entries := make([]*store.Entry, len(calls))
		for i := range calls {
			id, err := uuid.NewV7()
			if err != nil {
				b.Fatal(err)
			}
			entries[i] = &store.Entry{Call: calls[i], Once: &store.Once{Key: store.OnceKey(uuid.New())}}
			entries[i].Call.ID, entries[i].Call.Body = id, body
		}
		if err := s.Accept(b.Context(), entries...); err != nil {
			b.Fatal(err)
		}
	})
}

// fanOutIntake is an intake of 1,000 webhooks, of which an event of the benchmark
// matches ten.
func fanOutIntake(b *testing.B, s Store) *Intake {
	b.Helper()
	c := &catalog.Catalog{}
	for n := range 1000 {
		w, err := catalog.Compile(plan.Webhook{
			Key: plan.Key{Namespace: "ns", Name: fmt.Sprintf("wh-%04d", n)}, UID: "uid", SystemName: fmt.Sprintf("wh%04d", n), Method: "POST",
			HasBody: true, Body: `{"order": "${total}", "customer": "${customer.name}"}`,
			Triggers: []plan.Trigger{{
				Type: "com.example.order.*", When: fmt.Sprintf(`event.data.total > 100 && event.data.customer.id %% 100 == %d`, n/10),
			}},
		})
		if err != nil {
			b.Fatal(err)
		}
		c.Set(w)
	}
	c.SetComplete()
	return New(Options{Catalog: c, Store: s, Queue: queue{}})
}

// measure runs f and reports percentiles of its time.
func measure(b *testing.B, name string, f func()) {
	b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		var times []time.Duration
		for b.Loop() {
			begun := time.Now()
			f()
			times = append(times, time.Since(begun))
		}
		slices.Sort(times)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(times[(len(times)-1)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
		}
	})
}

// queue takes everything.
type queue struct{}

func (queue) Reserve(plan.Key, int) error                  { return nil }
func (queue) ReserveTriggered(plan.Key, int) error         { return nil }
func (queue) Release(plan.Key, int)                        {}
func (queue) Accepted(plan.Key, ...*store.Entry)           {}
func (queue) Refused(*store.Call, store.State) plan.Report { return plan.Report{} }
func (queue) Publish(plan.Report)                          {}
func (queue) Fail(error)                                   {}
