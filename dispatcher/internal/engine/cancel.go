package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// cancelBatch is how many calls of a deleted webhook end in one step of the
// store, so that a million of them neither fill the memory nor hold up others.
const cancelBatch = 500

// deletedMessage is the message of a waiting call whose webhook was deleted.
const deletedMessage = "the webhook was deleted while the call waited"

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
	l.distrust = l.pending > 0
	e.forgetCached(l)
	switch {
	case e.draining:
	case !e.complete:
		l.unswept = true
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
		l.outside++ // also for a read that began during the sweep
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

// cancel ends those of the calls as Cancelled that wait for a deleted webhook;
// false says to stop.
func (e *Engine) cancel(l *lane, items []store.Item) (bool, error) {
	uids := make(map[uuid.UUID]string, len(items))
	for _, item := range items {
		entry, err := e.store.Load(item.ID)
		if errors.Is(err, store.ErrNotFound) { // ended since it was listed, and dropped from the log
			continue
		}
		if err != nil {
			return false, fmt.Errorf("load call %s: %w", item.ID, err)
		}
		uids[item.ID] = entry.Call.WebhookUID
	}
	taken, more := e.takeDeleted(l, items, uids)
	for len(taken) > 0 {
		n, err := e.endCancelled(l, taken)
		if err != nil {
			return false, err
		}
		taken = taken[n:]
	}
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
			l.flying[item.ID] = false
			taken = append(taken, item)
		}
	}
	l.fresh = slices.DeleteFunc(l.fresh, l.isFlying) // none is cached, see startCancelling
	l.retries = slices.DeleteFunc(l.retries, l.isFlying)
	return taken, true
}

// endCancelled ends the first of the calls, as many as fit into memory, that have
// not ended since they were listed, and returns how many it has looked at.
func (e *Engine) endCancelled(l *lane, items []store.Item) (n int, err error) {
	var ends []*store.End
	for bytes := int64(0); n < len(items) && bytes < maxGroupBytes; n++ {
		entry, err := e.store.Load(items[n].ID)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			e.abandon(ends)
			return 0, fmt.Errorf("load call %s: %w", items[n].ID, err)
		}
		if entry.State.Finished() {
			continue
		}
		end := &store.End{Call: &entry.Call, Was: entry.State, Now: cancelled(entry.State, e.wall(), deletedMessage)}
		bytes += e.follows(end, nil) + int64(entry.Call.Size()) + heldBytes
		ends = append(ends, end)
	}
	if err := e.store.End(context.Background(), ends...); err != nil {
		e.abandon(ends)
		return 0, err
	}
	e.mu.Lock()
	for _, item := range items[:n] {
		delete(l.flying, item.ID)
	}
	for _, end := range ends {
		l.count(-1, -int64(end.Call.Size()))
	}
	e.dropIfDone(l)
	e.mu.Unlock()
	e.tell(ends)
	return n, nil
}
