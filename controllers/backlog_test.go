package controllers

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestBacklog: what waits since when, and what is late.
func TestBacklog(t *testing.T) {
	q := newOutcomeQueue(func() float64 { return 0.5 })
	start := time.Now()
	at := start.Add
	report := func(name string, seq uint64) plan.Report {
		return plan.Report{Webhook: plan.Key{Namespace: "ns", Name: name}, Seq: seq, Outcome: plan.OutcomeSucceeded}
	}
	check := func(now time.Duration, want metrics.Backlog) {
		t.Helper()
		if diff := cmp.Diff(want, q.Backlog(at(now))); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", now, diff)
		}
	}
	check(0, metrics.Backlog{})
	q.Add(at(0), report("a", 1)) // due at once
	q.Add(at(2*time.Second), report("b", 1))
	check(5*time.Second, metrics.Backlog{Waiting: 2, Oldest: at(0), Due: at(0)})
	q.Add(at(6*time.Second), report("a", 2)) // a newer one makes it no younger
	check(7*time.Second, metrics.Backlog{Waiting: 2, Oldest: at(0), Due: at(0)})
	q.Written(at(8*time.Second), report("a", 2))
	check(9*time.Second, metrics.Backlog{Waiting: 1, Oldest: at(2 * time.Second), Due: at(2 * time.Second)})
	q.Written(at(10*time.Second), report("b", 1))
	check(11*time.Second, metrics.Backlog{})
	q.Add(at(20*time.Second), report("a", 3)) // of the same kind: it waits for the refresh
	check(30*time.Second, metrics.Backlog{Waiting: 1, Oldest: at(20 * time.Second)})
}

// TestWritesAreCounted: by what came of each.
func TestWritesAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recordingSink{is: map[string]verdict{"same": verdictSame, "gone": verdictGone}, done: map[string]int{}, fail: 1}
		w := newOutcomeWriter(sink, logr.Discard())
		w.done = sink.acknowledge
		counts := map[metrics.WriteResult]int{}
		w.wrote = func(r metrics.WriteResult) { counts[r]++ }
		go func() { _ = w.Start(t.Context()) }()
		for _, name := range []string{"written", "same", "gone"} {
			w.Outcomes([]plan.Report{{Webhook: plan.Key{Namespace: "ns", Name: name}, Seq: 1, Outcome: plan.OutcomeFailed}})
		}
		time.Sleep(10 * time.Second) // the bubble's clock
		synctest.Wait()
		want := map[metrics.WriteResult]int{metrics.Written: 1, metrics.Unchanged: 1, metrics.Dropped: 1, metrics.Failed: 1}
		if diff := cmp.Diff(want, counts); diff != "" {
			t.Errorf("what came of outcomes (-want +got):\n%s", diff)
		}
		if b := w.Backlog(); b.Waiting != 0 || b.BudgetUsed != 0 {
			t.Errorf("the backlog is %+v, want none, with the budget full again", b)
		}
	})
}
