package controllers

import (
	"fmt"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// queueScript drives an outcomeQueue with a clock of its own.
type queueScript struct {
	*testing.T
	queue *outcomeQueue
	now   time.Time
	seq   uint64
}

func newQueueScript(t *testing.T) *queueScript {
	return &queueScript{
		T:     t,
		queue: newOutcomeQueue(func() float64 { return 0.5 }), // no jitter
		now:   time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
	}
}

func (s *queueScript) report(name string, outcome plan.Outcome) plan.Report {
	s.seq++
	return plan.Report{Webhook: plan.Key{Name: name}, WebhookUID: "uid-" + name, Seq: s.seq, Outcome: outcome}
}

func (s *queueScript) add(name string, outcome plan.Outcome) {
	s.queue.Add(s.now, s.report(name, outcome))
}

func (s *queueScript) after(d time.Duration) { s.now = s.now.Add(d) }

// writes checks that exactly these webhooks are written now, in this order.
func (s *queueScript) writes(want ...string) {
	s.Helper()
	for _, name := range want {
		r, ok, _ := s.queue.Next(s.now)
		if got := r.Webhook.Name + " " + string(r.Outcome); !ok || got != name {
			s.Fatalf("next is %q (%t), want %q", got, ok, name)
		}
		s.queue.Written(s.now, r)
	}
	if r, ok, _ := s.queue.Next(s.now); ok {
		s.Fatalf("%s %s is written as well", r.Webhook.Name, r.Outcome)
	}
}

func (s *queueScript) waits(want time.Duration) {
	s.Helper()
	if _, ok, wait := s.queue.Next(s.now); ok || wait != want {
		s.Fatalf("waits %s (due: %t), want %s", wait, ok, want)
	}
}

func TestFirstOutcomeAndRepeats(t *testing.T) {
	s := newQueueScript(t)
	s.waits(0)
	s.add("a", plan.OutcomeSucceeded)
	s.writes("a Succeeded")
	for range 10 { // one every 10 s is no quiet time
		s.after(10 * time.Second)
		s.add("a", plan.OutcomeSucceeded)
		s.writes()
	}
	s.waits(refreshEvery - 100*time.Second)
	s.after(refreshEvery - 100*time.Second)
	s.writes("a Succeeded")
}

func TestFirstOutcomeAfterAQuietMinute(t *testing.T) {
	s := newQueueScript(t)
	s.add("a", plan.OutcomeSucceeded)
	s.writes("a Succeeded")
	s.after(quietTime - time.Second)
	s.add("a", plan.OutcomeSucceeded)
	s.writes()
	s.after(quietTime)
	s.add("a", plan.OutcomeSucceeded)
	s.writes("a Succeeded")
}

func TestChangeOfOutcomeIsWrittenAtOnce(t *testing.T) {
	s := newQueueScript(t)
	s.add("a", plan.OutcomeSucceeded)
	s.writes("a Succeeded")
	s.after(10 * time.Second)
	s.add("a", plan.OutcomeFailed)
	s.writes("a Failed")
	s.after(10 * time.Second)
	s.add("a", plan.OutcomeRejected)
	s.writes("a Rejected")
}

// TestFlapping: one webhook that changes with every call is written every 3 s,
// which is less than the promised 5 and leaves the budget to others.
func TestFlapping(t *testing.T) {
	s := newQueueScript(t)
	written := 0
	outcomes := []plan.Outcome{plan.OutcomeSucceeded, plan.OutcomeFailed}
	for i := range 600 { // a minute of 10 calls a second
		s.add("a", outcomes[i%2])
		if r, ok, _ := s.queue.Next(s.now); ok {
			s.queue.Written(s.now, r)
			written++
		}
		s.after(100 * time.Millisecond)
	}
	if written < 12 || written > 21 {
		t.Errorf("%d writes in a minute, want 12 to 21", written)
	}
}

func TestTransitionsGoFirst(t *testing.T) {
	s := newQueueScript(t)
	for i := range 3 {
		s.add(fmt.Sprint("old", i), plan.OutcomeSucceeded)
		s.writes(fmt.Sprint("old", i, " Succeeded"))
		s.after(time.Second)
	}
	for range 6 {
		s.after(55 * time.Second)
		for i := range 3 {
			s.add(fmt.Sprint("old", i), plan.OutcomeSucceeded)
		}
	}
	s.add("new", plan.OutcomeFailed)
	s.writes("new Failed", "old0 Succeeded", "old1 Succeeded", "old2 Succeeded")
}

func TestLatestWins(t *testing.T) {
	s := newQueueScript(t)
	s.add("a", plan.OutcomeSucceeded)
	s.add("a", plan.OutcomeFailed)
	s.writes("a Failed")

	s.after(10 * time.Second)
	s.add("a", plan.OutcomeSucceeded)
	r, _, _ := s.queue.Next(s.now)
	s.add("a", plan.OutcomeFailed) // while the one before is being written
	if newest := s.queue.Newest(r); newest.Outcome != plan.OutcomeFailed {
		t.Errorf("newest is %s, want Failed", newest.Outcome)
	}
	s.queue.Written(s.now, r)
	s.writes()
	s.after(transitionGap)
	s.writes("a Failed")
}

func TestKnownOutcomes(t *testing.T) {
	s := newQueueScript(t)
	r := s.report("a", plan.OutcomeSucceeded)
	for range 2 {
		if s.queue.Add(s.now, r) {
			t.Error("an outcome is known before it was written")
		}
	}
	s.writes("a Succeeded")
	if !s.queue.Add(s.now, r) {
		t.Error("an outcome that was written and comes again is not known")
	}
	s.writes()
	r.WebhookUID, r.Seq = "another", 1 // the webhook was made anew
	if s.queue.Add(s.now, r) {
		t.Error("the outcome of another webhook of the same name is known")
	}
	s.writes("a Succeeded")
}

func TestFailedWritesAreTriedAgain(t *testing.T) {
	s := newQueueScript(t)
	s.add("a", plan.OutcomeSucceeded)
	for _, delay := range []time.Duration{1, 2, 4, 8, 16, 30, 30} {
		r, ok, _ := s.queue.Next(s.now)
		if !ok {
			t.Fatal("it is not tried again")
		}
		s.queue.Failed(s.now, r)
		s.waits(delay * time.Second)
		s.after(delay * time.Second)
	}
	s.writes("a Succeeded")
}

// TestNothingIsKeptOfIdleWebhooks: memory goes with the webhooks that are called.
func TestNothingIsKeptOfIdleWebhooks(t *testing.T) {
	s := newQueueScript(t)
	s.add("a", plan.OutcomeSucceeded)
	s.add("b", plan.OutcomeSucceeded)
	s.queue.Forget(plan.Key{Name: "b"})
	s.writes("a Succeeded")
	s.after(quietTime)
	s.waits(0)
	if n := len(s.queue.entries); n != 0 {
		t.Errorf("%d entries are kept", n)
	}
}
