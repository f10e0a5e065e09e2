package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Complete tells that the first whole configuration is there. Only from then on do
// attempts begin and calls end: a webhook that an outcome triggers might not be
// known before. Attempts that the last process died in end as Lost now. Further
// calls of Complete do nothing.
func (e *Engine) Complete() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.complete {
		return
	}
	e.complete = true
	if marks := e.interrupted; len(marks) > 0 && !e.draining {
		e.interrupted = nil
		e.background.Go(func() { e.endLost(marks) })
	}
	now := time.Now()
	for _, l := range e.lanes {
		if l.unswept {
			l.unswept = false
			e.startCancelling(l)
		}
		if l.home != nil {
			e.place(l, now)
		}
	}
	for _, in := range e.integrations {
		e.pump(in)
	}
}

// endLost ends interrupted attempts, in steps that fit into memory.
func (e *Engine) endLost(marks []store.Mark) {
	for len(marks) > 0 {
		n, err := e.endSomeLost(marks)
		if err != nil {
			e.fail(fmt.Errorf("end interrupted calls as lost: %w", err))
			return
		}
		marks = marks[n:]
	}
}

// endSomeLost ends the first interrupted attempts, and returns how many it was.
func (e *Engine) endSomeLost(marks []store.Mark) (n int, err error) {
	var ends []*store.End
	for bytes := int64(0); n < len(marks) && bytes < maxGroupBytes; n++ {
		entry, err := e.store.Load(marks[n].ID)
		if err != nil {
			e.abandon(ends)
			return 0, fmt.Errorf("load call %s: %w", marks[n].ID, err)
		}
		end := e.lost(entry, marks[n])
		bytes += e.follows(end, nil) + int64(entry.Call.Size()) + heldBytes
		ends = append(ends, end)
	}
	e.mu.Lock()
	for _, end := range ends {
		end.Report = e.lanes[end.Call.Webhook].nextReport(end.Call, end.Now)
	}
	e.mu.Unlock()
	if err := e.store.End(context.Background(), ends...); err != nil {
		e.abandon(ends)
		return 0, err
	}
	e.mu.Lock()
	for _, end := range ends {
		l := e.lanes[end.Call.Webhook]
		delete(l.flying, end.Call.ID)
		l.outside++
		l.count(-1, -int64(end.Call.Size()))
		e.dropIfDone(l)
	}
	e.mu.Unlock()
	e.tell(ends)
	return n, nil
}

// lost is the end of an interrupted attempt. It is of a call without the
// idempotency key: whether the request arrived is unknown, and sending it again
// could double it.
func (e *Engine) lost(entry *store.Entry, mark store.Mark) *store.End {
	const message = "the dispatcher died during the attempt, so whether the request arrived is unknown"
	call := &entry.Call
	e.log.Warn("call lost", "call", mark.ID, "webhook", call.Webhook, "message", message)
	return &store.End{
		Call: call, Was: entry.State,
		Now: Decide(e.wall(), plan.Retry{}, call, entry.State, Result{Reason: plan.ReasonCrash, Begun: mark.Begun, Message: message}, 0),
		Attempt: &store.Attempt{
			ID: call.ID, Number: mark.Attempt, Begun: mark.Begun, Reason: plan.ReasonCrash, Method: call.Method, Message: message,
		},
	}
}
