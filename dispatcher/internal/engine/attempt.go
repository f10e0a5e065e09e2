package engine

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// attempt makes one attempt of a call, from top to bottom: load it, join its
// parts with the integration as it is now, make the mark durable if a second
// attempt would be wrong, send, decide, make the end durable, go on.
func (e *Engine) attempt(l *lane, in *integration, item store.Item) {
	entry, err := e.store.Load(item.ID)
	if err != nil {
		e.fail(fmt.Errorf("load call %s: %w", item.ID, err))
		return
	}
	stale := entry.State.Finished() || !entry.State.Due.Equal(item.Due) // ended or moved on since it was listed
	integration, webhook := e.plans(l, in)
	if webhook == nil || stale { // nil: suspended or removed since its turn came
		e.giveBack(l, in, item, stale)
		return
	}
	call := &entry.Call
	if call.WebhookUID != webhook.UID { // the webhook that took it in is deleted; this is another of its name
		e.end(l, in, item, &store.End{Call: call, Was: entry.State, Now: cancelled(entry.State, time.Now())})
		return
	}

	request, response, err := e.send(entry, integration, webhook)
	if err != nil {
		e.fail(err)
		return
	}
	if e.attempts.Err() != nil && response.StatusCode == 0 {
		e.giveBack(l, in, item, false) // given up at the end of the grace period: the store tells the next start
		return
	}

	policy := integration.Retry
	if webhook.Retry != nil {
		policy = *webhook.Retry
	}
	next := Decide(time.Now(), policy, call, entry.State, Result{
		Unsent: request == nil, Reason: response.Reason, StatusCode: response.StatusCode, RetryAfter: response.RetryAfter,
		Begun: response.Begun, Message: response.Message,
	}, e.jitter())
	end := &store.End{Call: call, Was: entry.State, Now: next}
	if request != nil {
		end.Attempt = logRow(call, next.Attempts, integration, request, response)
	}
	e.end(l, in, item, end)
}

// send sends a call's request once. The request is nil, and the response says
// why, if it could not be made. An error is the store's.
func (e *Engine) send(entry *store.Entry, in *plan.Integration, webhook *plan.Webhook) (*outbound.Request, outbound.Response, error) {
	call := &entry.Call
	request, err := outbound.Build(in, parts(call, webhook))
	if err != nil {
		return nil, refused(err), nil
	}
	if !call.HasKey {
		mark := store.Mark{ID: call.ID, Attempt: entry.State.Attempts + 1, Begun: time.Now()}
		if err := e.store.Begin(context.Background(), mark); err != nil {
			return nil, outbound.Response{}, fmt.Errorf("mark the attempt of call %s: %w", call.ID, err)
		}
	}
	return request, e.sender.Send(e.attempts, request), nil
}

// plans returns what the attempt works with, as it is now; nil if the webhook
// was removed or the integration went meanwhile.
func (e *Engine) plans(l *lane, in *integration) (*plan.Integration, *plan.Webhook) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.plan == nil || l.home != in || !l.runs() {
		return nil, nil
	}
	return in.plan, l.plan
}

// end makes the end of an attempt durable, then frees its slot.
func (e *Engine) end(l *lane, in *integration, item store.Item, end *store.End) {
	e.mu.Lock()
	disowned := l.disowns(end.Call.WebhookUID)
	if disowned && !end.Now.Finished() {
		end.Now = cancelled(end.Now, time.Now())
	}
	// The report of a deleted webhook's call must not hide those of the one that
	// has taken its name.
	if end.Now.Finished() && (l.removed || !disowned) {
		report := l.reportOf(end.Call, end.Now)
		end.Report = &report
	}
	e.mu.Unlock()

	// Not e.attempts: an answer that came in during the drain is still kept.
	if err := e.store.End(context.Background(), end); err != nil {
		e.fail(fmt.Errorf("store the end of an attempt of call %s: %w", end.Call.ID, err))
		return
	}

	e.mu.Lock()
	delete(l.flying, item.ID)
	if !end.Now.Finished() {
		l.addRetry(store.Position{Due: end.Now.Due, Seq: end.Call.Seq})
		if l.disowns(end.Call.WebhookUID) { // since it was decided
			e.startCancelling(l)
		}
	} else {
		l.count(-1)
	}
	e.release(l, in)
	e.mu.Unlock()
	if end.Report != nil {
		e.report(*end.Report)
	}
}

// giveBack puts a call whose turn came to nothing back into its queue, unless
// its place there was stale.
func (e *Engine) giveBack(l *lane, in *integration, item store.Item, stale bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(l.flying, item.ID)
	if !item.Due.IsZero() {
		l.rereadRetries()
	} else if !stale {
		l.putBack(item)
	}
	if l.removed { // the cancellation left out what was under way
		e.startCancelling(l)
	}
	e.release(l, in)
}

// release frees the slot of an attempt and gives out the next turns. The lock
// is held. The lane may have moved to another integration meanwhile.
func (e *Engine) release(l *lane, in *integration) {
	in.inFlight--
	e.dropIfDone(l)
	e.schedule(l)
	if l.home != in {
		e.pump(in)
	}
}

// parts are the webhook's parts of a call for outbound.
func parts(call *store.Call, webhook *plan.Webhook) outbound.Parts {
	own := make([]plan.RenderedHeader, len(call.Headers))
	for i, h := range call.Headers {
		own[i] = plan.RenderedHeader{Name: h.Name, Value: h.Value}
	}
	return outbound.Parts{
		Method: call.Method, Suffix: call.Suffix, InheritedOff: call.InheritedOff, Own: own,
		HasBody: call.HasBody, Body: call.Body, Timeout: webhook.Timeout,
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

// logRow is the log row of an attempt, private header values redacted.
func logRow(call *store.Call, number int, in *plan.Integration, request *outbound.Request, r outbound.Response) *store.Attempt {
	row := &store.Attempt{
		ID: call.ID, Number: number, Begun: r.Begun, Duration: r.Duration, Reason: r.Reason,
		Integration: in.Key, IntegrationGeneration: in.Generation, Method: call.Method, URL: request.URL.String(),
		StatusCode: r.StatusCode, ResponseBody: r.Body, ResponseCut: r.BodyCut, Message: r.Message,
	}
	for _, h := range request.Headers {
		value := h.Value
		if h.Private {
			value = plan.Redacted
		}
		row.RequestHeaders = append(row.RequestHeaders, store.Header{Name: h.Name, Value: value})
	}
	row.ResponseHeaders = headerRows(r.Header)
	return row
}

// headerRows lists response headers in a stable order.
func headerRows(h http.Header) []store.Header {
	var rows []store.Header
	for name, values := range h {
		for _, value := range values {
			rows = append(rows, store.Header{Name: name, Value: value})
		}
	}
	slices.SortStableFunc(rows, func(a, b store.Header) int { return strings.Compare(a.Name, b.Name) })
	return rows
}
