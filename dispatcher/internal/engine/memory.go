package engine

import "slices"

// What the engine holds in memory beside numbers: calls that were read ahead of
// their turn or handed on by intake, and calls with an attempt under way. Both
// are bounded for the whole dispatcher, since a call may be a megabyte and there
// may be thousands of integrations.
const (
	// DefaultCacheBytes and DefaultInFlightBytes are used where [Options] has 0.
	DefaultCacheBytes    = 32 << 20
	DefaultInFlightBytes = 128 << 20

	// heldBytes is what a call costs beside its rendered parts: its record, and
	// its place in a window.
	heldBytes = 512
	// attemptBytes is what an attempt costs beside the call: stacks of three
	// goroutines, buffers of the connection, and the answer as far as it is kept.
	attemptBytes = 32 << 10
	// share is the part of the memory for attempts that one integration may have,
	// so that one whose receiver hangs does not take all of it.
	share = 4
)

// costOf is what an attempt of a call holds: the call twice, for there may be a
// copy of its body in the connection's buffers.
func costOf(item waiting) int64 { return 2*int64(item.Size) + attemptBytes }

// affords reports whether there is memory for an attempt. If there is not, the
// integration is pumped again when an attempt ends: one of its own if it has its
// share, one of any other if all is used. It always has one.
func (e *Engine) affords(in *integration, item waiting) bool {
	cost := costOf(item)
	switch {
	case in.inFlight == 0:
		return true
	case in.inFlightBytes+cost > e.maxInFlightBytes/share:
		return false
	case e.inFlightBytes+cost <= e.maxInFlightBytes:
		return true
	}
	if !in.starving {
		in.starving = true
		e.starving = append(e.starving, in)
	}
	return false
}

// free gives the memory of an attempt back.
func (e *Engine) free(t *turn) {
	t.in.inFlightBytes -= t.cost
	e.inFlightBytes -= t.cost
	for len(e.starving) > 0 && e.inFlightBytes < e.maxInFlightBytes {
		in := e.starving[0]
		e.starving = slices.Delete(e.starving, 0, 1)
		in.starving = false
		before := e.inFlightBytes
		e.pump(in)
		if e.inFlightBytes == before && in.starving {
			return // there is not enough for its next call; it stands at the end of the queue
		}
	}
}

// cache reports whether a call may stay in memory until its turn, and counts it.
func (e *Engine) cache(size int) bool {
	cost := int64(size) + heldBytes
	if e.cacheBytes+cost > e.maxCacheBytes {
		return false
	}
	e.cacheBytes += cost
	return true
}

// uncache counts a call out that leaves a window.
func (e *Engine) uncache(item waiting) {
	if item.entry != nil {
		e.cacheBytes -= int64(item.Size) + heldBytes
	}
}

// forgetCached drops the calls of a lane that are in memory: something else than
// their attempt may end them, so their state is to be read when their turn comes.
func (e *Engine) forgetCached(l *lane) {
	for i := range l.fresh {
		e.uncache(l.fresh[i])
		l.fresh[i].entry = nil
	}
}
