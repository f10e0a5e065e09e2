package limit

import "time"

// MaxPerSecond is the highest limit. It bounds a Limiter's memory at 160 kB.
const MaxPerSecond = 10_000

// window is the sliding time that the limit speaks about.
const window = time.Second

// Limiter decides when the next send may happen. Make it with [New]. It is not
// safe for concurrent use.
type Limiter struct {
	perSecond int
	// epoch is time zero of all times below. They are differences, so that the
	// monotonic clock counts where the caller's times carry it.
	epoch time.Time
	taken history // slots
	sent  history // sends
	pace  pace
}

// New returns a Limiter of perSecond sends a second, without history. Values
// outside 1 to [MaxPerSecond] are moved to the nearer end.
func New(perSecond int) *Limiter {
	perSecond = clamp(perSecond)
	return &Limiter{
		perSecond: perSecond,
		taken:     newHistory(perSecond),
		sent:      newHistory(perSecond),
		pace:      pace{interval: interval(perSecond)},
	}
}

// Take asks for a slot at now. Zero means that it is taken and the attempt may
// begin. More than zero means that nothing is taken: ask again after that long. It
// is at most one second plus the distance of two slots.
func (l *Limiter) Take(now time.Time) (wait time.Duration) {
	at := l.since(now)
	if wait = max(l.pace.wait(at), l.full(&l.taken, at)); wait > 0 {
		return wait
	}
	l.taken.add(at)
	l.pace.take(at)
	return 0
}

// Send asks, with a slot taken, whether the request may leave at now. Zero means
// that it leaves. More than zero means that it does not: ask again after that
// long, at most a second. Attempts take different times from slot to sending, so
// sends can be closer than slots; this is what holds the limit.
func (l *Limiter) Send(now time.Time) (wait time.Duration) {
	at := l.since(now)
	if wait = l.full(&l.sent, at); wait > 0 {
		return wait
	}
	l.sent.add(at)
	return 0
}

// full returns how long after at a history has room for one more in its second;
// not positive if it has.
func (l *Limiter) full(h *history, at time.Duration) time.Duration {
	first, ok := h.back(l.perSecond)
	if !ok {
		return 0
	}
	return first + window - at
}

// SetRate changes the limit from now on, moved into its bounds as by [New]. The
// sends of the last second still count, so neither the change nor a change back
// lets a sliding second exceed the higher of the two limits, and each send after
// it keeps to the new one.
func (l *Limiter) SetRate(perSecond int, now time.Time) {
	perSecond = clamp(perSecond)
	if perSecond == l.perSecond {
		return
	}
	since := l.since(now) - window
	l.taken.resize(perSecond, since)
	l.sent.resize(perSecond, since)
	l.pace.setInterval(interval(perSecond))
	l.perSecond = perSecond
}

// since returns now as a distance from the epoch, never before the last slot or
// send: if the clock went back, the epoch goes back with it, as if no time had
// passed since then.
func (l *Limiter) since(now time.Time) time.Duration {
	if l.epoch.IsZero() {
		l.epoch = now
	}
	at := now.Sub(l.epoch)
	slot, _ := l.taken.back(1)
	send, _ := l.sent.back(1)
	if last := max(slot, send); at < last {
		l.epoch = now.Add(-last)
		return last
	}
	return at
}

// interval is the distance of slots. It is rounded down, so the pace is a trace
// faster than the limit; the history keeps the limit itself.
func interval(perSecond int) time.Duration { return window / time.Duration(perSecond) }

// clamp moves a limit into its bounds.
func clamp(perSecond int) int { return min(max(perSecond, 1), MaxPerSecond) }
