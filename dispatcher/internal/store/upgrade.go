package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// upgradeCalls and upgradeBytes bound a step of the upgrade.
	upgradeCalls = 1000
	upgradeBytes = 1 << 20
	// upgradeNews is how often the log says how far it has come.
	upgradeNews = 10 * time.Second
)

// upgrade gives a store of format 2 or older the index and the account of the log, and a
// row to each call that has ended without one. First the format rises, so that no older
// dispatcher adds rows without places; then the calls are gone through in the order of
// their ids, step by step. Each step says how far it has come, in its own batch, so that after
// a crash the next open goes on there.
func (p *Pebble) upgrade(log *slog.Logger) error {
	after, begun, err := p.upgraded()
	if err != nil || !begun {
		return err
	}
	log.Info("giving the store an index of the delivery log; this can take minutes if there are millions of rows", "store", p.dir)
	u := &upgrade{store: p, after: after}
	told := time.Now()
	for more := true; more; {
		if more, err = u.step(); err != nil {
			return err
		}
		if time.Since(told) > upgradeNews {
			told = time.Now()
			log.Info("still giving the store an index of the delivery log", "calls", u.calls, "rows", u.rows)
		}
	}
	log.Info("the store has an index of the delivery log", "calls", u.calls, "rows", u.rows)
	return nil
}

// beginUpgrade raises the format, and notes that the upgrade is not done.
func (p *Pebble) beginUpgrade() error {
	batch := p.db.NewBatch()
	put(batch, []byte(keyVersion), binary.BigEndian.AppendUint32(nil, formatVersion))
	put(batch, []byte(keyUpgrade), uuid.Nil[:])
	return batch.Commit(pebble.Sync)
}

// upgraded returns the last call of which the upgrade is done; false if it is done with
// all.
func (p *Pebble) upgraded() (last uuid.UUID, begun bool, err error) {
	err = p.get([]byte(keyUpgrade), func(record []byte) error {
		if len(record) != idLen {
			return fmt.Errorf("it has %d bytes", len(record))
		}
		last = uuid.UUID(record)
		return nil
	})
	if isGone(err) {
		return last, false, nil
	}
	if err != nil {
		return last, false, fmt.Errorf("read how far the upgrade of the store has come: %w", err)
	}
	return last, true, nil
}

// upgrade is an upgrade under way.
type upgrade struct {
	store       *Pebble
	after       uuid.UUID
	calls, rows int

	batch   *pebble.Batch
	charges []charge
	scratch bytes.Buffer
}

// step upgrades the next calls; false if there are no more.
func (u *upgrade) step() (more bool, err error) {
	u.batch, u.charges = u.store.db.NewBatch(), nil
	n := 0
	err = scan(u.store.db, append(idKey(prefixCall, u.after), 0), end([]byte(prefixCall)), func(key, record []byte) (bool, error) {
		if len(key) != len(prefixCall)+idLen {
			return true, nil // Check tells of it
		}
		id := uuid.UUID(key[len(prefixCall):])
		if err := u.call(id, record); err != nil {
			return false, fmt.Errorf("give call %s its places in the index of the log: %w", id, err)
		}
		u.after = id
		n++
		more = n == upgradeCalls || u.batch.Len() > upgradeBytes
		return !more, nil
	})
	if err != nil {
		return false, errors.Join(err, u.batch.Close())
	}
	if u.calls += n; more {
		put(u.batch, []byte(keyUpgrade), u.after[:])
	} else {
		drop(u.batch, []byte(keyUpgrade))
	}
	return more, u.store.commit(StepUpgrade, n, u.batch, func() { u.store.account.post(u.batch, u.charges) })
}

// call gives the rows of a call their places.
func (u *upgrade) call(id uuid.UUID, record []byte) error {
	entry := new(Entry)
	err := decodeCall(record, &entry.Call)
	if err == nil {
		err = u.store.get(idKey(prefixState, id), func(record []byte) error { return decoder.Unmarshal(record, &entry.State) })
	}
	if err != nil && !isGone(err) {
		return err
	}
	last := State{} // before the next row
	prefix := idKey(prefixAttempt, id)
	err = scan(u.store.db, prefix, end(prefix), func(_, record []byte) (bool, error) {
		var row Attempt
		err := decoder.Unmarshal(record, &row)
		if err == nil && row.Number > 0 && row.Number <= math.MaxInt32 {
			now := State{}
			if state := entry.State; row.Number == state.Attempts && state.Outcome != plan.OutcomeCancelled {
				now.Outcome = state.Outcome // it came with the last attempt
			}
			if last.Attempts > 0 { // when it was due is not known any more
				last.Due = row.Begun
			}
			err = u.row(&entry.Call, &row, last, now)
			last.Attempts = row.Number
		}
		return true, err
	})
	state := entry.State
	if err == nil && state.Finished() && (state.Attempts == 0 || state.Outcome == plan.OutcomeCancelled) {
		last.Due = time.Time{}
		return u.row(&entry.Call, endRow(&entry.Call, state), last, state)
	}
	return err
}

// row writes a row with its places.
func (u *upgrade) row(call *Call, row *Attempt, was, now State) error {
	u.rows++
	c, err := putRow(u.batch, call, row, was, now, sharedBytes(call, was), &u.scratch)
	u.charges = append(u.charges, c)
	return err
}
