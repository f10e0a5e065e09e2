package dispatcher_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// TestEventsAndOutcomesMakeCalls: an event, sent by CloudEvents' own client, calls a
// webhook; its outcome calls another, and that one's failure a third.
func TestEventsAndOutcomesMakeCalls(t *testing.T) {
	h := newHarness(t, func(w http.ResponseWriter, r receiver.Request) {
		if strings.HasPrefix(r.URI, "/root/second") {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	source := func(name string) string { return plan.SourceOf(plan.Key{Namespace: "ns", Name: name}) }
	h.configure(func(in *plan.Integration, wh *plan.Webhook) {
		wh.Suffix, wh.Body = "/first/${Event.Id}", `{"total": "${total}"}`
		wh.Triggers = []plan.Trigger{{Type: "com.example.order.*", When: "event.data.total > 100"}}
		for _, next := range []plan.Webhook{
			{Suffix: "/second", Body: `{"outcome": "${Outcome}", "total": "${Data.total}", "hops": "${Event.webhookhops}"}`, Triggers: []plan.Trigger{{Type: plan.OutcomePrefix + "Succeeded", Source: source("wh")}}},
			{Suffix: "/third", Body: `{"failed": "${Webhook}", "status": "${StatusCode}", "of": "${Data.Webhook}"}`, Triggers: []plan.Trigger{{Type: plan.OutcomePrefix + "*", When: "!event.data.success"}}},
		} {
			name := strings.Trim(next.Suffix, "/")
			next.Key, next.UID, next.Integration = plan.Key{Namespace: "ns", Name: name}, name, in.Key
			next.SystemName, next.Method, next.HasBody = name, "POST", true
			h.server.SetWebhook(next)
		}
	})
	sender, err := cloudevents.NewClientHTTP(cloudevents.WithTarget(h.client.BaseURL + client.EventsPath("ns")))
	if err != nil {
		t.Fatal(err)
	}
	for total, id := range map[int]string{100: "small", 101: "large"} {
		e := cloudevents.NewEvent()
		e.SetID(id)
		e.SetSource("/shop")
		e.SetType("com.example.order.paid")
		if err := e.SetData("application/json", map[string]int{"total": total}); err != nil {
			t.Fatal(err)
		}
		if result := sender.Send(t.Context(), e); !cloudevents.IsACK(result) {
			t.Fatal(result)
		}
	}
	var got []string
	for _, r := range h.received(3) {
		got = append(got, fmt.Sprint(r.URI, " ", r.Body))
	}
	want := []string{
		`/root/first/large {"total": "101"}`,
		`/root/second {"outcome": "Succeeded", "total": "101", "hops": "1"}`,
		`/root/third {"failed": "second", "status": "404", "of": "wh"}`,
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("received\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
