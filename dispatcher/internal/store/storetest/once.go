package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

func testLoadFresh(t *testing.T, open Open) {
	f := start(t, open)
	list := entries(lane, 5)
	f.accept(list...)
	items := fresh(list...)
	f.end(advance(list[1], waiting(1, epoch)), advance(list[3], finished(1)))
	f.twice(func(t *testing.T) {
		got, err := f.LoadFresh(items)
		want := []*store.Entry{{Call: list[0].Call}, nil, {Call: list[2].Call}, nil, {Call: list[4].Call}}
		same(t, "LoadFresh", got, want, err)
		got, err = f.LoadFresh(nil)
		same(t, "LoadFresh of nothing", got, nil, err)
		got, err = f.LoadFresh(fresh(entry(lane)))
		same(t, "LoadFresh of a call that is not there", got, []*store.Entry{nil}, err)
	})
}

func testOnce(t *testing.T, open Open) {
	key := func(n byte) store.OnceKey { return store.OnceKey{n, 15: n} }
	with := func(n byte, at time.Time) *store.Entry {
		e := entry(lane)
		e.Call.CreatedAt = at
		e.Once = &store.Once{Key: key(n), Data: [16]byte{0xd, 15: n}}
		return e
	}
	midnight := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	first, second := with(1, midnight.Add(-time.Second)), with(2, midnight)
	f := start(t, open)
	f.accept(first, second, entry(lane))
	found := func(t *testing.T, n byte, now time.Time, want *store.Entry) {
		t.Helper()
		got, err := f.Find(key(n), now)
		if want == nil {
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("Find of key %d at %s = %v, %v; want ErrNotFound", n, now, got, err)
			}
			return
		}
		if diff := cmp.Diff(store.Accepted{ID: want.Call.ID, Data: want.Once.Data}, got); err != nil || diff != "" {
			t.Errorf("Find of key %d at %s: %v (-want +got):\n%s", n, now, err, diff)
		}
	}
	f.twice(func(t *testing.T) {
		found(t, 1, midnight, first)
		found(t, 1, midnight.Add(24*time.Hour-1100*time.Millisecond), first)
		found(t, 1, midnight.Add(24*time.Hour-time.Second), nil)
		found(t, 2, midnight.Add(24*time.Hour-1), second)
		found(t, 2, midnight.Add(24*time.Hour), nil)
		found(t, 2, midnight.Add(-20*time.Hour), second) // the clock went back
		found(t, 3, midnight, nil)
	})
	t.Run("a key is taken anew after its window", func(t *testing.T) {
		later := midnight.Add(30 * time.Hour)
		again := with(1, later)
		f.accept(again)
		found(t, 1, later, again)
	})
	t.Run("Forget drops only what no look-up finds", func(t *testing.T) {
		if err := f.Forget(midnight.Add(24*time.Hour - 1)); err != nil {
			t.Fatal(err)
		}
		found(t, 2, midnight.Add(24*time.Hour-1), second)
		if err := f.Forget(midnight.Add(48 * time.Hour)); err != nil {
			t.Fatal(err)
		}
		found(t, 2, midnight.Add(time.Hour), nil)
		again, err := f.Find(key(1), midnight.Add(48*time.Hour))
		if err != nil || again.ID == first.Call.ID {
			t.Errorf("Find of the key taken anew 18 h ago = %v, %v", again, err)
		}
	})
}
