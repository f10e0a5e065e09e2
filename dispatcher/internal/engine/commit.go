package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// endsAhead is how many attempts may have ended without being durable; when
	// the disk is that far behind, no further attempt begins.
	endsAhead = 1024
	// maxGroup and maxGroupBytes bound one step of the store.
	maxGroup      = 256
	maxGroupBytes = 4 << 20
	// busyGroup tells that there is load: after a group of as many the next one is
	// collected for a moment, until it has enough. Nothing waits for an end but its
	// own record, and each step costs an fsync and some waking: 5 % of the CPU time
	// of a delivery.
	busyGroup   = 8
	enoughGroup = 64
	moment      = time.Millisecond
)

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
	return heldBytes + len(d.end.Attempt.ResponseBody)
}

// commitEnds makes the ends of attempts durable: all that have come while the
// last group was written are the next one, and share one batch and one fsync.
func (e *Engine) commitEnds() {
	defer close(e.committed)
	var group []ended
	timer := time.NewTimer(0)
	for d := range e.ends {
		var wait <-chan time.Time
		if len(group) >= busyGroup {
			timer.Reset(moment)
			wait = timer.C
		}
		clear(group)
		group = append(group[:0], d)
		for size := d.size(); len(group) < maxGroup && size < maxGroupBytes; {
			if len(group) >= enoughGroup {
				wait = nil
			}
			more, ok := e.another(wait)
			if !ok {
				break
			}
			group = append(group, more)
			size += more.size()
		}
		e.commit(group)
	}
}

// another returns a further end if there is one, or comes before wait is over.
func (e *Engine) another(wait <-chan time.Time) (ended, bool) {
	select {
	case d, ok := <-e.ends:
		return d, ok
	default:
	}
	if wait == nil {
		return ended{}, false
	}
	select {
	case d, ok := <-e.ends:
		return d, ok
	case <-wait:
		return ended{}, false
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
	}
	for _, d := range group {
		l := d.turn.lane
		e.dropIfDone(l)
		e.schedule(l)
	}
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
