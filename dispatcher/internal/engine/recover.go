package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// recover takes over what the last process left in the store.
func (e *Engine) recover(ctx context.Context) error {
	reports, err := e.store.Reports()
	if err != nil {
		return fmt.Errorf("read the webhooks' reports: %w", err)
	}
	for _, r := range reports {
		e.lane(r.Webhook).report = r
	}
	if err := e.endLost(ctx); err != nil {
		return err
	}
	lanes, err := e.store.Lanes()
	if err != nil {
		return fmt.Errorf("count the waiting calls: %w", err)
	}
	for _, found := range lanes {
		l := e.lane(found.Webhook)
		l.open, l.bytes = found.Fresh+found.Retries, found.Bytes
		l.accepted = found.LastSeq
		l.moreRetries = found.Retries > 0
	}
	for _, l := range e.lanes {
		if l.report.Seq > 0 {
			e.report(l.report)
		}
	}
	return nil
}

// endLost ends the attempts that the last process died in. They are of calls
// without the idempotency key: whether the request arrived is unknown, and
// sending it again could double it.
func (e *Engine) endLost(ctx context.Context) error {
	marks, err := e.store.Begun()
	if err != nil {
		return fmt.Errorf("read the marks of interrupted attempts: %w", err)
	}
	const message = "the dispatcher died during the attempt, so whether the request arrived is unknown"
	var ends []*store.End
	for _, mark := range marks {
		entry, err := e.store.Load(mark.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("load interrupted call %s: %w", mark.ID, err)
		}
		if err != nil || entry.State.Finished() {
			continue
		}
		call := &entry.Call
		next := Decide(e.wall(), plan.Retry{}, call, entry.State, Result{Reason: plan.ReasonCrash, Begun: mark.Begun, Message: message}, 0)
		report := e.lane(call.Webhook).reportOf(call, next)
		ends = append(ends, &store.End{Call: call, Was: entry.State, Now: next, Report: &report, Attempt: &store.Attempt{
			ID: call.ID, Number: mark.Attempt, Begun: mark.Begun, Reason: plan.ReasonCrash, Method: call.Method, Message: message,
		}})
		e.log.Warn("call lost", "call", mark.ID, "webhook", call.Webhook, "reason", message)
	}
	if err := e.store.End(ctx, ends...); err != nil {
		return fmt.Errorf("end %d interrupted calls as lost: %w", len(ends), err)
	}
	return nil
}
