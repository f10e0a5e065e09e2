package intake

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// keyed is a request with an idempotency key.
func keyed(idempotencyKey, data string) Request {
	return Request{Data: []byte(data), Key: idempotencyKey, HasKey: true}
}

func TestABatchIsOneStep(t *testing.T) {
	f := &fake{}
	in, _ := newIntake(t, f)
	results := in.AcceptAll(t.Context(), key, []Request{
		{Data: []byte(`{"name": "Ada"}`)}, {Data: []byte(`[]`)}, {Data: []byte(`{}`)}, {Data: []byte(`{"name": "Bob"}`)},
	})
	wantSteps(t, f, "reserve", "reserve", "accept 3", "accepted 2")
	var data *DataError
	switch {
	case results[0].Err != nil || results[0].Entry.Call.Body != nil, // it would be held
		!errors.As(results[1].Err, &data) || results[1].Entry != nil,
		results[2].Err != nil || results[2].Entry.State.Outcome != plan.OutcomeRenderFailed,
		results[3].Err != nil || results[3].Entry.Call.ID == results[0].Entry.Call.ID:
		t.Errorf("the results are %+v", results)
	}
	if diff := cmp.Diff([]string{"Ada", "", "Bob"}, f.bodies); diff != "" {
		t.Errorf("the bodies in the store (-want, +got):\n%s", diff)
	}
}

func TestALargeBatchIsSeveralSteps(t *testing.T) {
	f := &fake{}
	in, _ := newIntake(t, f)
	big := fmt.Sprintf(`{"name": %q}`, strings.Repeat("x", maxStepBytes/8)) // a header and a body of it: a quarter
	in.AcceptAll(t.Context(), key, []Request{
		{Data: []byte(big)}, {Data: []byte(big)}, {Data: []byte(big)}, {Data: []byte(big)}, {Data: []byte(big)},
	})
	wantSteps(t, f, "reserve", "reserve", "reserve", "reserve", "accept 4", "accepted 4", "reserve", "accept 1", "accepted 1")
	f.steps = nil
	in.AcceptAll(t.Context(), key, make([]Request, 3)) // none is JSON
	wantSteps(t, f)
}

func TestAFullIntegrationRefusesWhatIsTooMuch(t *testing.T) {
	f := &fake{full: engine.ErrTooManyWaiting}
	in, _ := newIntake(t, f)
	for _, r := range in.AcceptAll(t.Context(), key, []Request{keyed("a", `{"name": "Ada"}`), keyed("a", `{"name": "Ada"}`)}) {
		if !errors.Is(r.Err, engine.ErrTooManyWaiting) || r.Entry != nil {
			t.Errorf("%+v, want it refused", r)
		}
	}
	f.full, f.steps = nil, nil
	if r := in.Accept(t.Context(), key, keyed("a", `{"name": "Ada"}`)); r.Err != nil || r.Repeat {
		t.Errorf("%+v, want the key to be free", r)
	}
}

func TestAnIdempotencyKeyFindsItsCall(t *testing.T) {
	f := &fake{}
	in, c := newIntake(t, f)
	first := in.Accept(t.Context(), key, keyed("k", `{"name": "Ada", "n": 1}`))
	if first.Err != nil || first.Repeat {
		t.Fatalf("%+v", first)
	}
	for _, data := range []string{`{"name": "Ada", "n": 1}`, ` { "name":"Ada","n":1}`} {
		again := in.Accept(t.Context(), key, keyed("k", data))
		if again.Err != nil || !again.Repeat || again.Entry.Call.ID != first.Entry.Call.ID || again.Entry.State.Outcome != plan.OutcomeSucceeded {
			t.Errorf("%s: %+v, want the first call as it is now", data, again)
		}
	}
	if r := in.Accept(t.Context(), key, keyed("k", `{"name": "Bob", "n": 1}`)); !errors.Is(r.Err, ErrKeyReused) {
		t.Errorf("other data: %+v", r)
	}
	if r := in.Accept(t.Context(), key, keyed("K", `{"name": "Bob"}`)); r.Err != nil || r.Repeat {
		t.Errorf("another key: %+v", r)
	}
	anew := *c.Webhook(key)
	anew.Plan.UID = "another"
	c.Set(&anew)
	if r := in.Accept(t.Context(), key, keyed("k", `{"name": "Bob"}`)); r.Err != nil || r.Repeat {
		t.Errorf("another webhook of the name: %+v", r)
	}
}

func TestInvalidIdempotencyKeys(t *testing.T) {
	f := &fake{}
	in, _ := newIntake(t, f)
	for _, k := range []string{"", strings.Repeat("x", MaxKey+1), "a\nb", "a\x00"} {
		if r := in.Accept(t.Context(), key, keyed(k, `{"name": "Ada"}`)); !errors.Is(r.Err, ErrKeyInvalid) {
			t.Errorf("%q: %+v", k, r)
		}
	}
	wantSteps(t, f)
}

func TestAKeyTwiceInABatch(t *testing.T) {
	f := &fake{}
	in, _ := newIntake(t, f)
	r := in.AcceptAll(t.Context(), key, []Request{
		keyed("a", `{"name": "Ada"}`), keyed("b", `{"name": "Bob"}`), keyed("a", `{"name": "Ada"}`), keyed("b", `{"name": "Eve"}`),
	})
	if r[0].Err != nil || r[1].Err != nil || !r[2].Repeat || r[2].Entry.Call.ID != r[0].Entry.Call.ID || !errors.Is(r[3].Err, ErrKeyReused) {
		t.Errorf("%+v", r)
	}
}

// TestAKeyOnItsWay: while the first call of a key is being stored, another waits
// for it; when it could not be stored, the other is taken in.
func TestAKeyOnItsWay(t *testing.T) {
	for name, fails := range map[string]bool{"stored": false, "not stored": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fake{block: make(chan struct{})}
				in, _ := newIntake(t, f)
				gone, cancel := context.WithCancel(t.Context())
				var first, second Result
				go func() { first = in.Accept(gone, key, keyed("k", `{"name": "Ada"}`)) }()
				synctest.Wait()
				go func() { second = in.Accept(t.Context(), key, keyed("k", `{"name": "Ada"}`)) }()
				synctest.Wait()
				if len(f.steps) != 2 {
					t.Fatalf("steps %v while the first is on its way", f.steps)
				}
				if fails {
					cancel()
				}
				close(f.block)
				synctest.Wait()
				cancel()
				if (first.Err != nil) != fails || second.Err != nil || second.Repeat == fails {
					t.Errorf("first %+v, second %+v", first, second)
				}
			})
		})
	}
}

// TestBatchesThatWaitForEachOther: two batches with the same keys in opposite
// order both end.
func TestBatchesThatWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in, _ := newIntake(t, &fake{})
		var requests [2][]Request
		for n := range 100 {
			r := keyed(fmt.Sprint(n), `{"name": "Ada"}`)
			requests[0] = append(requests[0], r)
			requests[1] = append([]Request{r}, requests[1]...)
		}
		locked := &lockedStore{fake: in.store.(*fake), turn: make(chan struct{}, 1)}
		in.store, in.queue = locked, locked
		var results [2][]Result
		for n := range results {
			go func() { results[n] = in.AcceptAll(t.Context(), key, requests[n]) }()
		}
		synctest.Wait()
		ids := map[string]int{}
		for _, list := range results {
			for _, r := range list {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				ids[r.Entry.Call.ID.String()]++
			}
		}
		if len(ids) != 100 {
			t.Errorf("%d calls, want 100", len(ids))
		}
	})
}

// lockedStore lets one method of the fake run at a time.
type lockedStore struct {
	*fake
	turn chan struct{}
}

func (l *lockedStore) lock() func() {
	l.turn <- struct{}{}
	return func() { <-l.turn }
}

func (l *lockedStore) Accept(ctx context.Context, entries ...*store.Entry) error {
	defer l.lock()()
	return l.fake.Accept(ctx, entries...)
}

func (l *lockedStore) Find(key store.OnceKey, now time.Time) (store.Accepted, error) {
	defer l.lock()()
	return l.fake.Find(key, now)
}

func (l *lockedStore) Reserve(k plan.Key, size int) error {
	defer l.lock()()
	return l.fake.Reserve(k, size)
}

func (l *lockedStore) Accepted(k plan.Key, entries ...*store.Entry) {
	defer l.lock()()
	l.fake.Accepted(k, entries...)
}
