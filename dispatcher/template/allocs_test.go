//go:build !race

package template

import "testing"

// Under the race detector sync.Pool forgets every fourth rendering on purpose,
// so that there allocations are a matter of chance.
func TestAppendAllocatesLittle(t *testing.T) {
	tmpl, err := Compile(`{"order": "${ Order.Id }", "total": ${ Order.Total }, "ok": ${ Ok }, "id": "${ WebhookRequest.TransactionalId }",
		"items": [@{ for i in Items }{"sku": "${ i.Sku }", "n": @{ if i.N > 1 }${ i.N }@{ else }1@{ end if }},@{ end for }]}`, Options{Context: ContextJSON})
	if err != nil {
		t.Fatal(err)
	}
	data := parseData(t, `{"order": {"id": 12345678901234567890, "total": -9.999}, "ok": true, "items": [{"sku": "a", "n": 1}, {"n": 2.5, "sku": "b"}]}`).With(testHost)
	buffer := make([]byte, 0, 1024)
	allocs := testing.AllocsPerRun(100, func() {
		if _, err := tmpl.Append(buffer, data); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > 0 {
		t.Errorf("Append allocates %v times", allocs)
	}
}
