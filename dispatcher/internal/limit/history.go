package limit

import "time"

// history is a ring of the last send times, in order. It grows with the sends
// up to its size and stays there.
type history struct {
	times []time.Duration
	size  int
	next  int // where the next time goes once the ring is full: the oldest
}

// newHistory returns an empty history of the last size times.
func newHistory(size int) history { return history{size: size} }

// add appends a time, forgetting the oldest if the history is full.
func (h *history) add(at time.Duration) {
	if len(h.times) < h.size {
		h.times = append(h.times, at)
		return
	}
	h.times[h.next] = at
	h.next = (h.next + 1) % h.size
}

// back returns the n-th last time, 1 being the last; false if there are fewer.
func (h *history) back(n int) (time.Duration, bool) {
	if n > len(h.times) {
		return 0, false
	}
	return h.times[(h.next-n+len(h.times))%len(h.times)], true
}

// resize makes the history one of the last size times. Times after since are
// kept even if they are more, for they still count when the size goes up again
// soon.
func (h *history) resize(size int, since time.Duration) {
	keep := min(size, len(h.times))
	for keep < len(h.times) {
		if at, _ := h.back(keep + 1); at <= since {
			break
		}
		keep++
	}
	times := make([]time.Duration, 0, keep)
	for n := keep; n > 0; n-- {
		at, _ := h.back(n)
		times = append(times, at)
	}
	*h = history{times: times, size: max(size, keep)}
}
