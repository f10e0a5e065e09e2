package controllers

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// recordingSink records when which webhook was written, and how often its
// outcomes were acknowledged.
type recordingSink struct {
	is map[string]verdict // by webhook name; what compare says

	mu     sync.Mutex
	writes []recordedWrite
	done   map[string]int
	fail   int // writes that are yet to fail
}

type recordedWrite struct {
	name string
	at   time.Time
}

func (s *recordingSink) compare(_ context.Context, r plan.Report) (verdict, error) {
	return s.is[r.Webhook.Name], nil
}

func (s *recordingSink) write(_ context.Context, r plan.Report) (verdict, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail > 0 {
		s.fail--
		return verdictWrite, errors.New("the API server is away")
	}
	s.writes = append(s.writes, recordedWrite{r.Webhook.Name, time.Now()})
	return verdictWrite, nil
}

func (s *recordingSink) acknowledge(reports []plan.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range reports {
		s.done[r.Webhook.Name]++
	}
}

// recorded waits until the writer waits, and returns what came to the sink.
func (s *recordingSink) recorded() (writes []recordedWrite, done map[string]int) {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes), maps.Clone(s.done)
}

// runWriter runs a writer until the end of the test.
func runWriter(t *testing.T, sink *recordingSink) *outcomeWriter {
	sink.done = map[string]int{}
	w := newOutcomeWriter(sink, logr.Discard())
	w.done = sink.acknowledge
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := w.Start(ctx); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { cancel(); <-stopped })
	return w
}

func outcome(name string, seq uint64) plan.Report {
	return plan.Report{Webhook: plan.Key{Namespace: "shop", Name: name}, WebhookUID: name, Seq: seq, Outcome: plan.OutcomeSucceeded}
}

// TestWriteBudget: 50 outcomes are written at once, the rest at 20 a second,
// each acknowledged once.
func TestWriteBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recordingSink{}
		w := runWriter(t, sink)
		begin := time.Now()
		var reports []plan.Report
		for i := range 150 {
			reports = append(reports, outcome(fmt.Sprint(i), 1))
		}
		w.Outcomes(reports)
		if writes, _ := sink.recorded(); len(writes) != writesBurst {
			t.Errorf("%d writes at once, want %d", len(writes), writesBurst)
		}
		<-time.After(time.Minute)
		writes, done := sink.recorded()
		if len(writes) != 150 {
			t.Fatalf("%d writes, want 150", len(writes))
		}
		if took, want := writes[149].at.Sub(begin), 5*time.Second; took < want-time.Second || took > want+time.Second {
			t.Errorf("150 writes took %s, want about %s", took, want)
		}
		for name, n := range done {
			if n != 1 {
				t.Errorf("%s was acknowledged %d times", name, n)
			}
		}
		if len(done) != 150 {
			t.Errorf("%d outcomes were acknowledged, want 150", len(done))
		}
	})
}

// TestNoWriteNeeded: what status already says, and what is about a webhook that
// is gone, is acknowledged without a write.
func TestNoWriteNeeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recordingSink{is: map[string]verdict{"same": verdictSame, "gone": verdictGone}}
		w := runWriter(t, sink)
		w.Outcomes([]plan.Report{outcome("same", 1), outcome("gone", 1)})
		synctest.Wait()
		w.Outcomes([]plan.Report{outcome("same", 1)}) // comes again after a reconnect
		writes, done := sink.recorded()
		if len(writes) != 0 {
			t.Errorf("writes: %v", writes)
		}
		if done["same"] != 2 || done["gone"] != 1 {
			t.Errorf("acknowledged: %v", done)
		}
	})
}

// TestWritesGoOnAfterErrors: an outcome is acknowledged only once it is written.
func TestWritesGoOnAfterErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &recordingSink{fail: 3}
		w := runWriter(t, sink)
		begin := time.Now()
		w.Outcomes([]plan.Report{outcome("a", 1)})
		if _, done := sink.recorded(); len(done) != 0 {
			t.Error("an outcome was acknowledged before it was written")
		}
		<-time.After(time.Minute)
		writes, done := sink.recorded()
		if len(writes) != 1 || done["a"] != 1 {
			t.Fatalf("writes: %v, acknowledged: %v", writes, done)
		}
		if took := writes[0].at.Sub(begin); took != 7*time.Second {
			t.Errorf("written after %s, want 1+2+4 s", took)
		}
	})
}
