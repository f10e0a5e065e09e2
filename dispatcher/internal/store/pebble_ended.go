package store

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

const (
	// endedStep is how many states one Ended looks at, some tens of milliseconds.
	endedStep = 20_000
	// earlyID and lateID are how far the time in a transaction id may be from that of
	// the call: it is read after that, for the last calls of a large batch by seconds.
	earlyID = time.Second
	lateID  = time.Minute
)

// Result implements [Store].
func (p *Pebble) Result(id uuid.UUID) (*Result, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	result := new(Result)
	err := p.get(idKey(prefixResult, id), func(record []byte) error { return decoder.Unmarshal(record, result) })
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read the result of call %s: %w", id, err)
	}
	return result, nil
}

// Ended implements [Store]. States lie in the order of ids, which begin with the
// time, so a span of time is one range of keys; of those in it that have one of
// the outcomes the call is read.
func (p *Pebble) Ended(f EndedFilter, after uuid.UUID) (ids []uuid.UUID, last uuid.UUID, more bool, err error) {
	if err := p.enter(); err != nil {
		return nil, after, false, err
	}
	defer p.leave()
	lower, upper := idKey(prefixState, firstID(f.Since.Add(-earlyID))), idKey(prefixState, firstID(f.Till.Add(lateID)))
	if from := append(idKey(prefixState, after), 0); slices.Compare(from, lower) > 0 {
		lower = from
	}
	if last = after; slices.Compare(lower, upper) >= 0 {
		return nil, last, false, nil
	}
	looked := 0
	err = scan(p.db, lower, upper, func(key, value []byte) (bool, error) {
		if len(key) != len(prefixState)+idLen {
			return false, fmt.Errorf("the store is damaged at key %q", key)
		}
		var state State
		if err := decoder.Unmarshal(value, &state); err != nil {
			return false, err
		}
		id := uuid.UUID(key[len(prefixState):])
		wanted, err := p.wanted(f, id, state)
		if err != nil {
			return false, err
		}
		if wanted {
			ids = append(ids, id)
		}
		last = id
		looked++
		more = looked == endedStep || len(ids) == f.Limit
		return !more, nil
	})
	if err != nil {
		return nil, after, false, fmt.Errorf("list the ended calls of webhook %s: %w", f.Webhook, err)
	}
	return ids, last, more, nil
}

// wanted reports whether the filter wants a call.
func (p *Pebble) wanted(f EndedFilter, id uuid.UUID, state State) (bool, error) {
	if !slices.Contains(f.Outcomes, state.Outcome) {
		return false, nil
	}
	var call Call
	err := p.get(idKey(prefixCall, id), func(record []byte) error { return decodeCall(record, &call) })
	if isGone(err) { // dropped from the log since
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read call %s: %w", id, err)
	}
	return call.Webhook == f.Webhook && !call.CreatedAt.Before(f.Since) && call.CreatedAt.Before(f.Till), nil
}

// firstID is the lowest UUIDv7 of a time's millisecond (RFC 9562): 48 bits of Unix
// time come first.
func firstID(t time.Time) uuid.UUID {
	var id uuid.UUID
	millis := max(t.UnixMilli(), 0)
	for i := range 6 {
		id[i] = byte(millis >> (40 - 8*i))
	}
	return id
}
