package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
)

// turn is the permission to make one attempt: the call, its lane, and the
// configuration at the moment its turn came.
type turn struct {
	lane        *lane
	in          *integration
	integration *plan.Integration
	route       *outbound.Route
	webhook     *plan.Webhook
	reader      *response.Reader // of the webhook's answers, nil if they are not awaited
	item        waiting
	worker      *worker
	limited     bool          // its integration has a limit
	reached     bool          // something left for the receiver
	unreached   bool          // what is before the receiver has failed
	cost        int64         // of memory, see costOf
	answer      int64         // what else its answer takes, see [Engine.keeps]
	span        *tracing.Span // of the attempt; nil if it is not traced
}

// attempt makes one attempt of a call, from top to bottom: load it, join its
// parts with the integration as it is now, make the mark durable if a second
// attempt would be wrong, send, read the answer if it is awaited, decide, hand the end to the committer, which makes
// it durable, and free the slot.
func (e *Engine) attempt(t *turn) {
	entry := t.item.entry
	if entry == nil {
		if entry = e.load(t); entry == nil {
			return
		}
	}
	call := &entry.Call
	if call.WebhookUID != t.webhook.UID { // the webhook that took it in is deleted; this is another of its name
		e.end(t, &store.End{Call: call, Was: entry.State, Now: cancelled(entry.State, e.wall(), deletedMessage)})
		return
	}

	t.span = e.traceAttempt(entry, t)
	request, response, err := e.send(entry, t)
	if err != nil {
		e.fail(err)
		return
	}
	// An answer of which a part is missing is none either.
	if e.attempts.Err() != nil && (response.StatusCode == 0 || response.Reason == plan.ReasonNetworkError) {
		traceEnd(t.span, request, &response, &entry.State)
		e.giveUp(t, entry, response.Unsent)
		return
	}

	result := t.read(request, &response)
	policy := t.integration.Retry
	if t.webhook.Retry != nil {
		policy = *t.webhook.Retry
	}
	next := Decide(e.wall(), policy, call, entry.State, Result{
		Unsent: request == nil, Unreached: response.Unreached, Reason: response.Reason, StatusCode: response.StatusCode,
		RetryAfter: response.RetryAfter, Begun: response.Begun, Message: response.Message,
	}, e.jitter())
	traceEnd(t.span, request, &response, &next)
	end := &store.End{Call: call, Was: entry.State, Now: next, Result: result}
	t.reached, t.unreached = request != nil && !response.Unsent, response.Unreached
	if request != nil {
		end.Attempt = logRow(call, next.Attempts, request, response)
	}
	e.end(t, end)
}

// load reads a call that is not in memory. It returns nil if the turn has come to
// nothing meanwhile.
func (e *Engine) load(t *turn) *store.Entry {
	entry, err := e.store.Load(t.item.ID)
	if errors.Is(err, store.ErrNotFound) && !e.waits(t) {
		// It has ended since it was listed, and is dropped from the log.
		e.giveBack(t, &store.Entry{State: store.State{Outcome: plan.OutcomeCancelled}}, true)
		return nil
	}
	if err != nil {
		e.fail(fmt.Errorf("load call %s: %w", t.item.ID, err))
		return nil
	}
	stale := entry.State.Finished() || !entry.State.Due.Equal(t.item.Due) // ended or moved on since it was listed
	if !e.renew(t) || stale {
		e.giveBack(t, entry, stale)
		return nil
	}
	return entry
}

// waits reports whether the store still lists the call of a turn as waiting. If it
// cannot be told it does.
func (e *Engine) waits(t *turn) bool {
	var items []store.Item
	var err error
	if item := t.item; item.Due.IsZero() {
		items, err = e.store.Fresh(t.lane.webhook, item.Seq-1, 1)
	} else {
		items, err = e.store.Retries(t.lane.webhook, store.Position{Due: item.Due, Seq: item.Seq - 1}, 1)
	}
	return err != nil || len(items) > 0 && items[0].ID == t.item.ID
}

// renew gives the turn the configuration as it is now, after a slow disk has held
// it up; false if the webhook was suspended or removed meanwhile, or the call
// cancelled.
func (e *Engine) renew(t *turn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if t.lane.home != t.in || !t.lane.runs() || t.lane.flying[t.item.ID] {
		return false
	}
	t.integration, t.route, t.webhook, t.reader = t.in.plan, t.in.route, t.lane.plan, t.lane.reader
	return true
}

// send sends a call's request once. The request is nil, and the response says
// why, if it could not be made. An error is the store's.
func (e *Engine) send(entry *store.Entry, t *turn) (*outbound.Request, outbound.Response, error) {
	call := &entry.Call
	request, err := t.route.Build(parts(call, t.webhook, t.reader != nil))
	if err != nil {
		return nil, refused(err), nil
	}
	e.propagate(request, call, t.span)
	if !call.HasKey {
		mark := store.Mark{ID: call.ID, Attempt: entry.State.Attempts + 1, Begun: e.wall()}
		if err := e.mark(t.worker, mark); err != nil {
			return nil, outbound.Response{}, fmt.Errorf("mark the attempt of call %s: %w", call.ID, err)
		}
	}
	if t.limited {
		request.Gate = func(ctx context.Context) error { return e.mayLeave(ctx, t.in) }
	}
	request.Room = func(size int) bool { return e.keeps(t, size) }
	return request, e.sender.Send(e.attempts, request), nil
}

// mayLeave waits until the integration's limit lets a request leave, at the moment
// at which it would. It is an error if ctx ends first.
func (e *Engine) mayLeave(ctx context.Context, in *integration) error {
	for first := true; ; first = false {
		wait := e.limitAtGate(in, first)
		if wait <= 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			e.mu.Lock()
			defer e.mu.Unlock()
			in.throttle.addGate(-1, time.Now())
			return context.Cause(ctx)
		}
	}
}

// limitAtGate says for how long the limit does not let a request leave; it may leave
// now if that is 0. The request waits already unless it comes first.
func (e *Engine) limitAtGate(in *integration, first bool) (wait time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := time.Now()
	if in.limiter != nil {
		wait = in.limiter.Send(now)
	}
	switch {
	case first && wait > 0:
		in.throttle.addGate(+1, now)
	case !first && wait <= 0:
		in.throttle.addGate(-1, now)
	}
	return wait
}

// end hands the end of an attempt to the committer and frees the attempt's slot.
// When the committer is far behind, the slot waits with it. The memory is free
// only when the end is durable, for until then the call and its answer are there.
func (e *Engine) end(t *turn, end *store.End) {
	if !end.Now.Finished() {
		e.mu.Lock()
		e.stop(t.lane, end)
		e.mu.Unlock()
	}
	e.followed(t, end)
	e.ends <- ended{turn: t, end: end}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.release(t)
}

// giveUp ends an attempt at the end of the grace period: the store tells the next
// start what is to be done. A call whose request has certainly not left may be
// sent then, so its mark goes. One that keeps its mark will be Lost: it stays under
// way, so that nothing else becomes of it.
func (e *Engine) giveUp(t *turn, entry *store.Entry, unsent bool) {
	if unsent && !entry.Call.HasKey {
		if err := e.store.End(context.Background(), &store.End{Call: &entry.Call, Was: entry.State, Now: entry.State}); err != nil {
			e.fail(fmt.Errorf("take back the mark of call %s: %w", entry.Call.ID, err))
			return
		}
	}
	if !unsent && !entry.Call.HasKey {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.free(t)
		e.release(t)
		return
	}
	e.giveBack(t, entry, false)
}

// giveBack puts a call whose turn came to nothing back into its queue, unless
// its place there was stale. One that was cancelled meanwhile ends.
func (e *Engine) giveBack(t *turn, entry *store.Entry, stale bool) {
	e.mu.Lock()
	if t.lane.flying[t.item.ID] && !entry.State.Finished() {
		e.mu.Unlock()
		e.end(t, &store.End{Call: &entry.Call, Was: entry.State, Now: entry.State})
		return
	}
	defer e.mu.Unlock()
	l := t.lane
	delete(l.flying, t.item.ID)
	t.item.entry = nil
	if !t.item.Due.IsZero() {
		l.rereadRetries()
	} else if !stale {
		l.putBack(t.item)
	}
	if l.removed { // the cancellation left out what was under way
		e.startCancelling(l)
	}
	e.free(t)
	e.release(t)
	e.dropIfDone(l)
	e.schedule(l)
	e.feed()
}

// release frees the slot of an attempt and gives out the next turns. The lock
// is held. The lane may have moved to another integration meanwhile.
func (e *Engine) release(t *turn) {
	t.in.inFlight--
	switch {
	case t.unreached:
		t.in.pause.begin(time.Now())
	case t.reached:
		t.in.pause.end()
	}
	e.rest(t.worker)
	e.pump(t.in)
}

// parts are the webhook's parts of a call for outbound. await says that the answer
// is read.
func parts(call *store.Call, webhook *plan.Webhook, await bool) outbound.Parts {
	own := make([]plan.RenderedHeader, len(call.Headers))
	for i, h := range call.Headers {
		own[i] = plan.RenderedHeader{Name: h.Name, Value: h.Value}
	}
	return outbound.Parts{
		ID: call.ID.String(), Method: call.Method, Suffix: call.Suffix, InheritedOff: call.InheritedOff, Own: own,
		HasBody: call.HasBody, Body: call.Body, Timeout: webhook.Timeout, Await: await,
	}
}

// refused is the response in place of a request that could not be made.
func refused(err error) outbound.Response {
	reason := plan.ReasonBadRequest
	if errors.Is(err, plan.ErrLeavesRoot) {
		reason = plan.ReasonBlocked
	}
	return outbound.Response{Reason: reason, Begun: time.Now(), Message: err.Error()}
}
