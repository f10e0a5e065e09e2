package engine

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/retry"
)

// pause is the time in which an integration begins no attempt, because what is
// before its receiver, the egress proxy or the token server, has failed. Without it
// each of a million waiting calls would find that out for itself, with a row in the
// log. The zero value is none.
type pause struct {
	until time.Time
	times int // in a row
}

// begin begins a pause, a longer one than before. The attempts that were under way
// together with the first that failed do not make it longer.
func (p *pause) begin(now time.Time) {
	if now.Before(p.until) {
		return
	}
	p.times++
	p.until = now.Add(retry.Pause(p.times))
}

// end ends it: a receiver was reached, or the way is another.
func (p *pause) end() { *p = pause{} }
