package engine

import (
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ReserveTriggered is [Engine.Reserve] for a call that an outcome triggers: past
// maxWaiting, too, since an outcome cannot be refused.
func (e *Engine) ReserveTriggered(webhook plan.Key, size int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reserve(webhook, size, false)
}

// follows adds to a final outcome the calls that it triggers, and returns what
// they hold in memory. span is that of the attempt that brought the outcome, nil
// without one. The lock is not held: their templates may take a while.
func (e *Engine) follows(end *store.End, span *tracing.Span) (bytes int64) {
	if e.follow == nil || !end.Now.Finished() {
		return 0
	}
	end.Calls = e.follow(behind(end.Call, span), end.Now, end.Result)
	for _, entry := range end.Calls {
		bytes += int64(entry.Call.Size()) + heldBytes
	}
	return bytes
}

// followed is follows for the end of an attempt: what the calls hold in memory
// counts with it until it is durable.
func (e *Engine) followed(t *turn, end *store.End) {
	bytes := e.follows(end, t.span)
	if bytes == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	t.cost += bytes
	t.in.inFlightBytes += bytes
	e.inFlightBytes += bytes
}

// tell tells everybody who wants to know of ends that are durable.
func (e *Engine) tell(ends []*store.End) {
	if e.ended != nil && len(ends) > 0 {
		e.ended(ends)
	}
	for _, end := range ends {
		if end.Report != nil {
			e.report(*end.Report)
		}
		if end.Now.Finished() {
			e.watchers.ended(end.Call.ID)
		}
		for _, entry := range end.Calls {
			if !entry.State.Finished() {
				e.Accepted(entry.Call.Webhook, entry)
			} else if entry.Report != nil {
				e.Publish(*entry.Report)
			}
		}
	}
}

// abandon takes back what was reserved for calls that are not to be.
func (e *Engine) abandon(ends []*store.End) {
	for _, end := range ends {
		for _, entry := range end.Calls {
			if !entry.State.Finished() {
				e.Release(entry.Call.Webhook, entry.Call.Size())
			}
		}
		end.Calls = nil
	}
}
