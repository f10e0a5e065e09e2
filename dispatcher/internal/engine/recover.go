package engine

import (
	"errors"
	"fmt"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// recover takes over what the last process left in the store.
func (e *Engine) recover() error {
	reports, err := e.store.Reports()
	if err != nil {
		return fmt.Errorf("read the webhooks' reports: %w", err)
	}
	for _, r := range reports {
		e.lane(r.Webhook).report = r
	}
	if err := e.holdInterrupted(); err != nil {
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

// holdInterrupted holds the calls of attempts that the last process died in, like
// calls under way, until [Engine.Complete].
func (e *Engine) holdInterrupted() error {
	marks, err := e.store.Begun()
	if err != nil {
		return fmt.Errorf("read the marks of interrupted attempts: %w", err)
	}
	for _, mark := range marks {
		entry, err := e.store.Load(mark.ID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("load interrupted call %s: %w", mark.ID, err)
		}
		if err != nil || entry.State.Finished() {
			continue
		}
		e.lane(entry.Call.Webhook).flying[mark.ID] = false
		e.interrupted = append(e.interrupted, mark)
	}
	return nil
}
