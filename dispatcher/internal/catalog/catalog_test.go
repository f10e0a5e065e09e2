package catalog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// compiled is a webhook of the namespace ns with triggers.
func compiled(t *testing.T, name, notReady string, triggers ...plan.Trigger) *Webhook {
	t.Helper()
	w, err := Compile(plan.Webhook{Key: plan.Key{Namespace: "ns", Name: name}, Method: "POST", NotReady: notReady, Triggers: triggers})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// matching are the names of those that the event calls.
func matching(c *Catalog, namespace string, e *trigger.Event) []string {
	var names []string
	for _, w := range c.Matching(namespace, e) {
		names = append(names, w.Plan.Key.Name)
	}
	return names
}

func TestAnEventFindsWhatItCalls(t *testing.T) {
	c := &Catalog{}
	paid, all := plan.Trigger{Type: "paid", When: "event.data.total > 1"}, plan.Trigger{Type: "*"}
	outcome := plan.Trigger{Type: plan.OutcomePrefix + "*"}
	event := func(kind, data string) *trigger.Event {
		return &trigger.Event{ID: "1", Source: "s", Type: kind, Data: []byte(data)}
	}
	want := func(step string, e *trigger.Event, names ...string) {
		t.Helper()
		if diff := cmp.Diff(names, matching(c, "ns", e)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	want("nothing there", event("paid", `{}`))
	c.Set(compiled(t, "b", "", paid))
	c.Set(compiled(t, "c", "not ready now", paid, all))
	c.Set(compiled(t, "a", "", all))
	c.Set(compiled(t, "quiet", ""))
	want("in order, each once, also not ready", event("paid", `{"total": 2}`), "a", "b", "c")
	want("by data", event("paid", `{"total": 1}`), "a", "c")
	want("no outcomes meant", event(plan.OutcomePrefix+"Failed", `{}`))
	if c.MeanOutcomes("ns") {
		t.Error("an outcome is meant by none")
	}
	c.Set(compiled(t, "b", "", outcome))
	want("changed", event("paid", `{"total": 2}`), "a", "c")
	want("an outcome", event(plan.OutcomePrefix+"Failed", `{}`), "b")
	if !c.MeanOutcomes("ns") || c.MeanOutcomes("other") {
		t.Error("outcomes are meant in ns and nowhere else")
	}
	if names := matching(c, "other", event("paid", `{}`)); names != nil {
		t.Errorf("%v of another namespace", names)
	}
	c.Remove(plan.Key{Namespace: "ns", Name: "a"})
	c.Remove(plan.Key{Namespace: "ns", Name: "unknown"})
	c.Set(compiled(t, "c", ""))
	want("removed", event("paid", `{"total": 2}`))
	c.Remove(plan.Key{Namespace: "ns", Name: "b"})
	if c.MeanOutcomes("ns") || c.listeners("ns") != nil {
		t.Error("the last one is gone")
	}
}

func TestATriggerOfAnotherVersionIsRefused(t *testing.T) {
	_, err := Compile(plan.Webhook{Triggers: []plan.Trigger{{Type: "a"}, {Type: "a", When: "event.fromTheFuture()"}}})
	if err == nil || !strings.HasPrefix(err.Error(), "triggers[1].when:1:") {
		t.Errorf("%v", err)
	}
}
