package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The life that every call of the crash test has, one step after the other.
const (
	stepNone     = iota
	stepAccepted // by Accept
	stepBegun    // by Begin
	stepRetry    // by End, with a log row
	stepRebegun  // by Begin
	stepFinished // by End, with a log row and a report
)

var crashLane = plan.Key{Namespace: "shop", Name: "order"}

var crashTime = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// ledger holds what the store has confirmed: the step of each call, and the ids
// that were accepted together.
type ledger struct {
	mu     sync.Mutex
	steps  map[uuid.UUID]int
	groups [][]uuid.UUID
	done   int

	crashes []int // numbers of confirmed steps at which to crash, ascending
	fs      *vfs.MemFS
	rng     *rand.Rand
	clones  []crashClone
}

// crashClone is a disk after a power cut, with what had been confirmed by then.
type crashClone struct {
	fs    *vfs.MemFS
	steps map[uuid.UUID]int
}

// confirm notes that a step's method has returned nil. The other callers go on
// while the power is cut.
func (l *ledger) confirm(step int, ids ...uuid.UUID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.steps[id] = step
	}
	l.done++
	if len(l.crashes) == 0 || l.done < l.crashes[0] {
		return
	}
	l.crashes = l.crashes[1:]
	steps := maps.Clone(l.steps)
	cfg := vfs.CrashCloneCfg{RNG: l.rng}
	if len(l.clones)%2 == 1 { // every other cut leaves some of what was not synced
		cfg.UnsyncedDataPercent = 1 + l.rng.IntN(99)
	}
	l.clones = append(l.clones, crashClone{fs: l.fs.CrashClone(cfg), steps: steps})
}

// TestPebbleKeepsWhatItConfirmedOverAPowerCut cuts the power of a disk that
// forgets what was not synced, at random moments under load, and looks at what
// the next open finds. It fails if batches are written without a sync.
func TestPebbleKeepsWhatItConfirmedOverAPowerCut(t *testing.T) {
	const callers, rounds, crashes = 8, 24, 12
	const confirmations = 7 // of each round
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	l := &ledger{steps: map[uuid.UUID]int{}, fs: vfs.NewCrashableMem(), rng: rng}
	for range crashes {
		l.crashes = append(l.crashes, 1+rng.IntN(callers*rounds*confirmations))
	}
	slices.Sort(l.crashes)
	p := openMem(t, l.fs)
	var group sync.WaitGroup
	for range callers {
		group.Go(func() {
			for range rounds {
				if err := live(t, p, l); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if len(l.clones) != crashes {
		t.Fatalf("%d power cuts, want %d", len(l.clones), crashes)
	}
	for i, clone := range l.clones {
		t.Run(fmt.Sprintf("cut %d", i+1), func(t *testing.T) { audit(t, clone, l.groups) })
	}
}

func openMem(t *testing.T, fs vfs.FS) *store.Pebble {
	t.Helper()
	p, err := store.Open("/data/store", store.Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// live accepts two calls together and leads them through their life together.
func live(t *testing.T, p *store.Pebble, l *ledger) error {
	pair := []*store.Entry{crashCall(), crashCall()}
	ids := []uuid.UUID{pair[0].Call.ID, pair[1].Call.ID}
	l.mu.Lock()
	l.groups = append(l.groups, ids)
	l.mu.Unlock()
	if err := p.Accept(t.Context(), pair...); err != nil {
		return err
	}
	l.confirm(stepAccepted, ids...)
	for number, now := range []store.State{
		{Attempts: 1, Due: crashTime.Add(time.Duration(pair[0].Call.Seq))},
		{Attempts: 2, Outcome: plan.OutcomeSucceeded, EndedAt: crashTime},
	} {
		var ends []*store.End
		for _, e := range pair {
			if err := p.Begin(t.Context(), store.Mark{ID: e.Call.ID, Attempt: number + 1, Begun: crashTime}); err != nil {
				return err
			}
			l.confirm(stepBegun+2*number, e.Call.ID)
			step := &store.End{Call: &e.Call, Was: e.State, Now: now}
			step.Attempt = &store.Attempt{ID: e.Call.ID, Number: number + 1, Begun: crashTime}
			if now.Finished() {
				step.Report = &plan.Report{Webhook: e.Call.Webhook, Seq: e.Call.Seq}
				step.Result = &store.Result{Response: e.Call.ID[:]}
				step.Calls = []*store.Entry{triggeredBy(e.Call.ID)}
			}
			ends = append(ends, step)
			e.State = now
		}
		if err := p.End(t.Context(), ends...); err != nil {
			return err
		}
		l.confirm(stepRetry+2*number, ids...)
	}
	return nil
}

func crashCall() *store.Entry {
	return &store.Entry{Call: store.Call{
		ID: uuid.Must(uuid.NewV7()), Webhook: crashLane, CreatedAt: crashTime,
		Body: make([]byte, 6<<10), // enough in all for the log to be cut and tables to be written
	}}
}

// triggeredBy is the call that the outcome of another triggers.
func triggeredBy(id uuid.UUID) *store.Entry {
	id[15] ^= 1
	return &store.Entry{Call: store.Call{ID: id, Webhook: plan.Key{Namespace: "shop", Name: "triggered"}, CreatedAt: crashTime}}
}

// survivor is all that a reopened store tells about its calls.
type survivor struct {
	p       *store.Pebble
	fresh   map[uuid.UUID]store.Item
	retries map[uuid.UUID]store.Item
	begun   map[uuid.UUID]store.Mark
	report  uint64 // Seq of the newest report
}

// audit opens what a power cut left and checks that nothing confirmed is
// missing and that no batch is there in part.
func audit(t *testing.T, clone crashClone, groups [][]uuid.UUID) {
	// A cut before there was a store leaves none to be checked.
	if seen, err := store.Check("/data/store", store.Options{FS: clone.fs}, func(p string) { t.Error(p) }); err != nil && len(clone.steps) > 0 {
		t.Errorf("check what is left: %v (%+v)", err, seen)
	}
	s := survive(t, clone.fs)
	var top uint64
	for _, ids := range groups {
		found := make([]int, len(ids))
		for i, id := range ids {
			var seq uint64
			found[i], seq = s.step(t, id)
			if found[i] < clone.steps[id] {
				t.Errorf("call %s is at step %d; step %d was confirmed before the cut", id, found[i], clone.steps[id])
			}
			if found[i] == stepFinished && seq > s.report {
				t.Errorf("call %s is finished but the newest report is older than its own", id)
			}
			top = max(top, seq)
		}
		for _, step := range []int{stepAccepted, stepRetry, stepFinished} {
			if (found[0] >= step) != (found[1] >= step) {
				t.Errorf("calls %s and %s, accepted and ended together, are at steps %d and %d", ids[0], ids[1], found[0], found[1])
			}
		}
	}
	next := crashCall()
	if err := s.p.Accept(t.Context(), next); err != nil || next.Call.Seq <= top {
		t.Errorf("the first call after the cut: Seq %d, error %v; want a Seq above %d", next.Call.Seq, err, top)
	}
}

func survive(t *testing.T, fs vfs.FS) survivor {
	p := openMem(t, fs)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	s := survivor{p: p, fresh: map[uuid.UUID]store.Item{}, retries: map[uuid.UUID]store.Item{}, begun: map[uuid.UUID]store.Mark{}}
	fresh, err1 := p.Fresh(crashLane, 0, 1_000_000)
	retries, err2 := p.Retries(crashLane, store.Position{}, 1_000_000)
	begun, err3 := p.Begun()
	reports, err4 := p.Reports()
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		t.Fatal(err)
	}
	for _, item := range fresh {
		s.fresh[item.ID] = item
	}
	for _, item := range retries {
		s.retries[item.ID] = item
	}
	for _, mark := range begun {
		s.begun[mark.ID] = mark
	}
	for _, report := range reports {
		s.report = report.Seq
	}
	return s
}

// step says how far a call has come, and its Seq, and checks that every part of
// the store says the same.
func (s survivor) step(t *testing.T, id uuid.UUID) (int, uint64) {
	t.Helper()
	mark, begun := s.begun[id]
	item, fresh := s.fresh[id]
	retry, retried := s.retries[id]
	e, err := s.p.Load(id)
	if errors.Is(err, store.ErrNotFound) {
		if begun || fresh || retried {
			t.Errorf("call %s is unknown, but begun: %t, fresh: %t, retried: %t", id, begun, fresh, retried)
		}
		return stepNone, 0
	}
	if err != nil {
		t.Fatal(err)
	}
	attempts, err := s.p.Attempts(id)
	if err != nil {
		t.Fatal(err)
	}
	step := stepAccepted + 2*e.State.Attempts
	if begun {
		step++
	}
	result, err1 := s.p.Result(id)
	triggered, err2 := s.p.Load(triggeredBy(id).Call.ID)
	if err := errors.Join(err1, err2); e.State.Finished() && (err != nil || !bytes.Equal(result.Response, id[:])) ||
		!e.State.Finished() && !(errors.Is(err1, store.ErrNotFound) && errors.Is(err2, store.ErrNotFound)) {
		t.Errorf("call %s is at %+v, with result %v and triggered call %v, %v", id, e.State, result, triggered, err)
	}
	whole := len(attempts) == e.State.Attempts &&
		(!begun || mark.Attempt == e.State.Attempts+1) &&
		fresh == (e.State.Attempts == 0) && retried == (e.State.Attempts == 1) &&
		(!fresh || item.Seq == e.Call.Seq) &&
		(!retried || retry.Seq == e.Call.Seq && retry.Due.Equal(e.State.Due)) &&
		e.State.Finished() == (step == stepFinished) && len(e.Call.Body) == 6<<10
	if !whole {
		t.Errorf("call %s is there in part: %+v, %d log rows, begun: %t, fresh: %t, retried: %t",
			id, e.State, len(attempts), begun, fresh, retried)
	}
	return step, e.Call.Seq
}
