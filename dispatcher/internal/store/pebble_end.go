package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// End implements [Store]. It does not look at what is stored, but for calls that wait
// again: it is for the caller to end only calls that were accepted, and each state once.
func (p *Pebble) End(ctx context.Context, ends ...*End) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(ends) == 0 {
		return nil
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	calls, err := encodeCalls(ends)
	if err != nil {
		return err
	}
	batch := p.db.NewBatchWithSize(len(ends) * batchRoom)
	scratch := scratches.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put there
	defer keepScratch(scratch)
	step := endStep{store: p, batch: batch, ends: ends, calls: calls, reports: make([][]byte, len(ends))}
	for i, e := range ends {
		if step.reports[i], err = step.put(e, scratch); err != nil {
			return errors.Join(fmt.Errorf("end an attempt of call %s: %w", e.Call.ID, err), batch.Close())
		}
	}
	place, err := step.apply()
	switch {
	case errors.Is(err, ErrNotFound):
		return errors.Join(err, batch.Close())
	case err != nil:
		return fmt.Errorf("write to the store: %w", err)
	}
	return p.finish(StepEnd, len(ends), batch, place)
}

// endStep is one step of End.
type endStep struct {
	store   *Pebble
	batch   *pebble.Batch
	ends    []*End
	calls   []encodedEntry // that outcomes trigger
	reports [][]byte
	charges []charge
}

// apply makes the step visible. A call that is to wait again may be dropped from the log
// at this moment: then it is ErrNotFound, and nothing has been written.
func (s *endStep) apply() (place uint64, err error) {
	p := s.store
	if slices.ContainsFunc(s.ends, (*End).revives) {
		p.drops.RLock() // until the step is visible
		defer p.drops.RUnlock()
		if err := s.present(); err != nil {
			return 0, err
		}
	}
	return p.apply(s.batch, s.fill)
}

// present looks whether the calls that are to wait again are there.
func (s *endStep) present() error {
	for _, e := range s.ends {
		if !e.revives() {
			continue
		}
		err := s.store.get(idKey(prefixCall, e.Call.ID), func([]byte) error { return nil })
		if errors.Is(err, pebble.ErrNotFound) {
			return fmt.Errorf("deliver call %s anew: %w", e.Call.ID, ErrNotFound)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// revives reports whether a call that has ended is to wait again.
func (e *End) revives() bool { return e.Was.Finished() && !e.Now.Finished() }

// fill adds what depends on the order of steps.
func (s *endStep) fill() {
	p := s.store
	for i, e := range s.ends {
		if p.newest(e.Report) {
			put(s.batch, reportKey(e.Report.Webhook), s.reports[i])
		}
		if e.revives() {
			p.fence.revive(e.Call.ID)
		}
		if e.Attempt != nil {
			p.fence.row(e.Attempt.Begun)
		} else if e.Now.Finished() {
			p.fence.row(e.Now.EndedAt)
		}
	}
	for _, c := range s.calls {
		s.charges = p.putEntry(s.batch, s.charges, c.entry, c.call, c.state, c.report)
	}
	p.account.post(s.batch, s.charges)
}

// put adds an end to the batch, but for its report, which it returns: whether that is
// the newest depends on the order of steps.
func (s *endStep) put(e *End, scratch *bytes.Buffer) (report []byte, err error) {
	call, batch := e.Call, s.batch
	if err := check(call.ID, call.Webhook, e.Now); err != nil {
		return nil, err
	}
	if !call.HasKey {
		drop(batch, idKey(prefixMark, call.ID))
	}
	if !e.Was.Finished() {
		dropQueued(batch, queueKey(call.Webhook, call.Seq, e.Was))
	}
	scratch.Reset()
	if err := encoder.MarshalToBuffer(&e.Now, scratch); err != nil {
		return nil, err
	}
	put(batch, idKey(prefixState, call.ID), scratch.Bytes())
	if !e.Now.Finished() {
		put(batch, queueKey(call.Webhook, call.Seq, e.Now), queueValue(call))
	}
	if err := putResult(batch, e, scratch); err != nil {
		return nil, err
	}
	if err := s.putRow(e, scratch); err != nil {
		return nil, err
	}
	return encodeReport(e.Report)
}

// putRow adds the row of an end, if it has one.
func (s *endStep) putRow(e *End, scratch *bytes.Buffer) error {
	row, shared := e.Attempt, sharedBytes(e.Call, e.Was)
	switch {
	case row != nil && (row.Number < 1 || row.Number > math.MaxInt32):
		return fmt.Errorf("an attempt's number is from 1 to 2147483647, not %d", row.Number)
	case row == nil && !e.Now.Finished():
		return nil
	case row == nil:
		row = endRow(e.Call, e.Now)
		if e.Was.Series > 0 {
			old, had, err := s.replaced(e.Call)
			if err != nil {
				return err
			}
			shared = max(shared, had)
			s.charges = append(s.charges, old...)
		}
	}
	c, err := putRow(s.batch, e.Call, row, e.Was, e.Now, shared, scratch)
	s.charges = append(s.charges, c)
	return err
}

// replaced drops the places of the row of number 0 that a call may have of an earlier
// series, which another is about to replace. It returns what goes from the account, and
// how much of that all rows of the call share.
func (s *endStep) replaced(call *Call) (gone []charge, shared int, err error) {
	var row Attempt
	var length int
	err = s.store.get(attemptKey(call.ID, 0), func(record []byte) error {
		length = len(record)
		return decoder.Unmarshal(record, &row)
	})
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, 0, nil
	}
	var e LogEntry
	at := LogPosition{Begun: row.Begun, ID: call.ID}
	if err == nil {
		err = s.store.entry(call.Webhook, at, &e)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the row that is replaced: %w", err)
	}
	drop(s.batch, placeKey(call.Webhook.Namespace, at))
	drop(s.batch, placeOfKey(call.Webhook, at))
	return []charge{chargeOf(&e).negative()}, e.Bytes - ownBytes(&e, length), nil
}

// entry reads what the index knows of a row of a webhook.
func (p *Pebble) entry(webhook plan.Key, at LogPosition, e *LogEntry) error {
	key := placeOfKey(webhook, at)
	return p.get(key, func(value []byte) error { return new(entryReader).read(webhook.Namespace, key, value, e) })
}

// putResult adds what was read from an answer, or takes it away.
func putResult(batch *pebble.Batch, e *End, scratch *bytes.Buffer) error {
	switch {
	case e.Result != nil && !e.Now.Finished():
		return errors.New("only a call that has ended has a result")
	case e.Result != nil:
		scratch.Reset()
		if err := encoder.MarshalToBuffer(e.Result, scratch); err != nil {
			return err
		}
		put(batch, idKey(prefixResult, e.Call.ID), scratch.Bytes())
	case e.Was.Finished() && !e.Now.Finished():
		drop(batch, idKey(prefixResult, e.Call.ID))
	}
	return nil
}
