package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// policy is what integrations want of the log, and which webhooks they have.
type policy struct {
	integrations map[plan.Key]plan.Key
	bounds       map[plan.Key]plan.LogRetention
}

func (p policy) IntegrationOf(webhook plan.Key) (plan.Key, bool) {
	in, ok := p.integrations[webhook]
	return in, ok
}

func (p policy) LogRetention(integration plan.Key) plan.LogRetention { return p.bounds[integration] }

var (
	crm     = plan.Key{Namespace: "shop", Name: "crm"}
	billing = plan.Key{Namespace: "shop", Name: "billing"}
	invoice = plan.Key{Namespace: "shop", Name: "invoice"}
	removed = plan.Key{Namespace: "shop", Name: "removed"}
)

// sweepPolicy is that of these tests; bounds may be added.
func sweepPolicy() policy {
	return policy{
		integrations: map[plan.Key]plan.Key{crashLane: crm, invoice: billing},
		bounds:       map[plan.Key]plan.LogRetention{},
	}
}

// past makes a call of a webhook whose attempts began at times after crashTime, and that
// has ended with the last of them.
func past(t *testing.T, p *store.Pebble, webhook, integration plan.Key, body int, at ...time.Duration) *store.Entry {
	t.Helper()
	e := waitsAfter(t, p, webhook, integration, body, at[:len(at)-1]...)
	last := crashTime.Add(at[len(at)-1])
	n := len(at)
	finish(t, p, e, store.State{Attempts: n, Outcome: plan.OutcomeSucceeded, EndedAt: last.Add(10 * time.Millisecond)},
		&store.Attempt{ID: e.Call.ID, Number: n, Begun: last, Reason: plan.ReasonSuccess, Integration: integration})
	return e
}

// waitsAfter makes a call that waits after attempts at times.
func waitsAfter(t *testing.T, p *store.Pebble, webhook, integration plan.Key, body int, at ...time.Duration) *store.Entry {
	t.Helper()
	e := &store.Entry{Call: store.Call{
		ID: uuid.Must(uuid.NewV7()), Webhook: webhook, CreatedAt: crashTime, HasKey: true, Integration: integration, Body: make([]byte, body),
	}}
	if err := p.Accept(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	for i, d := range at {
		begun := crashTime.Add(d)
		finish(t, p, e, store.State{Attempts: i + 1, Due: begun.Add(time.Minute)},
			&store.Attempt{ID: e.Call.ID, Number: i + 1, Begun: begun, Reason: plan.ReasonServerError, Integration: integration})
	}
	return e
}

func finish(t *testing.T, p *store.Pebble, e *store.Entry, now store.State, row *store.Attempt) {
	t.Helper()
	end := &store.End{Call: &e.Call, Was: e.State, Now: now, Attempt: row}
	if now.Finished() {
		end.Result = &store.Result{Response: []byte("{}")}
	}
	if err := p.End(t.Context(), end); err != nil {
		t.Fatal(err)
	}
	e.State = now
}

// sweep drops what is past the retention at a time after crashTime.
func sweep(t *testing.T, p *store.Pebble, r store.Retention, at time.Duration) store.Swept {
	t.Helper()
	swept, err := p.Sweep(t.Context(), r, crashTime.Add(at))
	if err != nil {
		t.Fatal(err)
	}
	return swept
}

// there checks that a call is there whole, or gone with all that belonged to it.
func there(t *testing.T, p *store.Pebble, what string, e *store.Entry, want bool) {
	t.Helper()
	_, err := p.Load(e.Call.ID)
	if want != (err == nil) || err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s: Load = %v, want it there: %t", what, err, want)
	}
	rows, err := p.Attempts(e.Call.ID)
	logged := 0
	if err == nil {
		err = p.LogEntries(t.Context(), store.LogFilter{Namespace: e.Call.Webhook.Namespace}, func(entry *store.LogEntry) bool {
			if entry.ID == e.Call.ID {
				logged++
			}
			return true
		})
	}
	if wantRows := map[bool]int{true: e.State.Attempts}[want]; err != nil || len(rows) != wantRows || logged != wantRows {
		t.Errorf("%s: %d rows, %d in the index, %v; want %d", what, len(rows), logged, err, wantRows)
	}
	if _, err := p.Result(e.Call.ID); !want && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s: Result = %v, want ErrNotFound", what, err)
	}
}

// closed closes the store and checks what is in it.
func closed(t *testing.T, p *store.Pebble, fs vfs.FS) {
	t.Helper()
	closeStore(t, p)
	if _, err := store.Check("/data/store", store.Options{FS: fs, Logger: slog.New(slog.DiscardHandler)}, func(problem string) { t.Error(problem) }); err != nil {
		t.Error(err)
	}
}

func TestSweepByAge(t *testing.T) {
	fs := vfs.NewMem()
	p := openMem(t, fs)
	const hour = time.Hour
	calls := []struct {
		name string
		call *store.Entry
		kept bool
	}{
		{"old", past(t, p, crashLane, crm, 10, hour), false},
		{"old, with retries", past(t, p, crashLane, crm, 10, hour, 2*hour), false},
		{"an old attempt, and a newer one", past(t, p, crashLane, crm, 10, hour, 47*hour), true},
		{"old, and waits", waitsAfter(t, p, crashLane, crm, 10, hour), true},
		{"newer", past(t, p, crashLane, crm, 10, 30*hour), true},
		{"of an integration that keeps less", past(t, p, invoice, billing, 10, 30*hour), false},
		{"new, of that integration", past(t, p, invoice, billing, 10, 47*hour), true},
		{"old, of a webhook that is deleted", past(t, p, removed, crm, 10, hour), false},
		{"newer, of a webhook that is deleted", past(t, p, removed, billing, 10, 30*hour), true},
	}
	again := past(t, p, crashLane, crm, 10, hour)
	finish(t, p, again, store.State{Attempts: 1, Earlier: 1, Series: 1, Due: crashTime}, nil)
	pol := sweepPolicy()
	pol.bounds[billing] = plan.LogRetention{MaxAge: 2 * hour}
	pol.bounds[crm] = plan.LogRetention{MaxAge: 1000 * hour} // no longer than all
	swept := sweep(t, p, store.Retention{MaxAge: 24 * hour, MaxBytes: 1 << 30, Policy: pol}, 48*hour)
	if swept.Calls != 4 || swept.Rows != 5 || swept.Bytes <= 0 {
		t.Errorf("swept %+v, want 4 calls with 5 rows", swept)
	}
	for _, c := range calls {
		there(t, p, c.name, c.call, c.kept)
	}
	there(t, p, "delivered anew", again, true)
	closed(t, p, fs)
	p = openMem(t, fs)
	if m := p.Metrics(); m.Log.Rows != 7 || !m.Oldest.Equal(crashTime.Add(hour)) {
		t.Errorf("the log has %+v, the oldest row is of %s; want 7 rows from an hour on", m.Log, m.Oldest)
	}
	sweep(t, p, store.Retention{MaxAge: hour, MaxBytes: 1 << 30, Policy: pol}, 1000*hour)
	if m := p.Metrics(); m.Log.Rows != 2 {
		t.Errorf("the log has %+v; want the rows of the two calls that wait", m.Log)
	}
	closed(t, p, fs)
}

// TestSweepByBytes: the oldest go until the rest fits, of an integration and of the whole
// log, also when several begin in one second.
func TestSweepByBytes(t *testing.T) {
	for _, whole := range []bool{false, true} {
		t.Run(fmt.Sprintf("whole log %t", whole), func(t *testing.T) {
			fs := vfs.NewMem()
			p := openMem(t, fs)
			var calls, others []*store.Entry
			for i := range 60 { // in six buckets, all bytes of which are in its first two seconds
				at := time.Duration(i/10)*10*time.Minute + time.Duration(i%10)*200*time.Millisecond
				calls = append(calls, past(t, p, crashLane, crm, 100_000, at))
				if i < 5 {
					others = append(others, past(t, p, invoice, billing, 100, at))
				}
			}
			stays := waitsAfter(t, p, crashLane, crm, 100_000, 0)
			pol := sweepPolicy()
			r := store.Retention{MaxAge: 1000 * time.Hour, MaxBytes: 1 << 40, Policy: pol}
			if p.Exceeds(r) {
				t.Error("the log is said to exceed bounds that it keeps to")
			}
			if whole {
				r.MaxBytes = 2_500_000
			} else {
				pol.bounds[crm] = plan.LogRetention{MaxBytes: 2_500_000}
			}
			if !p.Exceeds(r) {
				t.Error("the log is not said to exceed its bound")
			}
			sweep(t, p, r, time.Hour)
			// What is left is 2,500,000 less a thirty-second: 24 calls of 100,000, beside the one that waits.
			for i, c := range calls {
				there(t, p, fmt.Sprintf("call %d", i), c, i >= 36)
			}
			for i, c := range others {
				there(t, p, fmt.Sprintf("other %d", i), c, !whole)
			}
			there(t, p, "waits", stays, true)
			closed(t, p, fs)
		})
	}
}

// TestSweepGoesOnBehindAStep: more calls than one step looks at go, with those between
// them that stay.
func TestSweepGoesOnBehindAStep(t *testing.T) {
	fs := vfs.NewMem()
	p := openMem(t, fs)
	var entries []*store.Entry
	for i := range 2500 {
		e := crashCall()
		e.Call.Body, e.Call.HasKey = nil, true
		e.State = store.State{Outcome: plan.OutcomeBlocked, EndedAt: crashTime.Add(time.Duration(i) * time.Millisecond)}
		if i%500 == 7 {
			e.State = store.State{}
		}
		entries = append(entries, e)
	}
	if err := p.Accept(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	for i := 7; i < len(entries); i += 500 {
		finish(t, p, entries[i], store.State{Attempts: 1, Due: crashTime.Add(time.Hour)},
			&store.Attempt{ID: entries[i].Call.ID, Number: 1, Begun: crashTime.Add(time.Duration(i) * time.Millisecond)})
	}
	r := store.Retention{MaxAge: time.Hour, MaxBytes: 1 << 40, Policy: sweepPolicy()}
	if swept := sweep(t, p, r, 2*time.Hour); swept.Calls != 2495 || swept.Rows != 2495 {
		t.Errorf("swept %+v, want all but five calls", swept)
	}
	for i, e := range entries {
		if _, err := p.Load(e.Call.ID); (err == nil) != (i%500 == 7) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	closed(t, p, fs)
}

// TestACallThatWaitsAgainIsNotSwept: calls are delivered anew while they are dropped:
// each is there whole and waits, or is gone and the delivery was refused.
func TestACallThatWaitsAgainIsNotSwept(t *testing.T) {
	fs := vfs.NewMem()
	p := openMem(t, fs)
	const calls = 400
	var entries []*store.Entry
	for i := range calls {
		entries = append(entries, past(t, p, crashLane, crm, 10, time.Duration(i)*time.Second))
	}
	refused := make([]bool, calls)
	var group sync.WaitGroup
	start := make(chan struct{})
	for worker := range 4 {
		group.Go(func() {
			<-start
			for i := worker; i < calls; i += 4 {
				e := entries[calls-1-i]
				now := store.State{Attempts: 1, Earlier: 1, Series: 1, Due: crashTime}
				err := p.End(context.Background(), &store.End{Call: &e.Call, Was: e.State, Now: now})
				if refused[calls-1-i] = errors.Is(err, store.ErrNotFound); err != nil && !refused[calls-1-i] {
					t.Error(err)
				}
				if err == nil {
					e.State = now
				}
			}
		})
	}
	close(start)
	r := store.Retention{MaxAge: time.Hour, MaxBytes: 1 << 40, Policy: sweepPolicy()}
	sweep(t, p, r, 100*time.Hour)
	group.Wait()
	waiting, err := p.Retries(crashLane, store.Position{}, calls)
	if err != nil {
		t.Fatal(err)
	}
	listed := map[uuid.UUID]bool{}
	for _, item := range waiting {
		listed[item.ID] = true
	}
	for i, e := range entries {
		there(t, p, fmt.Sprintf("call %d", i), e, !refused[i])
		if listed[e.Call.ID] == refused[i] {
			t.Errorf("call %d waits: %t, and was refused: %t", i, listed[e.Call.ID], refused[i])
		}
	}
	closed(t, p, fs)
}

// TestAPowerCutDuringASweep cuts the power before operations of a sweep that write: each
// call is there whole or gone, and the account is right.
func TestAPowerCutDuringASweep(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var clones []*vfs.MemFS
	var mu sync.Mutex
	var cut atomic.Bool
	var d *disk
	d, files := newDisk(vfs.NewCrashableMem(), func(int64, errorfs.Op) error {
		mu.Lock()
		defer mu.Unlock()
		if cut.Load() && len(clones) < 40 && rng.IntN(3) == 0 {
			clones = append(clones, d.mem.CrashClone(torn(rng)))
		}
		return nil
	})
	p := openMem(t, files)
	const calls = 300
	lanes := []plan.Key{crashLane, invoice, removed}
	var entries []*store.Entry
	for i := range calls {
		entries = append(entries, past(t, p, lanes[i%3], crm, 10, time.Duration(i)*time.Second, time.Duration(i)*time.Second+time.Minute))
	}
	cut.Store(true)
	var group sync.WaitGroup
	group.Go(func() { // others write on
		for range 50 {
			if err := p.Accept(t.Context(), crashCall()); err != nil {
				t.Error(err)
			}
		}
	})
	sweep(t, p, store.Retention{MaxAge: time.Hour, MaxBytes: 1 << 40, Policy: sweepPolicy()}, 100*time.Hour)
	group.Wait()
	closeStore(t, p)
	if len(clones) < 3 {
		t.Fatalf("%d power cuts, want more", len(clones))
	}
	for i, clone := range clones {
		if _, err := store.Check("/data/store", store.Options{FS: clone}, func(problem string) { t.Errorf("cut %d: %s", i, problem) }); err != nil {
			t.Error(err)
		}
		s := openMem(t, clone)
		left := 0
		for _, e := range entries {
			if _, err := s.Load(e.Call.ID); err == nil {
				left++
				there(t, s, "left", e, true)
			} else {
				there(t, s, "gone", e, false)
			}
		}
		if m := s.Metrics(); m.Log.Rows != int64(2*left) {
			t.Errorf("cut %d: the account has %d rows, the log %d", i, m.Log.Rows, 2*left)
		}
		closeStore(t, s)
	}
}
