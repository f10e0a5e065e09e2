package store

import (
	"bytes"
	"errors"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"
)

// calls walks over all that stands under a call's id, in the order of ids: the
// five kinds of records side by side, so that none is looked for.
func (c *checker) calls() error {
	w := &walk{checker: c}
	for _, kind := range []struct {
		cursor *cursor
		prefix string
		length int
	}{
		{&w.call, prefixCall, idLen}, {&w.state, prefixState, idLen},
		{&w.mark, prefixMark, idLen}, {&w.row, prefixAttempt, idLen + 4}, {&w.result, prefixResult, idLen},
	} {
		if err := kind.cursor.open(c, kind.prefix, kind.length); err != nil {
			return errors.Join(err, w.close())
		}
	}
	for w.next() {
		w.one()
	}
	return w.close()
}

// walk is the walk of calls.
type walk struct {
	*checker
	call, state, mark, row, result cursor
	id                             uuid.UUID // whose turn it is
}

// next goes to the smallest id that a cursor stands at.
func (w *walk) next() bool {
	found := false
	for _, k := range []*cursor{&w.call, &w.state, &w.mark, &w.row, &w.result} {
		if k.ok && (!found || bytes.Compare(k.id[:], w.id[:]) < 0) {
			w.id, found = k.id, true
		}
	}
	return found
}

func (w *walk) close() error {
	return errors.Join(w.call.close(), w.state.close(), w.mark.close(), w.row.close(), w.result.close())
}

// one checks all that stands under one id and moves the cursors past it.
func (w *walk) one() {
	known := w.call.at(w.id)
	var entry Entry
	whole := w.call.take(w.id, "the record", func(record []byte) error { return decodeCall(record, &entry.Call) })
	if known && whole {
		w.seen.Calls++
		w.record(&entry.Call)
	}
	stated := w.state.at(w.id)
	whole = w.state.take(w.id, "the state", func(record []byte) error { return decoder.Unmarshal(record, &entry.State) }) && whole
	if stated && !known {
		w.report("there is a state of call %s, but no such call", w.id)
	}
	marked := w.mark.at(w.id)
	var mark Mark
	if w.mark.take(w.id, "the mark", func(record []byte) error { return decoder.Unmarshal(record, &mark) }) && marked {
		w.marked(known, whole, &entry, mark)
	}
	w.read(known, whole, &entry)
	rows := w.rows(known && whole, &entry.Call)
	w.seen.LogRows += rows
	if !known {
		if rows > 0 {
			w.report("there are %d log rows of call %s, but no such call", rows, w.id)
		}
		return
	}
	if !whole {
		return
	}
	if rows != entry.State.Attempts {
		w.report("call %s has had %d attempts, but has %d log rows", w.id, entry.State.Attempts, rows)
	}
	if now := entry.State; now.Series < 0 || now.Earlier < 0 || now.Earlier > now.Attempts || now.Series == 0 && now.Earlier > 0 {
		w.report("call %s was redelivered %d times after %d of %d attempts, which cannot be", w.id, now.Series, now.Earlier, now.Attempts)
	}
	if !entry.State.Finished() {
		w.seen.Waiting++
		w.waits(&entry)
	}
}

// record checks what a call says about itself.
func (w *walk) record(call *Call) {
	w.webhooks[call.Webhook] = struct{}{}
	if call.ID != w.id {
		w.report("the record of call %s is that of call %s", w.id, call.ID)
	}
	if call.Seq == 0 || call.Seq > w.bound {
		w.report("call %s has Seq %d, but none above %d has been given out", w.id, call.Seq, w.bound)
	}
	if !w.seqs.add(call.Seq) {
		w.report("call %s has Seq %d, which another call has, too", w.id, call.Seq)
	}
}

// marked checks a mark.
func (w *walk) marked(known, whole bool, entry *Entry, mark Mark) {
	switch {
	case !known:
		w.report("there is a mark of an attempt of call %s, but no such call", w.id)
	case !whole:
	case mark.ID != w.id:
		w.report("the mark of call %s is that of call %s", w.id, mark.ID)
	case entry.State.Finished():
		w.report("call %s is finished, but has the mark of attempt %d under way", w.id, mark.Attempt)
	case entry.Call.HasKey:
		w.report("call %s has the key, but has a mark of an attempt under way", w.id)
	case mark.Attempt != entry.State.Attempts+1:
		w.report("call %s has had %d attempts, but has the mark of attempt %d", w.id, entry.State.Attempts, mark.Attempt)
	}
}

// read checks the result of a call.
func (w *walk) read(known, whole bool, entry *Entry) {
	if !w.result.at(w.id) {
		return
	}
	var result Result
	decoded := w.result.take(w.id, "the result", func(record []byte) error { return decoder.Unmarshal(record, &result) })
	switch {
	case !decoded || known && !whole:
	case !known:
		w.report("there is a result of call %s, but no such call", w.id)
	case !entry.State.Finished():
		w.report("call %s waits, but has the result of an answer that has ended it", w.id)
	}
}

// rows checks the numbers of a call's log rows, and their places if the call is known. It
// returns how many there are, but for that of number 0.
func (w *walk) rows(known bool, call *Call) int {
	n := 0
	for w.row.at(w.id) {
		if w.row.number > 0 {
			n++
		}
		number := w.row.number
		var row Attempt
		if !w.row.take(w.id, "a log row", func(record []byte) error { return decoder.Unmarshal(record, &row) }) {
			continue
		}
		if number != n && number != 0 || row.Number != number || row.ID != w.id {
			w.report("log row %d of call %s says that it is attempt %d of call %s and stands under number %d", n, w.id, row.Number, row.ID, number)
		} else if known && w.indexed {
			w.rowPlaces(call, &row)
		}
	}
	return n
}

// waits checks that a waiting call stands in its queue.
func (w *walk) waits(entry *Entry) {
	call := &entry.Call
	if err := check(w.id, call.Webhook, entry.State); err != nil {
		w.report("call %s is not to be there so: %v", w.id, err)
		return
	}
	value, closer, err := w.db.Get(queueKey(call.Webhook, call.Seq, entry.State))
	if errors.Is(err, pebble.ErrNotFound) {
		w.report("call %s waits, but does not stand at its place in the queue of webhook %s", w.id, call.Webhook)
		return
	}
	if err != nil {
		w.call.err = errors.Join(w.call.err, err)
		return
	}
	var item Item
	switch whole := parseQueueValue(value, &item); {
	case !whole:
		w.report("the place of call %s in the queue of webhook %s has %d bytes", w.id, call.Webhook, len(value))
	case item.ID != call.ID:
		w.report("at the place of call %s in the queue of webhook %s stands call %s", w.id, call.Webhook, item.ID)
	case len(value) > idLen && item.Size != call.Size():
		w.report("call %s counts as %d bytes in the queue of webhook %s, but has %d", w.id, item.Size, call.Webhook, call.Size())
		fallthrough
	default:
		w.placed++
	}
	w.call.err = errors.Join(w.call.err, closer.Close())
}

// cursor goes over the records of one kind.
type cursor struct {
	*checker
	prefix string
	length int // of what follows the prefix
	iter   *pebble.Iterator
	err    error

	ok     bool // it stands at a record
	id     uuid.UUID
	number int // of a log row
}

// open goes to the first record.
func (k *cursor) open(c *checker, prefix string, length int) (err error) {
	k.checker, k.prefix, k.length = c, prefix, length
	k.iter, err = c.db.NewIter(&pebble.IterOptions{LowerBound: []byte(prefix), UpperBound: end([]byte(prefix))})
	if err != nil {
		return err
	}
	k.settle(k.iter.First())
	return nil
}

// settle stays at a record, or goes on to the next whose key is one.
func (k *cursor) settle(more bool) {
	for ; more; more = k.iter.Next() {
		key := k.iter.Key()[len(k.prefix):]
		if len(key) == k.length {
			k.id = uuid.UUID(key[:idLen])
			k.number = 0
			for _, b := range key[idLen:] {
				k.number = k.number<<8 | int(b)
			}
			break
		}
		k.report("the key %q has not the length of its kind", k.iter.Key())
	}
	k.ok = more && k.err == nil
}

// at reports whether the cursor stands at a record of the id.
func (k *cursor) at(id uuid.UUID) bool { return k.ok && k.id == id }

// take decodes the record of the id, if the cursor stands at one, and goes on.
// It is false if the record cannot be decoded.
func (k *cursor) take(id uuid.UUID, what string, decode func(record []byte) error) bool {
	if !k.at(id) {
		return true
	}
	record, err := k.iter.ValueAndErr()
	if err != nil {
		k.err, k.ok = err, false
		return false
	}
	if err = decode(record); err != nil {
		k.report("%s of call %s cannot be decoded: %v", what, id, err)
	}
	k.settle(k.iter.Next())
	return err == nil
}

// close ends the walk; the error is the first in reading.
func (k *cursor) close() error {
	if k.iter == nil {
		return k.err
	}
	return errors.Join(k.err, k.iter.Close())
}
