package limit

import "time"

// CatchUp is the most lateness that is made up for by sends closer than the
// even pace: a tenth of a second's sends, rounded up. A timer that fires some
// milliseconds late costs nothing that way; whoever comes later than this was
// idle, and idle time is gone.
const CatchUp = 100 * time.Millisecond

// pace is a generic cell rate algorithm: the schedule goes on from the slot, not
// from the send, as long as the send is not later than CatchUp.
type pace struct {
	interval time.Duration
	slot     time.Duration // the next send is not before
}

// wait returns how long after at the slot is; not positive if it has come.
func (p *pace) wait(at time.Duration) time.Duration { return p.slot - at }

// take uses the slot for a send at the given time.
func (p *pace) take(at time.Duration) {
	if at-p.slot > CatchUp {
		p.slot = at
	}
	p.slot += p.interval
}

// setInterval moves the slot to where it would be had the last send been taken
// at the new pace.
func (p *pace) setInterval(interval time.Duration) {
	p.slot += interval - p.interval
	p.interval = interval
}
