package storetest

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func testAccept(t *testing.T, open Open) {
	t.Run("keeps every field", func(t *testing.T) {
		f := start(t, open)
		full, bare := entry(lane), &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: lane, CreatedAt: epoch}}
		f.accept(full, bare)
		f.twice(func(t *testing.T) {
			f.loaded(t, full)
			f.loaded(t, bare)
			f.queues(t, lane, fresh(full, bare), nil)
		})
	})
	t.Run("gives Seq in order from 1 and goes on after a reopen", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 3)
		f.accept(list[0], list[1])
		f.end(advance(list[0], finished(1)), advance(list[1], finished(1)))
		f.mustClose()
		f.mustOpen()
		f.accept(list[2])
		if list[0].Call.Seq < 1 || list[1].Call.Seq <= list[0].Call.Seq || list[2].Call.Seq <= list[1].Call.Seq {
			t.Errorf("Seq = %d, %d, and %d after a reopen; want ascending from 1", list[0].Call.Seq, list[1].Call.Seq, list[2].Call.Seq)
		}
	})
	t.Run("puts a finished entry in no queue", func(t *testing.T) {
		f := start(t, open)
		done := entry(lane)
		done.State = finished(0)
		done.Report = report(done, 1)
		f.accept(done)
		f.twice(func(t *testing.T) {
			f.loaded(t, done)
			f.queues(t, lane, nil, nil)
			lanes, err := f.Lanes()
			same(t, "Lanes", lanes, nil, err)
			reports, err := f.Reports()
			same(t, "Reports", reports, []plan.Report{*done.Report}, err)
		})
	})
	t.Run("keeps bodies of 1 MiB intact", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 16) // together the largest batch of the API
		big := body(1 << 20)
		for i, e := range list {
			e.Call.Body = big[i:]
		}
		f.accept(list...)
		f.twice(func(t *testing.T) {
			for i, e := range list {
				got, err := f.Load(e.Call.ID)
				if err != nil || !bytes.Equal(got.Call.Body, big[i:]) {
					t.Errorf("the body of call %d came back changed, or not at all: %v", i, err)
				}
			}
		})
	})
	t.Run("takes none when one cannot be stored or the context is over", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 2)
		list[1].Call.Webhook.Name = "a\x00b"
		if err := f.Accept(t.Context(), list...); err == nil {
			t.Error("Accept of a name with a zero byte = nil, want an error")
		}
		list[1].Call.Webhook = lane
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Accept(ctx, list...); !errors.Is(err, context.Canceled) {
			t.Errorf("Accept = %v, want the context's error", err)
		}
		f.absent(t, list[0].Call.ID)
		f.queues(t, lane, nil, nil)
		if err := f.Accept(t.Context()); err != nil {
			t.Errorf("Accept of nothing: %v", err)
		}
	})
}

func testBegin(t *testing.T, open Open) {
	t.Run("is told until End", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 2)
		list[0].Call.HasKey, list[1].Call.HasKey = false, false
		f.accept(list...)
		kept := store.Mark{ID: list[0].Call.ID, Attempt: 1, Begun: epoch}
		f.begin(kept, store.Mark{ID: list[1].Call.ID, Attempt: 1, Begun: epoch})
		f.end(advance(list[1], finished(1)))
		f.twice(func(t *testing.T) {
			begun, err := f.Begun()
			same(t, "Begun", begun, []store.Mark{kept}, err)
			f.queues(t, lane, fresh(list[0]), nil)
		})
	})
	t.Run("returns the context's error", func(t *testing.T) {
		f := start(t, open)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.Begin(ctx, store.Mark{ID: uuid.Must(uuid.NewV7()), Attempt: 1, Begun: epoch}); !errors.Is(err, context.Canceled) {
			t.Errorf("Begin = %v, want the context's error", err)
		}
		begun, err := f.Begun()
		same(t, "Begun", begun, nil, err)
	})
}

func testEnd(t *testing.T, open Open) {
	t.Run("moves a call from fresh to retry to another retry to finished", func(t *testing.T) {
		f := start(t, open)
		moved, other := entry(lane), entry(lane)
		moved.Call.HasKey = false // so that it has marks
		f.accept(moved, other)
		for n := 1; n <= 3; n++ {
			step := advance(moved, waiting(n, epoch.Add(time.Duration(n)*time.Minute)))
			step.Attempt = row(moved, n)
			f.begin(store.Mark{ID: moved.Call.ID, Attempt: n, Begun: epoch})
			f.end(step)
			f.loaded(t, moved)
			f.queues(t, lane, fresh(other), retries(moved))
		}
		step := advance(moved, finished(4))
		step.Attempt, step.Report = row(moved, 4), report(moved, 1)
		f.end(step)
		f.twice(func(t *testing.T) {
			f.loaded(t, moved)
			f.queues(t, lane, fresh(other), nil)
			attempts, err := f.Attempts(moved.Call.ID)
			same(t, "Attempts", attempts, []store.Attempt{*row(moved, 1), *row(moved, 2), *row(moved, 3), *ending(row(moved, 4))}, err)
			reports, err := f.Reports()
			same(t, "Reports", reports, []plan.Report{*step.Report}, err)
			begun, err := f.Begun()
			same(t, "Begun", begun, nil, err)
		})
	})
	t.Run("keeps a call whose due time stays", func(t *testing.T) {
		f := start(t, open)
		e := entry(lane)
		f.accept(e)
		f.end(advance(e, waiting(1, epoch)))
		f.end(advance(e, waiting(2, epoch)))
		f.twice(func(t *testing.T) { f.queues(t, lane, nil, retries(e)) })
	})
	t.Run("ends many, with and without an attempt", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 3)
		f.accept(list...)
		tried := advance(list[0], finished(1))
		tried.Attempt = row(list[0], 1)
		f.end(tried, advance(list[1], finished(0)), advance(list[2], waiting(1, epoch)))
		f.twice(func(t *testing.T) {
			f.queues(t, lane, nil, retries(list[2]))
			for i, e := range list {
				f.loaded(t, e)
				attempts, err := f.Attempts(e.Call.ID)
				if err != nil || len(attempts) != []int{1, 1, 0}[i] {
					t.Errorf("Attempts of call %d = %v, %v", i, attempts, err)
				}
			}
		})
	})
	t.Run("ends none when one cannot be stored or the context is over", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 2)
		f.accept(list...)
		good := &store.End{Call: &list[0].Call, Now: finished(1)}
		bad := &store.End{Call: &list[1].Call, Now: waiting(1, time.Time{})}
		if err := f.End(t.Context(), good, bad); err == nil {
			t.Error("End with a call that waits for a retry without a due time = nil, want an error")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := f.End(ctx, good); !errors.Is(err, context.Canceled) {
			t.Errorf("End = %v, want the context's error", err)
		}
		f.loaded(t, list[0])
		f.queues(t, lane, fresh(list...), nil)
		if err := f.End(t.Context()); err != nil {
			t.Errorf("End of nothing: %v", err)
		}
	})
}

func testReports(t *testing.T, open Open) {
	f := start(t, open)
	list := entries(lane, 4)
	other := entry(plan.Key{Namespace: "shop", Name: "order"})
	f.accept(append(list, other)...)
	finish := func(e *store.Entry, seq uint64) {
		step := advance(e, finished(1))
		step.Report = report(e, seq)
		f.end(step)
	}
	finish(list[0], 8)
	finish(list[1], 7)
	finish(other, 1)
	want := []plan.Report{*report(other, 1), *report(list[0], 8)}
	reports := func(t *testing.T) {
		t.Helper()
		got, err := f.Reports()
		if err != nil {
			t.Fatalf("Reports: %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("Reports (-want +got):\n%s", diff)
		}
	}
	t.Run("leaves out a stale one", reports)
	f.mustClose()
	f.mustOpen()
	finish(list[2], 6)
	t.Run("leaves out one that a reopen made stale", reports)
	finish(list[3], 9)
	want[1] = *report(list[3], 9)
	t.Run("takes a newer one", reports)
	t.Run("still ends the call of a stale one", func(t *testing.T) {
		f.loaded(t, list[1])
		f.queues(t, lane, nil, nil)
	})
}
