package storetest

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func testLists(t *testing.T, open Open) {
	t.Run("Fresh starts behind the cursor and stops at the limit", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 5)
		f.accept(list...)
		f.end(advance(list[1], finished(1)))
		for _, c := range []struct {
			name  string
			after uint64
			limit int
			want  []store.Item
		}{
			{"all", 0, 10, fresh(list[0], list[2], list[3], list[4])},
			{"limit", 0, 2, fresh(list[0], list[2])},
			{"behind a call", list[2].Call.Seq, 10, fresh(list[3], list[4])},
			{"behind a finished call", list[1].Call.Seq, 1, fresh(list[2])},
			{"behind the last", list[4].Call.Seq, 10, nil},
			{"behind every number", math.MaxUint64, 10, nil},
			{"limit of none", 0, 0, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, err := f.Fresh(lane, c.after, c.limit)
				same(t, "Fresh", got, c.want, err)
			})
		}
	})
	t.Run("Retries are in order of due time, then Seq", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 5)
		f.accept(list...)
		before1970 := time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC)
		for i, due := range []time.Time{epoch.Add(time.Hour), epoch, epoch.Add(time.Nanosecond), epoch, before1970} {
			f.end(advance(list[i], waiting(1, due)))
		}
		sorted := retries(list[4], list[1], list[3], list[2], list[0])
		at := func(i int) store.Position { return store.Position{Due: sorted[i].Due, Seq: sorted[i].Seq} }
		for _, c := range []struct {
			name  string
			after store.Position
			limit int
			want  []store.Item
		}{
			{"all", store.Position{}, 10, sorted},
			{"limit", store.Position{}, 2, sorted[:2]},
			{"between two of one time", at(1), 10, sorted[2:]},
			{"behind a time", store.Position{Due: epoch, Seq: math.MaxUint64}, 10, sorted[3:]},
			{"before a time", store.Position{Due: epoch}, 1, sorted[1:2]},
			{"behind the last", at(4), 10, nil},
			{"limit of none", store.Position{}, 0, nil},
		} {
			t.Run(c.name, func(t *testing.T) {
				got, err := f.Retries(lane, c.after, c.limit)
				same(t, "Retries", got, c.want, err)
			})
		}
	})
	t.Run("lanes are apart, also where one name begins another", func(t *testing.T) {
		f := start(t, open)
		keys := []plan.Key{
			{Namespace: "a", Name: "b"}, {Namespace: "a", Name: "b-c"}, {Namespace: "a", Name: "bc"},
			{Namespace: "a-b", Name: "b"}, {Namespace: "ab", Name: "b"},
		}
		var want []store.Lane
		lists := make([][]*store.Entry, len(keys))
		for i, key := range keys {
			lists[i] = entries(key, i+2)
			f.accept(lists[i]...)
			f.end(advance(lists[i][0], waiting(1, epoch)))
			want = append(want, store.Lane{Webhook: key, Fresh: i + 1, Retries: 1, Bytes: int64(i+2) * int64(lists[i][0].Call.Size()), LastSeq: lists[i][i+1].Call.Seq})
		}
		f.end(advance(lists[0][1], finished(1))) // leaves only a retry
		want[0].Fresh, want[0].LastSeq, want[0].Bytes = 0, 0, want[0].Bytes/2
		f.twice(func(t *testing.T) {
			lanes, err := f.Lanes()
			same(t, "Lanes", lanes, want, err)
			f.queues(t, keys[0], nil, retries(lists[0][0]))
			for i := 1; i < len(keys); i++ {
				f.queues(t, keys[i], fresh(lists[i][1:]...), retries(lists[i][0]))
			}
		})
	})
	t.Run("Attempts are in order and only those of the call", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 2)
		list[0].Call.ID = uuid.MustParse("01995b1e-0000-7000-8000-0000000000ff")
		list[1].Call.ID = uuid.MustParse("01995b1e-0000-7000-8000-000000000100")
		f.accept(list...)
		var want []store.Attempt
		for n := 1; n <= 300; n++ { // more than one byte of numbers
			step := advance(list[0], waiting(n, epoch.Add(time.Duration(n)*time.Second)))
			step.Attempt = row(list[0], n)
			want = append(want, *step.Attempt)
			f.end(step)
		}
		step := advance(list[1], finished(1))
		step.Attempt = row(list[1], 1)
		f.end(step)
		got, err := f.Attempts(list[0].Call.ID)
		same(t, "Attempts", got, want, err)
	})
	t.Run("an unknown call or webhook has nothing", func(t *testing.T) {
		f := start(t, open)
		f.accept(entry(lane))
		id := uuid.Must(uuid.NewV7())
		f.absent(t, id)
		attempts, err := f.Attempts(id)
		same(t, "Attempts", attempts, nil, err)
		f.queues(t, plan.Key{Namespace: "shop", Name: "order"}, nil, nil)
	})
}

func testOpen(t *testing.T, open Open) {
	t.Run("a new store is empty", func(t *testing.T) {
		f := start(t, open)
		f.twice(func(t *testing.T) {
			lanes, err := f.Lanes()
			same(t, "Lanes", lanes, nil, err)
			begun, err := f.Begun()
			same(t, "Begun", begun, nil, err)
			reports, err := f.Reports()
			same(t, "Reports", reports, nil, err)
		})
	})
	t.Run("a second open is refused and does not hurt the first", func(t *testing.T) {
		f := start(t, open)
		if second, err := f.open(t, f.dir); !errors.Is(err, store.ErrLocked) {
			t.Errorf("second open = %v, %v; want ErrLocked", second, err)
		}
		e := entry(lane)
		f.accept(e)
		f.twice(func(t *testing.T) { f.loaded(t, e) })
	})
}

// testConcurrent has callers accept, begin and end calls on few lanes at once,
// while others list them.
func testConcurrent(t *testing.T, open Open) {
	const callers, rounds = 16, 20
	f := start(t, open)
	lanes := []plan.Key{lane, {Namespace: "shop", Name: "order"}, {Namespace: "crm", Name: "order"}}
	kept := make([][]*store.Entry, callers)
	var group sync.WaitGroup
	for c := range callers {
		group.Go(func() {
			for range rounds {
				pair := entries(lanes[c%len(lanes)], 2)
				if !concurrentRound(t, f, pair) {
					return
				}
				kept[c] = append(kept[c], pair[0])
			}
		})
	}
	group.Wait()
	bySeq := map[uint64]bool{}
	total := map[plan.Key]int{}
	for _, list := range kept {
		for i, e := range list {
			if bySeq[e.Call.Seq] || i > 0 && e.Call.Seq <= list[i-1].Call.Seq {
				t.Fatalf("Seq %d came twice or out of order", e.Call.Seq)
			}
			bySeq[e.Call.Seq] = true
			total[e.Call.Webhook]++
			f.loaded(t, e)
		}
	}
	f.twice(func(t *testing.T) {
		counted, err := f.Lanes()
		if err != nil {
			t.Fatalf("Lanes: %v", err)
		}
		got := map[plan.Key]int{}
		for _, l := range counted {
			got[l.Webhook] = l.Fresh + l.Retries*1_000_000
		}
		if diff := cmp.Diff(total, got); diff != "" {
			t.Errorf("fresh calls a lane (-want +got):\n%s", diff)
		}
	})
}

// concurrentRound accepts two calls, finds them listed in order, and ends the
// second one.
func concurrentRound(t *testing.T, f *fixture, pair []*store.Entry) bool {
	ctx := t.Context()
	webhook := pair[0].Call.Webhook
	if err := f.Accept(ctx, pair...); err != nil {
		t.Errorf("Accept: %v", err)
		return false
	}
	items, err := f.Fresh(webhook, pair[0].Call.Seq-1, 2)
	if err != nil || len(items) != 2 || items[0].ID != pair[0].Call.ID || items[1].ID != pair[1].Call.ID {
		t.Errorf("Fresh = %v, %v; want the two calls just accepted", items, err)
		return false
	}
	mark := store.Mark{ID: pair[1].Call.ID, Attempt: 1, Begun: epoch}
	retry, last := advance(pair[1], waiting(1, epoch)), advance(pair[1], finished(2))
	last.Report = report(pair[1], pair[1].Call.Seq)
	for _, err := range []error{f.Begin(ctx, mark), f.End(ctx, retry), f.End(ctx, last)} {
		if err != nil {
			t.Errorf("Begin and End: %v", err)
			return false
		}
	}
	return true
}
