package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// LoadDurable implements [Store].
func (p *Pebble) LoadDurable(id uuid.UUID) (*Entry, error) {
	entry, err := p.Load(id)
	if err != nil {
		return nil, err
	}
	if err := p.settled(); err != nil {
		return nil, fmt.Errorf("read call %s: %w", id, err)
	}
	return entry, nil
}

// Load implements [Store].
func (p *Pebble) Load(id uuid.UUID) (*Entry, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	entry, err := p.load(id)
	if isGone(err) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("read call %s: %w", id, err)
	}
	return entry, nil
}

// load is Load, whose error is Pebble's for a call that is not there. The state is read
// second. It comes with the first attempt's end at the latest and goes only with the
// call, so one that is not found while the call is still there is the zero State.
func (p *Pebble) load(id uuid.UUID) (*Entry, error) {
	entry, key := new(Entry), idKey(prefixCall, id)
	err := p.get(key, func(record []byte) error { return decodeCall(record, &entry.Call) })
	if err != nil {
		return nil, err
	}
	err = p.get(idKey(prefixState, id), func(record []byte) error { return decoder.Unmarshal(record, &entry.State) })
	if isGone(err) {
		err = p.get(key, func([]byte) error { return nil })
	}
	if err != nil {
		return nil, err
	}
	return entry, nil
}

// LoadFresh implements [Store]. Calls that follow each other were accepted at
// about the same time, so their records are neighbours: one iterator that goes
// from one to the next reads each block once.
func (p *Pebble) LoadFresh(items []Item) ([]*Entry, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	snapshot := p.db.NewSnapshot()
	entries, err := loadFresh(snapshot, items)
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return nil, fmt.Errorf("read fresh calls: %w", err)
	}
	return entries, nil
}

// loadFresh is LoadFresh on one state of the database.
func loadFresh(r pebble.Reader, items []Item) ([]*Entry, error) {
	calls, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte(prefixCall), UpperBound: end([]byte(prefixCall))})
	if err != nil {
		return nil, err
	}
	states, err := r.NewIter(&pebble.IterOptions{LowerBound: []byte(prefixState), UpperBound: end([]byte(prefixState))})
	if err != nil {
		return nil, errors.Join(err, calls.Close())
	}
	entries := make([]*Entry, len(items))
	var key []byte
	for i := 0; i < len(items) && err == nil; i++ {
		key = append(append(key[:0], prefixState...), items[i].ID[:]...)
		if states.SeekGE(key) && bytes.Equal(states.Key(), key) {
			continue // it has ended an attempt since
		}
		copy(key, prefixCall)
		entry := new(Entry)
		if !calls.SeekGE(key) || !bytes.Equal(calls.Key(), key) {
			continue // it has ended since, and is dropped from the log
		}
		if err = decodeCall(calls.Value(), &entry.Call); err == nil {
			entries[i] = entry
		}
	}
	return entries, errors.Join(err, calls.Close(), states.Close())
}

// Find implements [Store]. A clock that went back by up to a day finds what
// was accepted before it did.
func (p *Pebble) Find(key OnceKey, now time.Time) (Accepted, error) {
	if err := p.enter(); err != nil {
		return Accepted{}, err
	}
	defer p.leave()
	var found Accepted
	today := day(now)
	for _, at := range []uint32{today, today - 1, today + 1} {
		err := p.get(onceKey(at, key), func(record []byte) error {
			if len(record) != onceLen {
				return fmt.Errorf("the store is damaged: the record of an idempotency key has %d bytes", len(record))
			}
			if now.Sub(dueOf(binary.BigEndian.Uint64(record[onceLen-8:]))) >= OnceWindow {
				return pebble.ErrNotFound
			}
			found.ID, found.Data = uuid.UUID(record[:idLen]), [16]byte(record[idLen:])
			return nil
		})
		if err == nil {
			err = p.settled()
		}
		if !errors.Is(err, pebble.ErrNotFound) {
			return found, err
		}
	}
	return found, ErrNotFound
}

// Attempts implements [Store].
func (p *Pebble) Attempts(id uuid.UUID) ([]Attempt, error) {
	attempts, err := all[Attempt](p, idKey(prefixAttempt, id))
	if err != nil {
		return nil, fmt.Errorf("read the attempts of call %s: %w", id, err)
	}
	return attempts, nil
}

// Begun implements [Store].
func (p *Pebble) Begun() ([]Mark, error) {
	marks, err := all[Mark](p, []byte(prefixMark))
	if err != nil {
		return nil, fmt.Errorf("read the begun attempts: %w", err)
	}
	return marks, nil
}

// Reports implements [Store].
func (p *Pebble) Reports() ([]plan.Report, error) {
	records, err := all[reportRecord](p, []byte(prefixReport))
	if err != nil {
		return nil, fmt.Errorf("read the reports: %w", err)
	}
	reports := make([]plan.Report, len(records))
	for i, record := range records {
		reports[i] = plan.Report(record)
	}
	return reports, nil
}

// Fresh implements [Store].
func (p *Pebble) Fresh(webhook plan.Key, after uint64, limit int) ([]Item, error) {
	if after == math.MaxUint64 {
		return nil, nil
	}
	lane := laneKey(prefixFresh, webhook)
	items, err := p.list(lane, freshKey(webhook, after+1), limit, seqLen, func(place []byte) Item {
		return Item{Seq: binary.BigEndian.Uint64(place)}
	})
	if err != nil {
		return nil, fmt.Errorf("list the fresh calls of webhook %s: %w", webhook, err)
	}
	return items, nil
}

// Retries implements [Store].
func (p *Pebble) Retries(webhook plan.Key, after Position, limit int) ([]Item, error) {
	lane := laneKey(prefixRetry, webhook)
	from := lane
	if after != (Position{}) {
		from = append(retryKey(webhook, after), 0) // the next key that can be
	}
	items, err := p.list(lane, from, limit, dueLen+seqLen, func(place []byte) Item {
		return Item{Due: dueOf(binary.BigEndian.Uint64(place)), Seq: binary.BigEndian.Uint64(place[dueLen:])}
	})
	if err != nil {
		return nil, fmt.Errorf("list the retries of webhook %s: %w", webhook, err)
	}
	return items, nil
}

// list reads a queue from a key on. The iterator is bounded to what lies behind
// the cursor: Pebble keeps a tombstone of each finished call until compaction,
// and those before the cursor must not be walked again at every listing.
func (p *Pebble) list(lane, from []byte, limit, tail int, item func(place []byte) Item) ([]Item, error) {
	if limit <= 0 {
		return nil, nil
	}
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var items []Item
	err := scan(p.db, from, end(lane), func(key, value []byte) (bool, error) {
		if len(key) != len(lane)+tail {
			return false, fmt.Errorf("the store is damaged at key %q", key)
		}
		next := item(key[len(lane):])
		if !parseQueueValue(value, &next) {
			return false, fmt.Errorf("the store is damaged at key %q", key)
		}
		items = append(items, next)
		return len(items) < limit, nil
	})
	return items, err
}

// Lanes implements [Store]. The lanes are in order of namespace and name.
func (p *Pebble) Lanes() ([]Lane, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	// One snapshot, so that a call on its way from queue to queue counts once.
	snapshot := p.db.NewSnapshot()
	lanes := map[plan.Key]*Lane{}
	err := count(snapshot, prefixFresh, seqLen, lanes, func(lane *Lane, place []byte) {
		lane.Fresh++
		lane.LastSeq = binary.BigEndian.Uint64(place) // keys come in order of Seq
	})
	if err == nil {
		err = count(snapshot, prefixRetry, dueLen+seqLen, lanes, func(lane *Lane, _ []byte) { lane.Retries++ })
	}
	if err = errors.Join(err, snapshot.Close()); err != nil {
		return nil, fmt.Errorf("count the waiting calls: %w", err)
	}
	list := make([]Lane, 0, len(lanes))
	for lane := range maps.Values(lanes) {
		list = append(list, *lane)
	}
	slices.SortFunc(list, func(a, b Lane) int {
		if c := strings.Compare(a.Webhook.Namespace, b.Webhook.Namespace); c != 0 {
			return c
		}
		return strings.Compare(a.Webhook.Name, b.Webhook.Name)
	})
	return list, nil
}

// count walks all queues of one kind and adds each call, with what its key says
// behind the lane, to its lane. A key is parsed only where a lane begins.
func count(r pebble.Reader, prefix string, tail int, lanes map[plan.Key]*Lane, add func(lane *Lane, place []byte)) error {
	var current *Lane
	var begin []byte // of the current lane's keys
	return scan(r, []byte(prefix), end([]byte(prefix)), func(key, value []byte) (bool, error) {
		if current == nil || len(key) != len(begin)+tail || !bytes.HasPrefix(key, begin) {
			length, webhook, err := parseLane(key, prefix, tail)
			if err != nil {
				return false, err
			}
			begin = append(begin[:0], key[:length]...)
			if current = lanes[webhook]; current == nil {
				current = &Lane{Webhook: webhook}
				lanes[webhook] = current
			}
		}
		var item Item
		if !parseQueueValue(value, &item) {
			return false, fmt.Errorf("the store is damaged at key %q", key)
		}
		current.Bytes += int64(item.Size)
		add(current, key[len(begin):])
		return true, nil
	})
}

// get hands a record to read, which must not keep it.
func (p *Pebble) get(key []byte, read func(record []byte) error) error {
	record, closer, err := p.db.Get(key)
	if err != nil {
		return err
	}
	return errors.Join(read(record), closer.Close())
}

// all decodes every record whose key begins with prefix.
func all[R any](p *Pebble, prefix []byte) ([]R, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var records []R
	err := scan(p.db, prefix, end(prefix), func(_, value []byte) (bool, error) {
		var record R
		err := decoder.Unmarshal(value, &record)
		records = append(records, record)
		return true, err
	})
	return records, err
}

// scan visits the keys from lower up to, but without, upper until visit returns
// false or an error. Key and value are valid only during the visit.
func scan(r pebble.Reader, lower, upper []byte, visit func(key, value []byte) (bool, error)) error {
	iter, err := r.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	for more := iter.First(); more; {
		var value []byte
		if value, err = iter.ValueAndErr(); err != nil {
			break
		}
		if more, err = visit(iter.Key(), value); err != nil {
			break
		}
		more = more && iter.Next()
	}
	return errors.Join(err, iter.Close()) // Close also gives the iterator's own error
}
