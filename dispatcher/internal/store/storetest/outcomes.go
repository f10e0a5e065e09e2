package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// testTriggered: the calls that an outcome triggers are stored with it.
func testTriggered(t *testing.T, open Open) {
	t.Run("joins its queue in the step of the outcome", func(t *testing.T) {
		f := start(t, open)
		first, second := entry(lane), entry(lane)
		f.accept(first, second)
		waits, refused := entry(plan.Key{Namespace: "shop", Name: "order"}), entry(lane)
		refused.State = finished(0)
		refused.Report = report(refused, 3)
		step := advance(first, finished(1))
		step.Report = report(first, 4) // newer than that of the call that it triggers
		step.Calls = []*store.Entry{waits, refused}
		another := entry(lane)
		last := advance(second, finished(1))
		last.Calls = []*store.Entry{another}
		f.end(step, last)
		if seqs := []uint64{second.Call.Seq, waits.Call.Seq, refused.Call.Seq, another.Call.Seq}; !ascending(seqs) {
			t.Errorf("the Seq of the call before and of those it triggers: %d, want ascending", seqs)
		}
		f.twice(func(t *testing.T) {
			for _, e := range []*store.Entry{first, second, waits, refused, another} {
				f.loaded(t, e)
			}
			f.queues(t, waits.Call.Webhook, fresh(waits), nil)
			f.queues(t, lane, fresh(another), nil)
			reports, err := f.Reports()
			same(t, "Reports", reports, []plan.Report{*step.Report}, err)
		})
	})
	t.Run("is left out with an outcome that cannot be stored", func(t *testing.T) {
		f := start(t, open)
		list := entries(lane, 2)
		f.accept(list...)
		good, bad, other := entry(lane), entry(lane), entry(lane)
		bad.Call.Webhook.Name = "a\x00b"
		for what, ends := range map[string][]*store.End{
			"a triggered call without a place": {{Call: &list[0].Call, Now: finished(1), Calls: []*store.Entry{good, bad}}},
			"a call triggered by one that waits": {
				{Call: &list[0].Call, Now: finished(1), Calls: []*store.Entry{other}},
				{Call: &list[1].Call, Now: waiting(1, epoch), Calls: []*store.Entry{good}},
			},
		} {
			if err := f.End(t.Context(), ends...); err == nil {
				t.Errorf("End with %s = nil, want an error", what)
			}
		}
		f.twice(func(t *testing.T) {
			f.absent(t, good.Call.ID)
			f.absent(t, other.Call.ID)
			f.queues(t, lane, fresh(list...), nil)
		})
	})
}

// ascending reports whether each number is higher than the one before.
func ascending(list []uint64) bool {
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			return false
		}
	}
	return true
}

// result has every field set.
func result() *store.Result {
	return &store.Result{
		Variables: []store.Variable{{Name: "code", Value: "A-17 ä"}, {Name: "empty"}},
		Response:  []byte(`{"code":"A-17 ä"}`),
	}
}

func testResult(t *testing.T, open Open) {
	f := start(t, open)
	list := entries(lane, 3)
	f.accept(list...)
	with, without := advance(list[0], finished(1)), advance(list[1], finished(1))
	with.Result = result()
	f.end(with, without)
	if err := f.End(t.Context(), &store.End{Call: &list[2].Call, Now: waiting(1, epoch), Result: result()}); err == nil {
		t.Error("End of a call that waits, with a result = nil, want an error")
	}
	f.twice(func(t *testing.T) {
		f.result(t, list[0], result())
		f.result(t, list[1], nil)
		f.result(t, list[2], nil)
		f.loaded(t, list[2])
	})
}

// result checks what was read from the answer to a call; nil is nothing.
func (f *fixture) result(t *testing.T, e *store.Entry, want *store.Result) {
	t.Helper()
	got, err := f.Result(e.Call.ID)
	if want == nil && errors.Is(err, store.ErrNotFound) {
		return
	}
	if err != nil {
		t.Fatalf("Result: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Result (-want +got):\n%s", diff)
	}
}

// testRedelivered: a call that has ended waits again, more than once.
func testRedelivered(t *testing.T, open Open) {
	f := start(t, open)
	again, refused, other := entry(lane), entry(lane), entry(lane)
	refused.State = finished(0)
	f.accept(again, refused, other)
	first := advance(again, finished(1))
	first.Attempt, first.Result = row(again, 1), result()
	f.end(first)
	for series := 1; series <= 3; series++ {
		// Also at the same due time as before.
		f.end(advance(again, store.State{Attempts: series, Earlier: series, Series: series, Due: epoch}))
		if series == 1 {
			f.end(advance(refused, store.State{Series: 1, Due: epoch}))
		}
		f.twice(func(t *testing.T) {
			f.loaded(t, again)
			f.result(t, again, nil)
			f.queues(t, lane, fresh(other), retries(again, refused))
			lanes, err := f.Lanes()
			bytes := int64(3 * again.Call.Size())
			same(t, "Lanes", lanes, []store.Lane{{Webhook: lane, Fresh: 1, Retries: 2, Bytes: bytes, LastSeq: other.Call.Seq}}, err)
		})
		now := finished(series + 1)
		now.Series, now.Earlier = series, series
		step := advance(again, now)
		step.Attempt = row(again, series+1)
		f.end(step)
		f.queues(t, lane, fresh(other), retries(refused))
	}
	f.twice(func(t *testing.T) {
		f.loaded(t, again)
		f.result(t, again, nil)
		f.queues(t, lane, fresh(other), retries(refused))
		attempts, err := f.Attempts(again.Call.ID)
		same(t, "Attempts", attempts, []store.Attempt{*ending(row(again, 1)), *ending(row(again, 2)), *ending(row(again, 3)), *ending(row(again, 4))}, err)
	})
}

// testEnded lists calls that have ended.
func testEnded(t *testing.T, open Open) {
	f := start(t, open)
	base := epoch.Truncate(time.Millisecond)
	other := plan.Key{Namespace: "shop", Name: "order"}
	made := func(webhook plan.Key, at time.Duration, outcome plan.Outcome) *store.Entry {
		e := entry(webhook)
		e.Call.CreatedAt = base.Add(at)
		e.Call.ID = idAt(e.Call.CreatedAt.Add(20 * time.Second)) // made when the last calls of a batch were rendered
		if outcome != "" {
			e.State = store.State{Attempts: 1, Outcome: outcome, EndedAt: e.Call.CreatedAt.Add(time.Hour)}
		}
		return e
	}
	early := made(lane, -time.Nanosecond, plan.OutcomeExhausted)
	list := []*store.Entry{
		made(lane, 0, plan.OutcomeExhausted), made(lane, time.Second, plan.OutcomeFailed), made(lane, 2*time.Second, plan.OutcomeExhausted),
	}
	late := made(lane, time.Minute, plan.OutcomeExhausted)
	f.accept(early, late, made(lane, time.Second, plan.OutcomeSucceeded), made(lane, time.Second, ""), made(other, time.Second, plan.OutcomeFailed))
	f.accept(list...)
	f.end(&store.End{Call: &list[1].Call, Was: list[1].State, Now: store.State{Attempts: 1, Series: 1, Due: epoch}})
	filter := store.EndedFilter{
		Webhook: lane, Outcomes: []plan.Outcome{plan.OutcomeFailed, plan.OutcomeExhausted}, Since: base, Till: base.Add(time.Minute), Limit: 10,
	}
	f.twice(func(t *testing.T) {
		want := []uuid.UUID{list[0].Call.ID, list[2].Call.ID}
		f.ended(t, filter, uuid.Nil, want, false)
		f.ended(t, filter, want[0], want[1:], false)
		f.ended(t, filter, want[1], nil, false)
		one, none, empty := filter, filter, filter
		one.Limit = 1
		f.ended(t, one, uuid.Nil, want[:1], true)
		f.ended(t, one, want[0], want[1:], true)
		none.Outcomes = nil
		f.ended(t, none, uuid.Nil, nil, false)
		empty.Till = empty.Since
		f.ended(t, empty, uuid.Nil, nil, false)
		empty.Since, empty.Till = time.Time{}, time.Time{}
		f.ended(t, empty, uuid.Nil, nil, false)
		all := filter
		all.Since, all.Till = time.Time{}, base.AddDate(1000, 0, 0)
		f.ended(t, all, uuid.Nil, []uuid.UUID{early.Call.ID, want[0], want[1], late.Call.ID}, false)
	})
}

// ended checks a listing of calls that have ended, and that it goes on behind
// the last one if there may be more.
func (f *fixture) ended(t *testing.T, filter store.EndedFilter, after uuid.UUID, want []uuid.UUID, more bool) {
	t.Helper()
	got, last, gotMore, err := f.Ended(filter, after)
	same(t, "Ended", got, want, err)
	if gotMore != more || more && last != want[len(want)-1] {
		t.Errorf("Ended = more %v behind %s, want %v behind the last of %s", gotMore, last, more, want)
	}
}

// idAt is a transaction id of a time.
func idAt(at time.Time) uuid.UUID {
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (40 - 8*i))
	}
	return id
}
