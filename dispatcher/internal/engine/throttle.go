package engine

import "time"

// throttle measures for how long an integration had a call that could have been sent but
// for its limit. The engine's lock guards it.
type throttle struct {
	turn  bool          // a call's turn waits for the limit, see [Engine.pump]
	gate  int           // requests that wait for it at the moment of sending
	since time.Time     // zero while nothing waits
	total time.Duration // before since
}

// setTurn tells whether a call's turn waits for the limit.
func (t *throttle) setTurn(waits bool, now time.Time) {
	if t.turn != waits {
		t.turn = waits
		t.note(now)
	}
}

// addGate tells that a request begins or ends to wait for the limit.
func (t *throttle) addGate(n int, now time.Time) {
	t.gate += n
	t.note(now)
}

// note begins or ends the time in which something waits.
func (t *throttle) note(now time.Time) {
	switch waits := t.turn || t.gate > 0; {
	case waits && t.since.IsZero():
		t.since = now
	case !waits && !t.since.IsZero():
		t.total += now.Sub(t.since)
		t.since = time.Time{}
	}
}

// waited is the time in all.
func (t *throttle) waited(now time.Time) time.Duration {
	if t.since.IsZero() {
		return t.total
	}
	return t.total + now.Sub(t.since)
}
