package store

import (
	"bytes"
	"errors"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// minRun is from how many neighbouring keys on they go by one DeleteRange: a tombstone
// of a range costs readers more than one of a key.
const minRun = 8

// sweepStep is one step of a sweep: some places of a webhook are looked at, and the calls
// that are to go are dropped with all that belongs to them, in one batch. While it is
// put together others write on, which the fence notes; no lock is held for it.
type sweepStep struct {
	*sweep
	webhook plan.Key
	oldest  time.Time // before that calls are too old
	names   entryReader

	gone   map[uuid.UUID]*goneCall
	latest time.Time // of the rows that go
	swept  Swept
}

// goneCall is a call that is to go, with the keys of all that goes with it. One that is
// gone already has left places.
type goneCall struct {
	id      uuid.UUID
	left    bool // only places are left of it
	rows    [][]byte
	places  [][]byte // in the namespace
	ofs     [][]byte // in the webhook
	charges []charge
}

// run looks at the places from a key on, below upper, and returns where the next step
// goes on; nil for nowhere.
func (s *sweepStep) run(from, upper []byte) (next []byte, err error) {
	if bytes.Compare(from, upper) >= 0 {
		return nil, nil
	}
	p := s.store
	p.order.Lock()
	p.fence = &fence{revived: map[uuid.UUID]struct{}{}}
	p.order.Unlock()
	defer func() {
		p.order.Lock()
		p.fence = nil
		p.order.Unlock()
	}()
	s.gone = map[uuid.UUID]*goneCall{}
	entries, next, err := s.look(from, upper)
	for i := 0; i < len(entries) && err == nil; i++ {
		err = s.judge(&entries[i])
	}
	if err != nil || len(s.gone) == 0 {
		return next, err
	}
	return next, s.drop()
}

// look reads places.
func (s *sweepStep) look(from, upper []byte) (entries []LogEntry, next []byte, err error) {
	err = scan(s.store.db, from, upper, func(key, value []byte) (bool, error) {
		var e LogEntry
		if err := s.names.read(s.webhook.Namespace, key, value, &e); err != nil {
			return false, err
		}
		entries = append(entries, e)
		if len(entries) == sweepRows {
			next = append(bytes.Clone(key), 0)
		}
		return next == nil, nil
	})
	return entries, next, err
}

// judge notes the call of an entry if it is to go.
func (s *sweepStep) judge(e *LogEntry) error {
	if _, known := s.gone[e.ID]; known {
		if s.gone[e.ID].left {
			s.leftover(e)
		}
		return nil
	}
	tooMany := later(s.cutoffs.all, s.cutoffs.of[e.Integration])
	cutoff := later(s.oldest, tooMany)
	if !e.Begun.Before(cutoff) {
		return nil
	}
	entry, err := s.store.load(e.ID)
	if isGone(err) {
		s.leftover(e)
		return nil
	}
	if err != nil || !entry.State.Finished() || cutoff.After(tooMany) && !entry.State.EndedAt.Before(cutoff) {
		return err
	}
	g := &goneCall{id: e.ID}
	old, err := s.collect(g, &entry.Call, cutoff)
	if err == nil && old {
		s.gone[e.ID] = g
	}
	return err
}

// leftover notes a place without a call.
func (s *sweepStep) leftover(e *LogEntry) {
	g := s.gone[e.ID]
	if g == nil {
		g = &goneCall{id: e.ID, left: true}
		s.gone[e.ID] = g
	}
	s.place(g, s.webhook, e)
}

// place notes a place with what it has in the account.
func (s *sweepStep) place(g *goneCall, webhook plan.Key, e *LogEntry) {
	g.places = append(g.places, placeKey(webhook.Namespace, e.LogPosition))
	g.ofs = append(g.ofs, placeOfKey(webhook, e.LogPosition))
	g.charges = append(g.charges, chargeOf(e).negative())
	s.latest = later(s.latest, e.Begun)
}

// collect notes all rows of a call; false if one of them is not old enough.
func (s *sweepStep) collect(g *goneCall, call *Call, cutoff time.Time) (old bool, err error) {
	prefix := idKey(prefixAttempt, g.id)
	var at []LogPosition
	err = scan(s.store.db, prefix, end(prefix), func(key, record []byte) (bool, error) {
		position, err := rowPosition(key, record)
		at = append(at, position)
		g.rows = append(g.rows, bytes.Clone(key))
		old = err == nil && position.Begun.Before(cutoff)
		return old, err
	})
	for i := 0; i < len(at) && old && err == nil; i++ {
		var e LogEntry
		if err = s.store.entry(call.Webhook, at[i], &e); isGone(err) {
			err = nil // without a place it is not in the account
		} else if err == nil {
			s.place(g, call.Webhook, &e)
		}
	}
	return old, err
}

// drop drops what was found. If something has come between since, it does so key by key.
func (s *sweepStep) drop() error {
	for ranges := true; ; ranges = false {
		batch, ids, charges, err := s.batch(ranges)
		if err != nil {
			return err
		}
		place, applied, err := s.apply(batch, ids, charges, ranges)
		switch {
		case err != nil:
			return err
		case applied:
			s.count()
			return s.store.finish(StepSweep, len(s.gone), batch, place)
		}
		if err := batch.Close(); err != nil {
			return err
		}
		if len(s.gone) == 0 {
			return nil
		}
	}
}

// count adds up what goes.
func (s *sweepStep) count() {
	for _, g := range s.gone {
		if !g.left {
			s.swept.Calls++
		}
		s.swept.Rows += len(g.rows)
		for _, c := range g.charges {
			s.swept.Bytes -= c.bytes
		}
	}
}

// apply makes the batch visible, unless calls of it wait again, which are then taken out
// of the step, or something has come into its ranges.
func (s *sweepStep) apply(batch *pebble.Batch, ids []uuid.UUID, charges []charge, ranges bool) (place uint64, applied bool, err error) {
	p := s.store
	p.drops.Lock() // nobody finds a call to be there that goes now, and makes it wait after that
	defer p.drops.Unlock()
	p.order.Lock()
	defer p.order.Unlock()
	if p.failed != nil {
		return 0, false, p.gone()
	}
	clean := true
	for id := range p.fence.revived {
		if _, goes := s.gone[id]; goes {
			delete(s.gone, id)
			clean = false
		}
	}
	if !clean || ranges && !p.fence.holds(ids[len(ids)-1], s.latest) {
		return 0, false, nil
	}
	p.account.post(batch, charges)
	place, err = p.write(batch)
	return place, true, err
}

// batch puts the step together: with ranges, or key by key. ids are those of the calls,
// in order.
func (s *sweepStep) batch(ranges bool) (batch *pebble.Batch, ids []uuid.UUID, charges []charge, err error) {
	batch = s.store.db.NewBatch()
	var calls, places, ofs [][]byte
	for _, g := range s.gone {
		ids = append(ids, g.id)
		places, ofs, charges = append(places, g.places...), append(ofs, g.ofs...), append(charges, g.charges...)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	for _, id := range ids {
		calls = append(calls, idKey(prefixCall, id))
	}
	if !ranges {
		s.dropCalls(batch, ids)
		for _, key := range slices.Concat(places, ofs) {
			drop(batch, key)
		}
		return batch, ids, charges, nil
	}
	err = s.store.runs(calls, func(first, last int) {
		if last-first+1 < minRun {
			s.dropCalls(batch, ids[first:last+1])
			return
		}
		// What stands under an id stands there only with a call.
		for _, prefix := range []string{prefixCall, prefixState, prefixResult, prefixAttempt} {
			_ = batch.DeleteRange(idKey(prefix, ids[first]), end(idKey(prefix, ids[last])), nil) // nil, as with put
		}
	})
	for _, keys := range [][][]byte{places, ofs} {
		slices.SortFunc(keys, bytes.Compare)
		err = errors.Join(err, s.store.runs(keys, func(first, last int) {
			if last-first+1 >= minRun {
				_ = batch.DeleteRange(keys[first], append(bytes.Clone(keys[last]), 0), nil)
				return
			}
			for _, key := range keys[first : last+1] {
				drop(batch, key)
			}
		}))
	}
	if err != nil {
		return nil, nil, nil, errors.Join(err, batch.Close())
	}
	return batch, ids, charges, nil
}

// dropCalls drops calls key by key.
func (s *sweepStep) dropCalls(batch *pebble.Batch, ids []uuid.UUID) {
	for _, id := range ids {
		for _, prefix := range []string{prefixCall, prefixState, prefixResult} {
			drop(batch, idKey(prefix, id))
		}
		for _, key := range s.gone[id].rows {
			drop(batch, key)
		}
	}
}

// runs visits the runs of sorted keys of one kind between which there is no other key in
// the database. Keys that are not there are runs of their own.
func (p *Pebble) runs(keys [][]byte, visit func(first, last int)) error {
	if len(keys) == 0 {
		return nil
	}
	iter, err := p.db.NewIter(&pebble.IterOptions{LowerBound: keys[0], UpperBound: append(bytes.Clone(keys[len(keys)-1]), 0)})
	if err != nil {
		return err
	}
	for first := 0; first < len(keys); {
		last := first
		if iter.SeekGE(keys[first]) && bytes.Equal(iter.Key(), keys[first]) {
			for last+1 < len(keys) && iter.Next() && bytes.Equal(iter.Key(), keys[last+1]) {
				last++
			}
		}
		visit(first, last)
		first = last + 1
	}
	return iter.Close()
}
