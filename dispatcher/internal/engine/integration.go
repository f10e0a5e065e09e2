package engine

import (
	"container/heap"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/limit"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// integration is what the webhooks of one integration share. The engine's lock
// guards it.
type integration struct {
	plan     *plan.Integration // nil while unknown here
	limiter  *limit.Limiter    // nil without a limit
	open     int               // calls of all its lanes without outcome
	inFlight int               // attempts under way

	members  map[plan.Key]*lane
	active   []*lane  // lanes with a call that may begin, in order of turn
	sleeping sleepers // lanes whose first call is due later

	timer *time.Timer // fires when a limit or a due time lets work go on
}

// runs reports whether attempts of this integration may begin now.
func (in *integration) runs() bool {
	return in.plan != nil && in.plan.NotReady == "" && !in.plan.Suspend
}

// schedule puts a lane where its work belongs and gives out turns. It is to be
// called after every change of the lane or its plan.
func (e *Engine) schedule(l *lane) {
	if l.home != nil {
		e.place(l, time.Now())
		e.pump(l.home)
	}
}

// place puts a lane among the active ones if a call of it may begin now, among
// the sleeping ones if a call is due later.
func (e *Engine) place(l *lane, now time.Time) {
	in := l.home
	in.leaveSleep(l)
	if e.draining || !l.runs() {
		return // one that is still active is dropped when its turn comes
	}
	if l.wantsFill() {
		e.fill(l)
	}
	if _, _, ok := l.next(now); ok {
		in.activate(l)
	} else if len(l.retries) > 0 {
		l.wake = l.retries[0].Due
		heap.Push(&in.sleeping, l)
	}
}

// activate puts a lane at the end of the queue for turns, unless it stands there.
func (in *integration) activate(l *lane) {
	if !l.queued {
		l.queued = true
		in.active = append(in.active, l)
	}
}

// pump begins attempts until the integration has no slot, no work or no
// permission left, and sees to it that it is called again when that may change.
func (e *Engine) pump(in *integration) {
	if e.draining || !in.runs() {
		return
	}
	now := time.Now()
	for len(in.sleeping) > 0 && !in.sleeping[0].wake.After(now) {
		l := in.sleeping[0]
		in.leaveSleep(l)
		in.activate(l)
	}
	for in.inFlight < in.plan.MaxConcurrency && len(in.active) > 0 {
		l := in.active[0]
		item, retry, ok := l.next(now)
		if !ok || !l.runs() {
			e.rotate(in, now)
			continue
		}
		if in.limiter != nil {
			if wait := in.limiter.Take(now); wait > 0 {
				e.wakeAfter(in, wait)
				return
			}
		}
		l.take(item, retry)
		in.inFlight++
		e.background.Go(func() { e.attempt(l, in, item) })
		e.rotate(in, now)
	}
	if len(in.sleeping) > 0 {
		e.wakeAfter(in, in.sleeping[0].wake.Sub(now))
	}
}

// rotate ends the turn of the first active lane and places it anew, by the time
// of the pump that calls it: a call that comes due while the pump runs would
// else be active by one clock and not due by the other, without end.
func (e *Engine) rotate(in *integration, now time.Time) {
	l := in.active[0]
	in.active[0] = nil
	in.active = in.active[1:]
	l.queued = false
	e.place(l, now)
}

// wakeAfter sees to it that the integration is pumped after d.
func (e *Engine) wakeAfter(in *integration, d time.Duration) {
	if in.timer == nil {
		in.timer = time.AfterFunc(d, func() {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.pump(in)
		})
		return
	}
	in.timer.Reset(d)
}

// fill begins a read of the next calls of a lane's queue.
func (e *Engine) fill(l *lane) {
	r := read{
		fresh:      len(l.fresh) <= refill && l.freshCursor < l.accepted,
		freshAfter: l.freshCursor, accepted: l.accepted,
		retries:      len(l.retries) <= refill && l.moreRetries,
		retriesAfter: l.retryCursor,
	}
	if r.retries {
		l.moreRetries = false
	}
	l.filling = true
	e.background.Go(func() { e.read(l, r) })
}

// read is a read of a lane's queue.
type read struct {
	fresh, retries       bool
	freshAfter, accepted uint64
	retriesAfter         store.Position
}

// read reads outside of the lock, so that a slow disk holds up this lane alone.
func (e *Engine) read(l *lane, r read) {
	var fresh, retries []store.Item
	var err error
	if r.fresh {
		fresh, err = e.store.Fresh(l.webhook, r.freshAfter, window)
	}
	if err == nil && r.retries {
		retries, err = e.store.Retries(l.webhook, r.retriesAfter, window)
	}
	if err != nil {
		e.fail(fmt.Errorf("read the queue of webhook %s: %w", l.webhook, err))
		return
	}
	if r.fresh && fresh == nil {
		fresh = []store.Item{}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	l.filled(fresh, retries, r.accepted)
	e.schedule(l)
}

// leaveSleep takes a lane out of the sleepers if it is among them.
func (in *integration) leaveSleep(l *lane) {
	if l.sleepSlot >= 0 {
		heap.Remove(&in.sleeping, l.sleepSlot)
	}
}

// sleepers is a heap of lanes by the due time of their first call.
type sleepers []*lane

func (s sleepers) Len() int           { return len(s) }
func (s sleepers) Less(i, j int) bool { return s[i].wake.Before(s[j].wake) }
func (s sleepers) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	s[i].sleepSlot, s[j].sleepSlot = i, j
}

// Push is for container/heap.
func (s *sleepers) Push(x any) {
	l := x.(*lane)
	l.sleepSlot = len(*s)
	*s = append(*s, l)
}

// Pop is for container/heap.
func (s *sleepers) Pop() any {
	old := *s
	l := old[len(old)-1]
	old[len(old)-1] = nil
	*s = old[:len(old)-1]
	l.sleepSlot = -1
	return l
}
