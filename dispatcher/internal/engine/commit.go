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
	size := heldBytes
	if d.end.Attempt != nil {
		size += len(d.end.Attempt.ResponseBody)
	}
	for _, entry := range d.end.Calls {
		size += heldBytes + entry.Call.Size()
	}
	return size
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
		e.abandon(ends)
		e.fail(fmt.Errorf("store the ends of %d attempts, the first of call %s: %w", len(ends), ends[0].Call.ID, err))
		return
	}
	late := e.settle(group)
	e.tell(ends)
	if len(late) > 0 {
		e.commit(late)
	}
}

// settle takes durable ends into account and lets their lanes go on. It returns
// those that a caller has cancelled while they were stored, to be ended.
func (e *Engine) settle(group []ended) (late []ended) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, d := range group {
		end := d.end
		if !end.Now.Finished() && d.turn.lane.flying[end.Call.ID] {
			late = append(late, ended{turn: d.turn, end: &store.End{Call: end.Call, Was: end.Now, Now: end.Now}})
			continue
		}
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
	return late
}

// conclude adds to the ends what depends on the webhook as it is now: no retry
// follows when that was forbidden since the attempt ended, and the last end of each
// webhook gets its report.
func (e *Engine) conclude(group []ended) []*store.End {
	ends := make([]*store.End, len(group))
	last := make(map[plan.Key]*store.End, 1)
	var stopped []ended
	e.mu.Lock()
	for i, d := range group {
		l, end := d.turn.lane, d.end
		ends[i] = end
		if e.stop(l, end) {
			stopped = append(stopped, d)
		}
		if !end.Now.Finished() {
			continue
		}
		if end.Report = l.nextReport(end.Call, end.Now); end.Report != nil {
			if earlier := last[l.webhook]; earlier != nil {
				earlier.Report = nil
			}
			last[l.webhook] = end
		}
	}
	e.mu.Unlock()
	for _, d := range stopped { // few: [Engine.end] has seen to the others
		e.followed(d.turn, d.end)
	}
	return ends
}

// stop turns an end that a retry would follow into Cancelled if none may. The lock
// is held.
func (e *Engine) stop(l *lane, end *store.End) bool {
	if end.Now.Finished() {
		return false
	}
	message := l.stopped(end.Call)
	if message != "" {
		end.Now = cancelled(end.Now, e.wall(), message)
	}
	return message != ""
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
