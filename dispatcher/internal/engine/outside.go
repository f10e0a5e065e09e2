package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// What callers do to a call beside handing it in: they cancel it, or have it
// delivered anew. While that is being stored the call counts as under way, so that
// neither an attempt nor somebody else changes its state.

// ErrFinished is returned by [Engine.Cancel] for a call that has its outcome.
var ErrFinished = errors.New("the call has ended")

// ErrNotFinished is returned by [Engine.Redeliver] for a call that waits, or whose
// outcome is being stored at this moment.
var ErrNotFinished = errors.New("the call has not ended yet")

// ErrNotRendered is returned by [Engine.Redeliver] for a call of which there is no
// request to be sent.
var ErrNotRendered = errors.New("the call has no request, since its templates could not be rendered")

// cancelMessage is the message of a call that a caller has cancelled.
const cancelMessage = "a caller cancelled the call"

// Cancel ends a waiting call as Cancelled; that is durable when it returns true.
// False says that an attempt is under way, or another change of the call: no
// attempt follows it, and if it does not end the call the call ends as Cancelled
// then. That wish is in memory only and is lost if this process dies before. The
// errors are [store.ErrNotFound], also for a call of another webhook,
// [ErrFinished], the context's and the store's.
func (e *Engine) Cancel(ctx context.Context, webhook plan.Key, id uuid.UUID) (ended bool, err error) {
	entry, err := e.find(ctx, webhook, id)
	if err != nil {
		return false, fmt.Errorf("cancel call %s: %w", id, err)
	}
	if entry.State.Finished() {
		return false, ErrFinished
	}
	l, taken := e.takeCancelled(webhook, id)
	if l == nil { // it has no calls any more
		return false, ErrFinished
	}
	if !taken {
		return false, nil
	}
	now, err := e.store.Load(id)
	if errors.Is(err, store.ErrNotFound) { // it has ended meanwhile, and is dropped from the log
		return false, errors.Join(ErrFinished, e.letGo(l, gone(entry)))
	}
	if err != nil {
		e.fail(fmt.Errorf("load call %s: %w", id, err))
		return false, err
	}
	entry = now
	if entry.State.Finished() {
		return false, errors.Join(ErrFinished, e.letGo(l, entry))
	}
	return true, e.change(l, entry, cancelled(entry.State, e.wall(), cancelMessage))
}

// takeCancelled takes a call out of the queue, unless it is under way; then it
// notes that no further attempt is to follow. The lane is nil if there is none.
func (e *Engine) takeCancelled(webhook plan.Key, id uuid.UUID) (l *lane, taken bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l = e.lanes[webhook]; l == nil {
		return nil, false
	}
	if _, flying := l.flying[id]; flying {
		l.flying[id] = true
		return l, false
	}
	l.flying[id] = false
	delete(l.clamped, id)
	l.distrust = l.distrust || l.pending > 0 // it may be one that is being accepted
	l.fresh = slices.DeleteFunc(l.fresh, func(item waiting) bool {
		if item.ID != id {
			return false
		}
		e.uncache(item)
		return true
	})
	return l, true
}

// Redeliver makes a call that has ended wait again, for a new series of attempts:
// with the same id and the same parts, and with all its retries. That is durable
// when it returns nil. The errors are [store.ErrNotFound], also for a call of
// another webhook, [ErrNotFinished], [ErrNotRendered], [ErrTooManyWaiting],
// [ErrDeleted] if the webhook that took it in is gone, the context's and the
// store's.
func (e *Engine) Redeliver(ctx context.Context, webhook plan.Key, id uuid.UUID) error {
	entry, err := e.find(ctx, webhook, id)
	if err != nil {
		return fmt.Errorf("redeliver call %s: %w", id, err)
	}
	if err := deliverable(entry.State); err != nil {
		return err
	}
	l, err := e.takeEnded(&entry.Call)
	if err != nil {
		return err
	}
	now, err := e.store.Load(id)
	if err == nil {
		entry = now
		err = deliverable(entry.State) // somebody may have been faster
	}
	was := entry.State
	if err == nil {
		err = e.change(l, entry, store.State{Attempts: was.Attempts, Earlier: was.Attempts, Series: was.Series + 1, Due: e.wall()})
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound): // it is dropped from the log at this moment
		err = fmt.Errorf("redeliver call %s: %w", id, store.ErrNotFound)
	case deliverable(was) == nil:
		e.fail(fmt.Errorf("load call %s: %w", id, err))
		return err
	}
	e.mu.Lock()
	l.count(-1, -int64(entry.Call.Size()))
	e.mu.Unlock()
	return errors.Join(err, e.letGo(l, entry))
}

// gone is a call that has ended and is dropped from the log.
func gone(entry *store.Entry) *store.Entry {
	return &store.Entry{Call: entry.Call, State: store.State{Outcome: plan.OutcomeCancelled}}
}

// deliverable returns an error unless a call in this state can be delivered anew.
func deliverable(state store.State) error {
	switch {
	case !state.Finished():
		return ErrNotFinished
	case state.Outcome == plan.OutcomeRenderFailed:
		return ErrNotRendered
	}
	return nil
}

// takeEnded takes and counts a call that is to wait again.
func (e *Engine) takeEnded(call *store.Call) (*lane, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[call.Webhook]
	if l == nil || l.plan == nil || l.disowns(call.WebhookUID) {
		return nil, ErrDeleted
	}
	if _, flying := l.flying[call.ID]; flying {
		return nil, ErrNotFinished
	}
	if l.home.full(call.Size()) {
		return nil, ErrTooManyWaiting
	}
	l.flying[call.ID] = false
	l.count(+1, int64(call.Size()))
	return l, nil
}

// find returns a call of a webhook, as it is durable.
func (e *Engine) find(ctx context.Context, webhook plan.Key, id uuid.UUID) (*store.Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	entry, err := e.store.LoadDurable(id)
	if err == nil && entry.Call.Webhook != webhook {
		return nil, store.ErrNotFound
	}
	return entry, err
}

// change makes the new state of a call durable that was taken, and lets it go.
func (e *Engine) change(l *lane, entry *store.Entry, now store.State) error {
	end := &store.End{Call: &entry.Call, Was: entry.State, Now: now}
	e.follows(end, nil)
	if now.Finished() {
		e.mu.Lock()
		end.Report = l.nextReport(&entry.Call, now)
		e.mu.Unlock()
	}
	err := e.store.End(context.Background(), end)
	if errors.Is(err, store.ErrNotFound) {
		return err // only for one that was to wait again: nothing has changed
	}
	if err != nil {
		e.abandon([]*store.End{end})
		err = fmt.Errorf("store what a caller wants of call %s: %w", entry.Call.ID, err)
		e.fail(err)
		return err
	}
	if now.Finished() {
		e.mu.Lock()
		l.count(-1, -int64(entry.Call.Size()))
		e.mu.Unlock()
	}
	err = e.letGo(l, &store.Entry{Call: entry.Call, State: now})
	e.tell([]*store.End{end})
	return err
}

// letGo lets a call go that was taken, in its present state: it waits on, or ends
// as Cancelled if a caller has asked for that meanwhile.
func (e *Engine) letGo(l *lane, entry *store.Entry) error {
	call, state := &entry.Call, entry.State
	e.mu.Lock()
	if l.flying[call.ID] && !state.Finished() {
		e.mu.Unlock()
		return e.change(l, entry, cancelled(state, e.wall(), cancelMessage))
	}
	defer e.mu.Unlock()
	delete(l.flying, call.ID)
	l.outside++
	switch {
	case state.Finished():
	case state.Due.IsZero():
		l.putBack(waiting{Item: store.Item{ID: call.ID, Seq: call.Seq, Size: call.Size()}})
	default:
		l.addRetry(store.Position{Due: state.Due, Seq: call.Seq})
	}
	if !state.Finished() && l.disowns(call.WebhookUID) {
		e.startCancelling(l)
	}
	e.dropIfDone(l)
	e.schedule(l)
	return nil
}

// cancelled is the state of a waiting call that ends before its next attempt.
func cancelled(was store.State, now time.Time, message string) store.State {
	was.Due = time.Time{}
	was.Outcome, was.EndedAt, was.Message = plan.OutcomeCancelled, now, message
	return was
}
