package store

import (
	"bytes"
	"errors"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// rowPlaces checks that a row has its two places, and that they say what it says.
func (w *walk) rowPlaces(call *Call, row *Attempt) {
	at := LogPosition{Begun: row.Begun, ID: row.ID, Number: row.Number}
	key := placeOfKey(call.Webhook, at)
	value := w.placeValue(key)
	switch other := w.placeValue(placeKey(call.Webhook.Namespace, at)); {
	case value == nil || other == nil:
		w.report("log row %d of call %s has not both of its places in the index of the log", row.Number, w.id)
		w.rowsPlaced += present(value) + present(other)
		return
	case !bytes.Equal(value, other):
		w.report("the two places of log row %d of call %s do not say the same", row.Number, w.id)
	}
	w.rowsPlaced += 2
	var e LogEntry
	if err := new(entryReader).read(call.Webhook.Namespace, key, value, &e); err != nil {
		w.report("a place of log row %d of call %s cannot be decoded", row.Number, w.id)
		return
	}
	want := entryOf(call, row, State{})
	want.Waited, want.Bytes, want.LogPosition = e.Waited, e.Bytes, e.LogPosition
	want.Duration, want.StatusCode = e.Duration, e.StatusCode // the index has not all of them
	if e != want || e.Bytes <= 0 {
		w.report("a place of log row %d of call %s does not say what the row says", row.Number, w.id)
	}
}

// present is 1 for a value.
func present(value []byte) int {
	if value == nil {
		return 0
	}
	return 1
}

// placeValue is the value of a place; nil if there is none.
func (w *walk) placeValue(key []byte) []byte {
	value, err := w.value(key)
	if err != nil && !isGone(err) {
		w.call.err = errors.Join(w.call.err, err)
	}
	return value
}

// log checks the index of the log and its account. If there are as many places as rows
// have, there are none that no row has; else each is looked at.
func (c *checker) log() error {
	if !c.indexed {
		return nil
	}
	var sums account
	if err := sums.read(c.db); err != nil {
		c.report("%v", err)
		return nil
	}
	places := 0
	var names entryReader
	err := scan(c.db, []byte(prefixLog), end([]byte(prefixLog)), func(key, value []byte) (bool, error) {
		places++
		var e LogEntry
		if names.read("", key, value, &e) == nil {
			sums.take(chargeOf(&e))
		}
		return true, nil
	})
	if err == nil {
		err = scan(c.db, []byte(prefixLogOf), end([]byte(prefixLogOf)), func(_, _ []byte) (bool, error) {
			places++
			return true, nil
		})
	}
	if err != nil {
		return err
	}
	for integration, p := range sums.parts {
		if off := p.off(); off > 0 {
			c.report("the account of the log of integration %s is wrong for %d spans of ten minutes", integration, off)
		}
	}
	if places == c.rowsPlaced {
		return nil
	}
	return errors.Join(c.strayPlaces(prefixLog), c.strayPlaces(prefixLogOf))
}

// take takes a charge from the account, in memory only.
func (a *account) take(ch charge) {
	b := a.bucket(ch.integration, ch.bucket)
	b.bytes -= ch.bytes
	b.rows -= uint32(ch.rows) //nolint:gosec // one
}

// off is the number of buckets of which something is left.
func (p *part) off() (n int) {
	for _, b := range p.buckets {
		if b.bytes != 0 || b.rows != 0 {
			n++
		}
	}
	return n
}

// strayPlaces tells of the places of one kind that no row has.
func (c *checker) strayPlaces(prefix string) error {
	return scan(c.db, []byte(prefix), end([]byte(prefix)), func(key, value []byte) (bool, error) {
		var e LogEntry
		whole := len(key) >= len(prefix)+placeLen && new(entryReader).read("", key, value, &e) == nil
		if !whole {
			c.report("the place %q in the index of the log, with %d bytes, is none", key, len(value))
			return true, nil
		}
		entry, err := c.load(e.ID)
		var begun LogPosition
		if err == nil {
			begun, err = c.rowAt(e.ID, e.Number)
		}
		switch {
		case isGone(err) || err == nil && entry == nil:
			c.report("there is a place of log row %d of call %s at %q, but no such row", e.Number, e.ID, key)
		case errors.Is(err, errUndecodable):
		case err != nil:
			return false, err
		case !sameTime(begun.Begun, e.Begun) || !bytes.Equal(key, placeUnder(prefix, entry.Call.Webhook, begun)):
			c.report("log row %d of call %s stands in the index of the log at %q, which is not its place", e.Number, e.ID, key)
		}
		return true, nil
	})
}

// placeUnder is a place of either kind.
func placeUnder(prefix string, webhook plan.Key, at LogPosition) []byte {
	if prefix == prefixLog {
		return placeKey(webhook.Namespace, at)
	}
	return placeOfKey(webhook, at)
}

// rowAt is the place of a row in the order of time.
func (c *checker) rowAt(id uuid.UUID, number int) (at LogPosition, err error) {
	key := attemptKey(id, number)
	err = c.read(key, func(record []byte) (err error) {
		at, err = rowPosition(key, record)
		return err
	})
	return at, err
}
