package engine

import (
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/limit"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// SetIntegration adds or replaces an integration. It applies to the next
// attempt of every webhook that uses it. An error says in one sentence why nothing
// can be sent for it as it is; its calls then wait.
func (e *Engine) SetIntegration(p *plan.Integration) error {
	var route *outbound.Route
	var err error
	if p.NotReady == "" {
		if route, err = e.sender.Route(p); err != nil {
			// The manager takes it for usable, so calls are still taken in, and bounded.
			p = &plan.Integration{Key: p.Key, Generation: p.Generation, NotReady: err.Error(), MaxWaiting: p.MaxWaiting, MaxWaitingBytes: p.MaxWaitingBytes,
				DisplayName: p.DisplayName, Description: p.Description, LogRetention: p.LogRetention}
		}
	}
	if old := e.setIntegration(p, route); old != nil {
		e.sender.Leave(old)
	}
	return err
}

// setIntegration is SetIntegration with what has been prepared. It returns the
// route that is not used for new attempts any more.
func (e *Engine) setIntegration(p *plan.Integration, route *outbound.Route) (old *outbound.Route) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.integration(p.Key)
	old = in.route
	in.plan, in.route = p, route
	in.pause.end()
	switch {
	case p.NotReady != "": // its limit is not known, and its last sends still count
	case p.RequestsPerSecond == 0:
		in.limiter = nil
	case in.limiter == nil:
		in.limiter = limit.New(p.RequestsPerSecond)
	default:
		in.limiter.SetRate(p.RequestsPerSecond, time.Now())
	}
	for _, l := range in.members {
		e.place(l, time.Now())
	}
	e.pump(in)
	return old
}

// RemoveIntegration makes the calls of its webhooks wait until it comes back.
func (e *Engine) RemoveIntegration(key plan.Key) {
	if old := e.removeIntegration(key); old != nil {
		e.sender.Leave(old) // closes connections, so not under the lock
	}
}

// removeIntegration is RemoveIntegration, but for the route that nobody uses any
// more, which it returns.
func (e *Engine) removeIntegration(key plan.Key) (old *outbound.Route) {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.integrations[key]
	if in == nil {
		return nil
	}
	old = in.route
	in.plan, in.route = nil, nil
	e.forget(in)
	return old
}

// SetWebhook adds or replaces a webhook. It applies to its next attempt; what
// was rendered at intake stays. One whose answers cannot be read as it wants, which
// the catalog refuses, is not ready.
func (e *Engine) SetWebhook(p *plan.Webhook) {
	reader, err := readerOf(p)
	if err != nil {
		p = &plan.Webhook{Key: p.Key, UID: p.UID, Generation: p.Generation, Integration: p.Integration, NotReady: err.Error()}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lane(p.Key)
	if l.open > 0 && l.disowns(p.UID) { // made anew
		e.startCancelling(l)
	}
	l.plan, l.reader, l.removed = p, reader, false
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
	if l.open > 0 {
		e.startCancelling(l)
	}
	e.dropIfDone(l)
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
	in.bytes += l.bytes
}

// detach takes a lane out of its integration.
func (e *Engine) detach(l *lane) {
	old := l.home
	if old == nil {
		return
	}
	old.leaveSleep(l)
	for k := range old.turns {
		old.turns[k] = slices.DeleteFunc(old.turns[k], func(a *lane) bool { return a == l })
	}
	l.queued = [2]bool{}
	old.open -= l.open
	old.bytes -= l.bytes
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

// dropIfDone forgets a webhook that is deleted and has no more calls.
func (e *Engine) dropIfDone(l *lane) {
	if !l.removed || l.open > 0 {
		return
	}
	e.detach(l)
	e.forgetCached(l)
	if e.lanes[l.webhook] == l {
		delete(e.lanes, l.webhook)
	}
}
