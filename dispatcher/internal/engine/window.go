package engine

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

const (
	// window is how many waiting calls of each kind one read brings into memory.
	// The next read begins when half of them are left, so that reading overlaps
	// with sending.
	window = 256
	refill = window / 2
)

// wantsFill reports whether the windows should be read further.
func (l *lane) wantsFill() bool {
	return !l.filling && (len(l.fresh) <= refill && l.freshCursor < l.accepted ||
		len(l.retries) <= refill && l.moreRetries)
}

// hand takes in a call that has just become durable. It goes straight to its
// place in the window if the window holds all before it and there is memory;
// else it is read from the store when its turn is near.
func (e *Engine) hand(l *lane, entry *store.Entry) {
	call := &entry.Call
	item := waiting{Item: store.Item{ID: call.ID, Seq: call.Seq, Size: call.Size()}}
	caught := l.freshCursor >= l.accepted && !l.fillingFresh
	l.accepted = max(l.accepted, call.Seq)
	switch {
	case call.Seq > l.freshCursor:
		if !caught || !e.cache(item.Size) {
			return
		}
		l.freshCursor = call.Seq
		item.entry = entry
		l.fresh = append(l.fresh, item)
	case call.Seq > l.handedSince && e.cache(item.Size):
		// Its successors were handed on before it.
		item.entry = entry
		if !l.putBack(item) {
			e.uncache(item)
		}
	default:
		// Whether a read has found it is not known, so its state is looked at when
		// its turn comes.
		l.putBack(item)
	}
	if l.sweep != sweepNone || l.distrust || l.disowns(call.WebhookUID) {
		e.forgetCached(l)
	}
}

// read is a read of a lane's queue.
type read struct {
	fresh, retries       bool
	freshAfter, accepted uint64
	retriesAfter         store.Position
	outside              int

	items   []store.Item   // the fresh calls found
	entries []*store.Entry // the first of them, as far as there is memory
	cached  int
	found   []store.Item // the retries found
}

// fill begins a read of the next calls of a lane's queue.
func (e *Engine) fill(l *lane) {
	r := &read{
		fresh:      len(l.fresh) <= refill && l.freshCursor < l.accepted,
		freshAfter: l.freshCursor, accepted: l.accepted,
		retries:      len(l.retries) <= refill && l.moreRetries,
		retriesAfter: l.retryCursor,
		outside:      l.outside,
	}
	if r.retries {
		l.moreRetries = false
	}
	l.filling, l.fillingFresh = true, r.fresh
	e.background.Go(func() {
		if err := e.read(l, r); err != nil {
			e.fail(fmt.Errorf("read the queue of webhook %s: %w", l.webhook, err))
		}
	})
}

// read reads outside of the lock, so that a slow disk holds up this lane alone.
func (e *Engine) read(l *lane, r *read) (err error) {
	if r.fresh {
		if r.items, err = e.store.Fresh(l.webhook, r.freshAfter, window); err != nil {
			return err
		}
		e.mu.Lock()
		for r.cached < len(r.items) && e.cache(r.items[r.cached].Size) {
			r.cached++
		}
		e.mu.Unlock()
		if r.entries, err = e.store.LoadFresh(r.items[:r.cached]); err != nil {
			return err
		}
	}
	if r.retries {
		if r.found, err = e.store.Retries(l.webhook, r.retriesAfter, window); err != nil {
			return err
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l.filling, l.fillingFresh = false, false
	if r.fresh {
		e.filledFresh(l, r)
	}
	e.filledRetries(l, r)
	e.schedule(l)
	return nil
}

// filledFresh takes in what a read of the fresh calls returned.
func (e *Engine) filledFresh(l *lane, r *read) {
	trusted := l.sweep == sweepNone && l.outside == r.outside
	for i, item := range r.items {
		next := waiting{Item: item}
		if i < r.cached {
			next.entry = r.entries[i]
		}
		// Later ones are visible, but not durable yet. What the caller of a call in
		// memory counted goes back if it is not kept.
		keep := item.Seq <= r.accepted && !l.isFlying(next)
		if i < r.cached && (!keep || !trusted || next.entry == nil) {
			e.cacheBytes -= int64(item.Size) + heldBytes
			next.entry = nil
		}
		if item.Seq <= r.accepted {
			l.freshCursor = item.Seq
		}
		if keep {
			l.fresh = append(l.fresh, next)
		}
	}
	if n := len(r.items); n < window || r.items[n-1].Seq > r.accepted {
		l.freshCursor = max(l.freshCursor, r.accepted)
	}
	l.handedSince = l.freshCursor
}

// filledRetries takes in what a read of the retries returned.
func (e *Engine) filledRetries(l *lane, r *read) {
	for _, item := range r.found {
		l.retryCursor = store.Position{Due: item.Due, Seq: item.Seq}
		if next := (waiting{Item: item, at: e.dueAt(l, item)}); !l.isFlying(next) {
			l.retries = append(l.retries, next)
		}
	}
	if len(r.found) == window {
		l.moreRetries = true
	}
	if l.missed != nil && !before(l.retryCursor, *l.missed) {
		l.rereadRetries()
	}
	l.missed = nil
}

// dueAt is when a retry with a stored due time may begin, by the monotonic clock,
// which no step of the wall clock moves. If the wall clock has gone back since the
// due time was stored, the retry waits no longer than its policy's longest delay
// from when that was found, however often it is read.
func (e *Engine) dueAt(l *lane, item store.Item) time.Time {
	now, wait := time.Now(), item.Due.Sub(e.wall())
	if l.home == nil || l.home.plan == nil || l.plan == nil {
		return now.Add(wait)
	}
	longest := retry.Longest(l.policy())
	if wait <= longest {
		return now.Add(wait)
	}
	if at, found := l.clamped[item.ID]; found {
		return at
	}
	if l.clamped == nil {
		l.clamped = map[uuid.UUID]time.Time{}
	}
	at := now.Add(longest)
	l.clamped[item.ID] = at
	return at
}
