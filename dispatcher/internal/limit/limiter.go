package limit

import "time"

// MaxPerSecond is the highest limit. It bounds a Limiter's memory at 80 kB.
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
	sent  history
	pace  pace
}

// New returns a Limiter of perSecond sends a second, without history. Values
// outside 1 to [MaxPerSecond] are moved to the nearer end.
func New(perSecond int) *Limiter {
	perSecond = clamp(perSecond)
	return &Limiter{
		perSecond: perSecond,
		sent:      newHistory(perSecond),
		pace:      pace{interval: interval(perSecond)},
	}
}

// Take asks for a send at now. Zero means that the send is taken and may happen
// at once. More than zero means that nothing is taken: ask again after that
// long. It is at most one second plus the distance of two sends.
func (l *Limiter) Take(now time.Time) (wait time.Duration) {
	at := l.since(now)
	wait = l.pace.wait(at)
	if first, ok := l.sent.back(l.perSecond); ok {
		wait = max(wait, first+window-at)
	}
	if wait > 0 {
		return wait
	}
	l.sent.add(at)
	l.pace.take(at)
	return 0
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
	l.sent.resize(perSecond, l.since(now)-window)
	l.pace.setInterval(interval(perSecond))
	l.perSecond = perSecond
}

// since returns now as a distance from the epoch, never before the last send:
// if the clock went back, the epoch goes back with it, as if no time had passed
// since that send.
func (l *Limiter) since(now time.Time) time.Duration {
	if l.epoch.IsZero() {
		l.epoch = now
	}
	at := now.Sub(l.epoch)
	if last, ok := l.sent.back(1); ok && at < last {
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
