package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// BenchmarkEnd measures calls with bodies of 1 KiB that are accepted and end their only
// attempt, in groups as the engine makes them under load.
func BenchmarkEnd(b *testing.B) {
	for _, group := range []int{1, 64} {
		b.Run(fmt.Sprintf("group=%d", group), func(b *testing.B) {
			p, err := store.Open(b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			body := make([]byte, 1024)
			b.ResetTimer()
			for done := 0; done < b.N; done += group {
				entries, ends := make([]*store.Entry, group), make([]*store.End, group)
				for i := range entries {
					entries[i] = &store.Entry{Call: store.Call{
						ID: uuid.Must(uuid.NewV7()), Webhook: crashLane, WebhookUID: "4f9b1e2c-0000-4000-8000-000000000001",
						SystemName: "order", CreatedAt: time.Now(), HasKey: true, Method: "POST", HasBody: true, Body: body,
					}}
					call := &entries[i].Call
					ends[i] = &store.End{
						Call: call, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: time.Now(), StatusCode: 200},
						Attempt: &store.Attempt{
							ID: call.ID, Number: 1, Begun: time.Now(), Duration: time.Millisecond, Reason: plan.ReasonSuccess,
							Integration: plan.Key{Namespace: "shop", Name: "crm"}, Method: "POST", URL: "https://crm.example.com/hooks/orders", StatusCode: 200,
							RequestHeaders: []store.Header{{Name: "Content-Type", Value: "application/json"}}, ResponseBody: body[:200],
						},
					}
				}
				if err := p.Accept(b.Context(), entries...); err != nil {
					b.Fatal(err)
				}
				if err := p.End(b.Context(), ends...); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
			if err := p.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}
