package engine

import "slices"

// What the engine holds in memory beside numbers: calls that were read ahead of
// their turn or handed on by intake, and calls with an attempt under way. Both
// are bounded for the whole dispatcher, since a call may be a megabyte and there
// may be thousands of integrations.
const (
	// DefaultCacheBytes and DefaultInFlightBytes are used where [Options] has 0.
	DefaultCacheBytes    = 32 << 20
	DefaultInFlightBytes = 256 << 20

	// heldBytes is what a call costs beside its rendered parts: its record, and
	// its place in a window.
	heldBytes = 512
	// attemptBytes is what an attempt costs beside the call: 40 KiB for stacks of
	// three goroutines and buffers of the connection, and up to 30 KiB with TLS.
	attemptBytes = 64 << 10
	// share is the part of the memory for attempts that one integration may have,
	// so that one whose receiver hangs does not take all of it. As much is kept for
	// integrations that have no attempt under way, and as much comes on top for
	// answers.
	share = 4
)

// costOf is what an attempt of a call holds: the call twice, for there may be a
// copy of its body in the kernel's buffers, which count as memory of the pod.
func costOf(item waiting) int64 { return 2*int64(item.Size) + attemptBytes }

// affords reports whether there is memory for an attempt. If there is not, the
// integration is pumped again when the memory of one is free: one of its own if it
// has its share, one of any other if all is used. One without an attempt under way
// need not wait for those that have some, but nobody has memory that is not there:
// there may be a thousand integrations with a megabyte each.
func (e *Engine) affords(in *integration, item waiting) bool {
	cost, none := costOf(item), in.inFlight == 0
	switch {
	case e.inFlightBytes == 0:
		return true // however large it is
	case none && e.inFlightBytes+cost <= e.maxInFlightBytes:
		return true
	case none:
	case in.inFlightBytes+cost > e.maxInFlightBytes/share:
		return false
	case len(e.starving[0])+len(e.starving[1]) == 0 && e.inFlightBytes+cost <= e.maxInFlightBytes-e.maxInFlightBytes/share:
		return true
	}
	if !in.starving {
		in.starving = true
		k := 1
		if none {
			k = 0
		}
		e.starving[k] = append(e.starving[k], in)
	}
	return false
}

// free gives the memory of an attempt back. [Engine.feed] is to follow.
func (e *Engine) free(t *turn) {
	t.in.inFlightBytes -= t.cost
	e.inFlightBytes -= t.cost
	e.answerBytes.Add(-t.answer)
}

// feed lets integrations go on that wait for memory, in order, those without an
// attempt under way first: until the first of them has what it needs no other
// gets any, so that large calls have their turn.
func (e *Engine) feed() {
	for k := range e.starving {
		for len(e.starving[k]) > 0 {
			in := e.starving[k][0]
			e.starving[k] = e.starving[k][1:]
			in.starving = false
			queued, before := e.starving, e.inFlightBytes
			e.starving = [2][]*integration{} // so that it need not wait for the others
			e.pump(in)
			again := in.starving
			e.starving = queued
			switch {
			case again && e.inFlightBytes == before:
				e.starving[k] = slices.Insert(e.starving[k], 0, in)
				return
			case again: // it has some now
				e.starving[1] = append(e.starving[1], in)
				return
			}
		}
	}
}

// keeps reports whether there is memory for so much of an answer, and counts it
// until the attempt's end is durable.
func (e *Engine) keeps(t *turn, size int) bool {
	if e.answerBytes.Add(int64(size)) > e.maxInFlightBytes/share {
		e.answerBytes.Add(int64(-size))
		return false
	}
	t.answer += int64(size)
	return true
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
