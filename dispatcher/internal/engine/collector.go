package engine

import "time"

const (
	// maxGroup and maxGroupBytes bound one step of the store.
	maxGroup      = 256
	maxGroupBytes = 4 << 20
	// busyGroup tells that there is load: after a group of as many the next one is
	// collected for a moment, until it has enough. Each step costs an fsync and some
	// waking: without collecting that was a tenth of a delivery's CPU time.
	busyGroup = 8
	moment    = time.Millisecond
	// enoughEnds is large, since nothing waits for an end but its own record.
	// enoughMarks is small, since attempts wait for their marks.
	enoughEnds  = 64
	enoughMarks = 16
)

// collector makes groups of what comes through a channel, one for each step of
// the store: all that has come while the last step was made is in the next one.
type collector[T any] struct {
	from   <-chan T
	enough int
	group  []T
	timer  *time.Timer
}

func newCollector[T any](from <-chan T, enough int) *collector[T] {
	return &collector[T]{from: from, enough: enough, timer: time.NewTimer(moment)}
}

// next returns the next group, which is valid until it is called again; false if
// stopped or the channel is closed.
func (c *collector[T]) next(stopped <-chan struct{}, size func(T) int) ([]T, bool) {
	var wait <-chan time.Time
	if len(c.group) >= busyGroup {
		c.timer.Reset(moment)
		wait = c.timer.C
	}
	clear(c.group) // so that nothing stays reachable by it
	c.group = c.group[:0]
	select {
	case first, ok := <-c.from:
		if !ok {
			return nil, false
		}
		c.group = append(c.group, first)
	case <-stopped:
		return nil, false
	}
	for bytes := size(c.group[0]); len(c.group) < maxGroup && bytes < maxGroupBytes; {
		if len(c.group) >= c.enough {
			wait = nil
		}
		more, ok := c.another(wait)
		if !ok {
			break
		}
		c.group = append(c.group, more)
		bytes += size(more)
	}
	return c.group, true
}

// another returns a further one if it is there, or comes before wait is over.
func (c *collector[T]) another(wait <-chan time.Time) (more T, ok bool) {
	select {
	case more, ok = <-c.from:
		return more, ok
	default:
	}
	if wait == nil {
		return more, false
	}
	select {
	case more, ok = <-c.from:
	case <-wait:
	}
	return more, ok
}
