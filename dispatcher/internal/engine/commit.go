package engine

import (
	"context"
	"fmt"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// endsAhead is how many attempts may have ended without being durable; when the
// disk is that far behind, no further attempt begins.
const endsAhead = 1024

// ended is an attempt that has ended, or a turn that ended its call without one.
type ended struct {
	turn *turn
	end  *store.End
}

// size is about what it takes in the store.
func (d *ended) size() int {
	if d.end.Attempt == nil {
		return heldBytes
	}
	return heldBytes + len(d.end.Attempt.ResponseBody) + d.end.Result.Size()
}

// commitEnds makes the ends of attempts durable until there are no more.
func (e *Engine) commitEnds() {
	defer close(e.committed)
	collector := newCollector(e.ends, enoughEnds)
	for {
		group, ok := collector.next(nil, func(d ended) int { return d.size() })
		if !ok {
			return
		}
		e.commit(group)
	}
}

// commit makes a group of ends durable and lets their lanes go on.
func (e *Engine) commit(group []ended) {
	ends := e.conclude(group)
	// Not e.attempts: an answer that came in during the drain is still kept.
	if err := e.store.End(context.Background(), ends...); err != nil {
		e.fail(fmt.Errorf("store the ends of %d attempts, the first of call %s: %w", len(ends), ends[0].Call.ID, err))
		return
	}
	e.mu.Lock()
	for _, d := range group {
		e.settled(d)
		e.free(d.turn)
	}
	for _, d := range group {
		l := d.turn.lane
		e.dropIfDone(l)
		e.schedule(l)
		if l.home != d.turn.in { // the lane has moved, and others may have waited for this one's memory
			e.pump(d.turn.in)
		}
	}
	e.feed()
	e.mu.Unlock()
	for _, end := range ends {
		if end.Report != nil {
			e.report(*end.Report)
		}
	}
}

// conclude adds to the ends what depends on the webhook as it is now: calls of a
// deleted one get no retry, and the last end of each webhook gets its report.
func (e *Engine) conclude(group []ended) []*store.End {
	ends := make([]*store.End, len(group))
	last := make(map[plan.Key]*store.End, 1)
	e.mu.Lock()
	defer e.mu.Unlock()
	for i, d := range group {
		l, end := d.turn.lane, d.end
		ends[i] = end
		disowned := l.disowns(end.Call.WebhookUID)
		if disowned && !end.Now.Finished() {
			end.Now = cancelled(end.Now, e.wall())
		}
		// The report of a deleted webhook's call must not hide those of the one that
		// has taken its name.
		if end.Now.Finished() && (l.removed || !disowned) {
			report := l.reportOf(end.Call, end.Now)
			end.Report = &report
			if earlier := last[l.webhook]; earlier != nil {
				earlier.Report = nil
			}
			last[l.webhook] = end
		}
	}
	return ends
}

// settled takes a durable end into account. The lock is held.
func (e *Engine) settled(d ended) {
	l, end := d.turn.lane, d.end
	delete(l.flying, d.turn.item.ID)
	if end.Now.Finished() {
		l.count(-1, -int64(end.Call.Size()))
		return
	}
	l.addRetry(store.Position{Due: end.Now.Due, Seq: end.Call.Seq})
	if l.disowns(end.Call.WebhookUID) { // since it was decided
		e.startCancelling(l)
	}
}
