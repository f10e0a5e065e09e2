package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// cancelBatch is how many calls of a deleted webhook end in one step of the
// store, so that a million of them neither fill the memory nor hold up others.
const cancelBatch = 500

// sweep is what goes on in a lane to cancel the calls of a deleted webhook.
type sweep int

const (
	sweepNone  sweep = iota
	sweepOnce        // one is under way
	sweepAgain       // another is to follow it
)

// startCancelling cancels the calls that wait for a deleted webhook, in the
// background. The next start does it if this process ends first.
func (e *Engine) startCancelling(l *lane) {
	l.sweeps++
	l.distrust = l.pending > 0
	e.forgetCached(l)
	switch {
	case e.draining:
	case l.sweep == sweepNone:
		l.sweep = sweepOnce
		e.background.Go(func() { e.cancelDeleted(l) })
	default:
		l.sweep = sweepAgain
	}
}

// cancelDeleted sweeps until nobody has asked for it since the last one began.
func (e *Engine) cancelDeleted(l *lane) {
	for again := true; again; {
		if err := e.cancelWaiting(l); err != nil {
			e.fail(fmt.Errorf("cancel the calls of deleted webhook %s: %w", l.webhook, err))
			return
		}
		e.mu.Lock()
		again = l.sweep == sweepAgain && !e.draining
		l.sweep--
		e.mu.Unlock()
	}
}

// cancelWaiting ends the calls that wait in a lane and that its webhook, if
// there is one now, did not take in, batch by batch.
func (e *Engine) cancelWaiting(l *lane) error {
	var after uint64
	var position store.Position
	for {
		fresh, err := e.store.Fresh(l.webhook, after, cancelBatch)
		var retries []store.Item
		if err == nil && len(fresh) == 0 {
			retries, err = e.store.Retries(l.webhook, position, cancelBatch)
		}
		if err != nil {
			return err
		}
		for _, item := range fresh {
			after = item.Seq
		}
		for _, item := range retries {
			position = store.Position{Due: item.Due, Seq: item.Seq}
		}
		if len(fresh)+len(retries) == 0 {
			return nil
		}
		if more, err := e.cancel(l, append(fresh, retries...)); err != nil || !more {
			return err
		}
	}
}

// cancel ends those of the calls as Cancelled, in one step, that wait for a
// deleted webhook; false says to stop.
func (e *Engine) cancel(l *lane, items []store.Item) (bool, error) {
	uids := make(map[uuid.UUID]string, len(items))
	for _, item := range items {
		entry, err := e.store.Load(item.ID)
		if err != nil {
			return false, fmt.Errorf("load call %s: %w", item.ID, err)
		}
		uids[item.ID] = entry.Call.WebhookUID
	}
	taken, more := e.takeDeleted(l, items, uids)
	ended, size, err := e.endCancelled(taken)
	if err != nil {
		return false, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, item := range taken {
		delete(l.flying, item.ID)
	}
	l.count(-ended, -size)
	e.dropIfDone(l)
	return more, nil
}

// takeDeleted takes the calls that are to be cancelled, like calls under way and
// before their state is loaded, so that neither an attempt nor another
// cancellation ends one of them, too; false says to stop.
func (e *Engine) takeDeleted(l *lane, items []store.Item, uids map[uuid.UUID]string) ([]store.Item, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.draining || e.lanes[l.webhook] != l { // dropped, and what is listed now is another lane's
		return nil, false
	}
	var taken []store.Item
	for _, item := range items {
		if l.disowns(uids[item.ID]) && !l.isFlying(waiting{Item: item}) {
			l.flying[item.ID] = struct{}{}
			taken = append(taken, item)
		}
	}
	l.fresh = slices.DeleteFunc(l.fresh, l.isFlying) // none is cached, see startCancelling
	l.retries = slices.DeleteFunc(l.retries, l.isFlying)
	return taken, true
}

// endCancelled ends those of the calls that have not ended since they were
// listed, and returns how many that were and their size.
func (e *Engine) endCancelled(items []store.Item) (ended int, size int64, err error) {
	var ends []*store.End
	for _, item := range items {
		entry, err := e.store.Load(item.ID)
		if err != nil {
			return 0, 0, fmt.Errorf("load call %s: %w", item.ID, err)
		}
		if !entry.State.Finished() {
			ends = append(ends, &store.End{Call: &entry.Call, Was: entry.State, Now: cancelled(entry.State, e.wall())})
			size += int64(entry.Call.Size())
		}
	}
	return len(ends), size, e.store.End(context.Background(), ends...)
}

// cancelled is the state of a waiting call whose webhook was deleted.
func cancelled(was store.State, now time.Time) store.State {
	was.Due = time.Time{}
	was.Outcome, was.EndedAt = plan.OutcomeCancelled, now
	was.Message = "the webhook was deleted while the call waited"
	return was
}
