package catalog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestListIsInOrderAndCurrent(t *testing.T) {
	c := &Catalog{}
	listed := func(namespace string) (names []string) {
		for _, w := range c.List(namespace) {
			names = append(names, w.Plan.Key.Name)
		}
		return names
	}
	want := func(step string, names ...string) {
		t.Helper()
		if diff := cmp.Diff(names, listed("ns")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	want("empty")
	for _, name := range []string{"b", "a", "c"} {
		c.Set(compiled(t, name, ""))
	}
	c.Set(&Webhook{Plan: plan.Webhook{Key: plan.Key{Namespace: "other", Name: "x"}}})
	before := c.List("ns")
	want("set", "a", "b", "c")
	if again := c.List("ns"); &again[0] != &before[0] {
		t.Error("the list is made anew without a change")
	}
	c.Remove(plan.Key{Namespace: "ns", Name: "b"})
	want("removed", "a", "c")
	c.Set(compiled(t, "c", "not ready"))
	if c.List("ns")[1].Plan.NotReady == "" {
		t.Error("a change is not there")
	}
	if diff := cmp.Diff([]string{"ns", "other"}, c.Namespaces()); diff != "" {
		t.Error(diff)
	}
	c.Remove(plan.Key{Namespace: "ns", Name: "a"})
	c.Remove(plan.Key{Namespace: "ns", Name: "c"})
	want("none is left")
}

func TestSearchAndView(t *testing.T) {
	w, err := Compile(plan.Webhook{Key: plan.Key{Namespace: "ns", Name: "order-paid"}, SystemName: "orderPaid", DisplayName: "Bestellung: ÄPFEL", Method: "POST", Suffix: "/a/${b}"})
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]bool{"": true, "r-p": true, "orderpaid": true, "äpfel": true, "pear": false} {
		if w.Matches(text) != want {
			t.Errorf("%q matches: %t", text, !want)
		}
	}
	if view := w.URLView("https://shop.example"); view != "https://shop.example/a/${b}" {
		t.Errorf("the URL is shown as %s", view)
	}
	if view := compiled(t, "x", "not ready").URLView("https://shop.example"); view != "" {
		t.Errorf("without templates it is shown as %s", view)
	}
}

// BenchmarkList makes the list of 10,000 anew each time.
func BenchmarkList(b *testing.B) {
	c := &Catalog{}
	for i := range 10_000 {
		c.Set(&Webhook{Plan: plan.Webhook{Key: plan.Key{Namespace: "ns", Name: fmt.Sprint("webhook-", i)}}})
	}
	for b.Loop() {
		c.version.Add(1)
		if len(c.List("ns")) != 10_000 {
			b.Fatal("some are missing")
		}
	}
}
