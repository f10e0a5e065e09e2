package store

import (
	"bytes"
	"time"

	"github.com/google/uuid"
)

// fence watches what is written while a step of a sweep is put together, from before it
// reads until it is applied: the step must drop neither a call that waits again nor, with
// a range of keys, what has come into the range since. The order lock guards it. All of
// its methods may be called on nil.
type fence struct {
	revived map[uuid.UUID]struct{}
	lowest  uuid.UUID // the lowest id accepted; zero if none was
	rows    bool      // some were written, the first of which, by time, began at:
	first   time.Time
}

// revive notes that a call waits again.
func (f *fence) revive(id uuid.UUID) {
	if f != nil {
		f.revived[id] = struct{}{}
	}
}

// call notes that a call was accepted.
func (f *fence) call(id uuid.UUID) {
	if f != nil && (f.lowest == uuid.Nil || bytes.Compare(id[:], f.lowest[:]) < 0) {
		f.lowest = id
	}
}

// row notes that a row was written.
func (f *fence) row(begun time.Time) {
	if f != nil && (!f.rows || begun.Before(f.first)) {
		f.rows, f.first = true, begun
	}
}

// holds reports whether nothing has come into ranges of keys that end with an id and
// with a time.
func (f *fence) holds(last uuid.UUID, latest time.Time) bool {
	return (f.lowest == uuid.Nil || bytes.Compare(f.lowest[:], last[:]) > 0) && (!f.rows || f.first.After(latest))
}
