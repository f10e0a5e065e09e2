package engine

import (
	"container/heap"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/limit"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// freshBeforeRetry is how many first attempts go before one retry when both
// wait in an integration: retries keep a fifth of the turns, and a storm of them
// cannot starve fresh calls.
const freshBeforeRetry = 4

// kind tells first attempts from retries.
type kind int

const (
	first kind = iota // calls that had no attempt yet
	again             // calls that wait for a further one
)

// integration is what the webhooks of one integration share. The engine's lock
// guards it.
type integration struct {
	plan          *plan.Integration // nil while unknown here
	route         *outbound.Route   // nil unless the plan is there and ready
	limiter       *limit.Limiter    // nil without a limit
	open          int               // calls of all its lanes without outcome
	bytes         int64             // sum of their sizes
	inFlight      int               // attempts under way
	inFlightBytes int64             // what they hold in memory

	members  map[plan.Key]*lane
	turns    [2][]*lane // lanes with a call of that kind that may begin, in order of turn
	firsts   int        // first attempts since the last retry
	sleeping sleepers   // lanes whose first retry is due later
	starving bool       // waits for memory, see [Engine.starving]
	pause    pause
	throttle throttle

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

// place puts a lane among those that take turns if a call of it may begin now,
// and among the sleeping ones if a retry is due later.
func (e *Engine) place(l *lane, now time.Time) {
	in := l.home
	in.leaveSleep(l)
	if e.draining || !e.complete || !l.runs() {
		return // one that still has a turn is dropped when that comes
	}
	if l.wantsFill() {
		e.fill(l)
	}
	for _, k := range []kind{first, again} {
		if _, ok := l.next(k, now); ok {
			in.queue(l, k)
		}
	}
	if !l.queued[again] && len(l.retries) > 0 {
		l.wake = l.retries[0].at
		heap.Push(&in.sleeping, l)
	}
}

// queue puts a lane at the end of the queue for turns, unless it stands there.
func (in *integration) queue(l *lane, k kind) {
	if !l.queued[k] {
		l.queued[k] = true
		in.turns[k] = append(in.turns[k], l)
	}
}

// whose says what kind of call has the next turn; false if none waits.
func (in *integration) whose() (kind, bool) {
	switch {
	case len(in.turns[again]) == 0:
		return first, len(in.turns[first]) > 0
	case len(in.turns[first]) == 0, in.firsts >= freshBeforeRetry:
		return again, true
	}
	return first, true
}

// pump begins attempts until the integration has no slot, no work or no
// permission left, and sees to it that it is called again when that may change.
func (e *Engine) pump(in *integration) {
	now := time.Now()
	in.throttle.setTurn(false, now)
	if e.draining || !e.complete || !in.runs() {
		return
	}
	if wait := in.pause.until.Sub(now); wait > 0 {
		e.wakeAfter(in, wait)
		return
	}
	for len(in.sleeping) > 0 && !in.sleeping[0].wake.After(now) {
		l := in.sleeping[0]
		in.leaveSleep(l)
		in.queue(l, again)
	}
	for in.inFlight < in.plan.MaxConcurrency {
		k, ok := in.whose()
		if !ok {
			break
		}
		l := in.turns[k][0]
		item, ok := l.next(k, now)
		if !ok || !l.runs() {
			e.rotate(in, k, now)
			continue
		}
		if !e.affords(in, item) {
			break
		}
		if in.limiter != nil {
			if wait := in.limiter.Take(now); wait > 0 {
				in.throttle.setTurn(true, now)
				e.wakeAfter(in, wait)
				return
			}
		}
		e.begin(l, k)
		e.rotate(in, k, now)
	}
	if len(in.sleeping) > 0 {
		e.wakeAfter(in, in.sleeping[0].wake.Sub(now))
	}
}

// begin gives the lane's next call of a kind its turn.
func (e *Engine) begin(l *lane, k kind) {
	in := l.home
	t := &turn{lane: l, in: in, integration: in.plan, route: in.route, webhook: l.plan, reader: l.reader, item: l.take(k), limited: in.limiter != nil}
	e.uncache(t.item)
	if k == again {
		in.firsts = 0
	} else {
		in.firsts++
	}
	t.cost = costOf(t.item)
	in.inFlight++
	in.inFlightBytes += t.cost
	e.inFlightBytes += t.cost
	e.start(t)
}

// rotate ends the turn of the first lane in a queue and places it anew, by the
// time of the pump that calls it: a call that comes due while the pump runs would
// else have a turn by one clock and not be due by the other, without end.
func (e *Engine) rotate(in *integration, k kind, now time.Time) {
	l := in.turns[k][0]
	in.turns[k][0] = nil
	in.turns[k] = in.turns[k][1:]
	l.queued[k] = false
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

// leaveSleep takes a lane out of the sleepers if it is among them.
func (in *integration) leaveSleep(l *lane) {
	if l.sleepSlot >= 0 {
		heap.Remove(&in.sleeping, l.sleepSlot)
	}
}

// sleepers is a heap of lanes by the due time of their first retry.
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
