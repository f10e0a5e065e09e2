package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// logCursor goes over the entries that a query's filter wants, in its order. Between two
// portions it holds nothing open: a reading that takes hours keeps no table from being
// dropped.
type logCursor struct {
	store        *Pebble
	query        LogQuery
	names        entryReader
	lower, upper []byte      // of what is left
	found        []LogEntry  // what is left of the rows of one call
	last         LogPosition // of the last entry that was looked at
}

// newLogCursor makes a cursor before all that is wanted.
func newLogCursor(p *Pebble, q LogQuery) (*logCursor, error) {
	c := &logCursor{store: p, query: q, last: q.After}
	if q.Filter.ID == uuid.Nil {
		c.lower, c.upper = q.bounds()
		return c, nil
	}
	if err := c.find(q.Filter.ID); err != nil {
		return nil, fmt.Errorf("read the log rows of call %s: %w", q.Filter.ID, err)
	}
	return c, nil
}

// portion looks at up to limit entries and visits those that are wanted, until visit
// returns false. more says that there may be further ones.
func (c *logCursor) portion(ctx context.Context, limit int, visit func(*LogEntry) bool) (more bool, err error) {
	if c.query.Filter.ID != uuid.Nil {
		return c.ofCall(visit), ctx.Err()
	}
	if bytes.Compare(c.lower, c.upper) >= 0 {
		return false, nil
	}
	iter, err := c.store.db.NewIter(&pebble.IterOptions{LowerBound: c.lower, UpperBound: c.upper})
	if err != nil {
		return false, err
	}
	more, err = c.walk(ctx, iter, limit, visit)
	if err = errors.Join(err, iter.Close()); err != nil {
		return false, fmt.Errorf("read the index of the log: %w", err)
	}
	return more, nil
}

// checkContext is after how many entries the context is looked at.
const checkContext = 256

// walk is portion on an iterator. It moves the bounds behind the last entry that it has
// looked at.
func (c *logCursor) walk(ctx context.Context, iter *pebble.Iterator, limit int, visit func(*LogEntry) bool) (more bool, err error) {
	first, next := iter.First, iter.Next
	if c.query.Newest {
		first, next = iter.Last, iter.Prev
	}
	var e LogEntry
	looked, going := 0, true
	for more = first(); more && going && looked < limit; more = going && looked < limit && next() {
		value, err := iter.ValueAndErr()
		if err == nil {
			err = c.names.read(c.query.Filter.Namespace, iter.Key(), value, &e)
		}
		if err == nil && looked%checkContext == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return false, err
		}
		looked++
		c.last = e.LogPosition
		going = !c.query.Filter.wants(&e) || visit(&e)
		if !going || looked == limit {
			c.leave(iter.Key())
			return true, nil
		}
	}
	c.lower = c.upper
	return false, nil
}

// leave moves the bounds behind a key.
func (c *logCursor) leave(key []byte) {
	if c.query.Newest {
		c.upper = bytes.Clone(key)
	} else {
		c.lower = append(bytes.Clone(key), 0)
	}
}

// bounds are the keys of the index between which the query looks.
func (q *LogQuery) bounds() (lower, upper []byte) {
	f := &q.Filter
	var prefix []byte
	if f.Webhook != "" {
		prefix = laneKey(prefixLogOf, plan.Key{Namespace: f.Namespace, Name: f.Webhook})
	} else {
		prefix = append(append([]byte(prefixLog), f.Namespace...), 0)
	}
	place := func(at LogPosition) []byte { return appendPlace(bytes.Clone(prefix), at) }
	lower, upper = prefix, end(prefix)
	if !f.Since.IsZero() {
		lower = place(LogPosition{Begun: f.Since})
	}
	if !f.Till.IsZero() {
		upper = place(LogPosition{Begun: f.Till})
	}
	if q.After != (LogPosition{}) {
		switch after := place(q.After); {
		case q.Newest && bytes.Compare(after, upper) < 0:
			upper = after
		case !q.Newest && bytes.Compare(after, lower) >= 0:
			lower = slices.Concat(after, []byte{0})
		}
	}
	return lower, upper
}

// find reads the entries of a call, in the query's order and behind After. The rows of a
// call lie together, so this needs no index but for what rows do not know.
func (c *logCursor) find(id uuid.UUID) error {
	var call Call
	err := c.store.get(idKey(prefixCall, id), func(record []byte) error { return decodeCall(record, &call) })
	if errors.Is(err, pebble.ErrNotFound) || err == nil && call.Webhook.Namespace != c.query.Filter.Namespace {
		return nil
	}
	if err != nil {
		return err
	}
	prefix := idKey(prefixAttempt, id)
	var begun []LogPosition
	err = scan(c.store.db, prefix, end(prefix), func(key, record []byte) (bool, error) {
		at, err := rowPosition(key, record)
		begun = append(begun, at)
		return true, err
	})
	for i := 0; i < len(begun) && err == nil; i++ {
		var e LogEntry
		switch err = c.store.entry(call.Webhook, begun[i], &e); {
		case err == nil:
			c.found = append(c.found, e)
		case errors.Is(err, pebble.ErrNotFound): // it has just gone
			err = nil
		}
	}
	slices.SortFunc(c.found, func(a, b LogEntry) int { return c.query.compare(a.LogPosition, b.LogPosition) })
	return err
}

// rowPosition is the place of a row in the order of time, by its key and record.
func rowPosition(key, record []byte) (LogPosition, error) {
	if len(key) != len(prefixAttempt)+idLen+4 {
		return LogPosition{}, fmt.Errorf("the store is damaged at key %q", key)
	}
	begun, err := begunOf(record)
	at := LogPosition{Begun: begun, ID: uuid.UUID(key[len(prefixAttempt):])}
	for _, b := range key[len(prefixAttempt)+idLen:] {
		at.Number = at.Number<<8 | int(b)
	}
	return at, err
}

// ofCall visits the entries of one call. A position behind After may be that of a row
// that is not there any more.
func (c *logCursor) ofCall(visit func(*LogEntry) bool) (more bool) {
	for len(c.found) > 0 {
		e := &c.found[0]
		c.found = c.found[1:]
		if c.query.After != (LogPosition{}) && c.query.compare(e.LogPosition, c.query.After) <= 0 || !c.query.Filter.wants(e) {
			continue
		}
		c.last = e.LogPosition
		if !visit(e) {
			break
		}
	}
	return len(c.found) > 0
}

// compare orders positions as the query does.
func (q *LogQuery) compare(a, b LogPosition) int {
	var room [2 * placeLen]byte
	order := bytes.Compare(appendPlace(room[:0:placeLen], a), appendPlace(room[placeLen:placeLen], b))
	if q.Newest {
		return -order
	}
	return order
}

// sameTime reports whether two times have the same place in the order of keys.
func sameTime(a, b time.Time) bool { return sortable(a) == sortable(b) }
