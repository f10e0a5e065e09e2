package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/limit"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// cancelBatch is how many calls of a deleted webhook end in one step of the
// store, so that a million of them neither fill the memory nor hold up others.
const cancelBatch = 500

// SetIntegration adds or replaces an integration. It applies to the next
// attempt of every webhook that uses it.
func (e *Engine) SetIntegration(p *plan.Integration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.integration(p.Key)
	in.plan = p
	switch {
	case p.RequestsPerSecond == 0:
		in.limiter = nil
	case in.limiter == nil:
		in.limiter = limit.New(p.RequestsPerSecond)
	default:
		in.limiter.SetRate(p.RequestsPerSecond, time.Now())
	}
	for _, l := range in.members {
		e.place(l)
	}
	e.pump(in)
}

// RemoveIntegration makes the calls of its webhooks wait until it comes back.
func (e *Engine) RemoveIntegration(key plan.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if in := e.integrations[key]; in != nil {
		in.plan = nil
		e.forget(in)
	}
}

// SetWebhook adds or replaces a webhook. It applies to its next attempt; what
// was rendered at intake stays.
func (e *Engine) SetWebhook(p *plan.Webhook) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lane(p.Key)
	l.plan, l.removed = p, false
	e.attach(l, e.integration(p.Integration))
	e.schedule(l)
}

// RemoveWebhook ends the waiting calls of a deleted webhook as Cancelled, in
// the background; those under way end as they will, without a retry.
func (e *Engine) RemoveWebhook(key plan.Key) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[key]
	if l == nil {
		return
	}
	l.plan, l.removed = nil, true
	if l.open == 0 {
		e.drop(l)
		return
	}
	e.startCancelling(l)
}

// startCancelling cancels the calls that wait in a removed lane, in the
// background. The next start does it if this process ends first.
func (e *Engine) startCancelling(l *lane) {
	if !e.draining {
		e.background.Go(func() { e.cancelWaiting(l) })
	}
}

// integration returns the entry of that key, which is made when there is none.
func (e *Engine) integration(key plan.Key) *integration {
	in := e.integrations[key]
	if in == nil {
		in = &integration{members: map[plan.Key]*lane{}}
		e.integrations[key] = in
	}
	return in
}

// attach moves a lane, with its waiting calls, to an integration.
func (e *Engine) attach(l *lane, in *integration) {
	if l.home == in {
		return
	}
	e.detach(l)
	l.home = in
	in.members[l.webhook] = l
	in.open += l.open
}

// detach takes a lane out of its integration.
func (e *Engine) detach(l *lane) {
	old := l.home
	if old == nil {
		return
	}
	old.leaveSleep(l)
	old.active = slices.DeleteFunc(old.active, func(a *lane) bool { return a == l })
	l.queued = false
	old.open -= l.open
	delete(old.members, l.webhook)
	l.home = nil
	e.forget(old)
}

// forget drops an integration that is unknown and has no webhooks.
func (e *Engine) forget(in *integration) {
	if in.plan != nil || len(in.members) > 0 {
		return
	}
	for key, other := range e.integrations {
		if other == in {
			delete(e.integrations, key)
			return
		}
	}
}

// drop forgets a deleted webhook without waiting calls.
func (e *Engine) drop(l *lane) {
	e.detach(l)
	if e.lanes[l.webhook] == l {
		delete(e.lanes, l.webhook)
	}
}

// cancelWaiting ends the calls that wait in a removed lane, batch by batch,
// until there are none or the webhook has come back.
func (e *Engine) cancelWaiting(l *lane) {
	var after uint64
	var position store.Position
	for {
		fresh, err := e.store.Fresh(l.webhook, after, cancelBatch)
		var retries []store.Item
		if err == nil && len(fresh) == 0 {
			retries, err = e.store.Retries(l.webhook, position, cancelBatch)
		}
		if err != nil {
			e.fail(fmt.Errorf("list the calls of deleted webhook %s: %w", l.webhook, err))
			return
		}
		for _, item := range fresh {
			after = item.Seq
		}
		for _, item := range retries {
			position = store.Position{Due: item.Due, Seq: item.Seq}
		}
		if len(fresh)+len(retries) == 0 || !e.cancel(l, append(fresh, retries...)) {
			return
		}
	}
}

// cancel ends calls as Cancelled in one step; false says to stop. They are
// taken like calls under way before they are loaded, so that neither an attempt
// nor another cancellation ends one of them, too.
func (e *Engine) cancel(l *lane, items []store.Item) bool {
	e.mu.Lock()
	if !l.removed || e.draining {
		e.mu.Unlock()
		return false
	}
	items = slices.DeleteFunc(items, func(item store.Item) bool { _, flying := l.flying[item.ID]; return flying })
	for _, item := range items {
		l.flying[item.ID] = struct{}{}
	}
	e.mu.Unlock()

	ended, err := e.endCancelled(items)
	if err != nil {
		e.fail(fmt.Errorf("cancel calls of deleted webhook %s: %w", l.webhook, err))
		return false
	}

	e.mu.Lock()
	defer e.mu.Unlock()
	for _, item := range items {
		delete(l.flying, item.ID)
	}
	l.count(-ended)
	if l.removed && l.open == 0 {
		e.drop(l)
	}
	return true
}

// endCancelled ends those of the calls that have not ended since they were
// listed, and returns how many that were.
func (e *Engine) endCancelled(items []store.Item) (int, error) {
	var ends []*store.End
	for _, item := range items {
		entry, err := e.store.Load(item.ID)
		if err != nil {
			return 0, fmt.Errorf("load call %s: %w", item.ID, err)
		}
		if !entry.State.Finished() {
			ends = append(ends, &store.End{Call: &entry.Call, Was: entry.State, Now: cancelled(entry.State, time.Now())})
		}
	}
	return len(ends), e.store.End(context.Background(), ends...)
}

// cancelled is the state of a waiting call whose webhook was deleted.
func cancelled(was store.State, now time.Time) store.State {
	was.Due = time.Time{}
	was.Outcome, was.EndedAt = plan.OutcomeCancelled, now
	was.Message = "the webhook was deleted while the call waited"
	return was
}
