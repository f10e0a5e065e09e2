package response_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// BenchmarkRead reads what webhooks commonly want: three variables of a small document,
// and one by a filter of a megabyte.
func BenchmarkRead(b *testing.B) {
	var items strings.Builder
	for i := 0; items.Len() < 1<<20-200; i++ {
		fmt.Fprintf(&items, `{"id": "%d", "name": "item %d", "price": %d.50, "tags": ["a", "b"]},`, i, i, i)
	}
	for name, tt := range map[string]struct {
		response plan.Response
		document string
	}{
		"small": {plan.Response{Variables: []plan.Variable{
			{Name: "a", Path: "promocode.promocodeValue"}, {Name: "b", Path: "subscriptions[0].topic"}, {Name: "c", Path: "order.z"},
		}}, shop},
		"large":  {one("items[-1].id", true), `{"items": [` + strings.TrimSuffix(items.String(), ",") + `]}`},
		"filter": {one("items[?@.id=='700'].name", true), `{"items": [` + strings.TrimSuffix(items.String(), ",") + `]}`},
	} {
		b.Run(name, func(b *testing.B) {
			r := reader(b, tt.response)
			b.ReportAllocs()
			document := []byte(tt.document)
			b.SetBytes(int64(len(document)))
			for b.Loop() {
				if _, err := r.Read(document); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkCompile is what setting a webhook costs on top.
func BenchmarkCompile(b *testing.B) {
	want := one("items[?@.id=='700'].name", true)
	b.ReportAllocs()
	for b.Loop() {
		reader(b, want)
	}
}
