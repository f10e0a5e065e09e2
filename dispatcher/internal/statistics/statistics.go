package statistics

import (
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Counter counts rows by steps. Make one with [New].
type Counter struct {
	since time.Time
	step  time.Duration
	steps []step
}

// step is what was counted within one.
type step struct {
	attempts         int
	outcomes         map[string]int
	duration, waited histogram
}

// New makes a counter of n steps that begin at since.
func New(since time.Time, length time.Duration, n int) *Counter {
	return &Counter{since: since, step: length, steps: make([]step, n)}
}

// Add counts a row. One that is of no step is passed over.
func (c *Counter) Add(e *store.LogEntry) {
	at := e.Begun.Sub(c.since)
	if at < 0 || at/c.step >= time.Duration(len(c.steps)) {
		return
	}
	s := &c.steps[at/c.step]
	if e.Outcome != "" {
		if s.outcomes == nil {
			s.outcomes = map[string]int{}
		}
		s.outcomes[string(e.Outcome)]++
	}
	if e.Number > 0 {
		s.attempts++
		s.duration.add(e.Duration)
		s.waited.add(e.Waited)
	}
}

// Steps returns all, in order, without what waits.
func (c *Counter) Steps() []client.StatisticsStep {
	steps := make([]client.StatisticsStep, len(c.steps))
	for i := range c.steps {
		s := &c.steps[i]
		steps[i] = client.StatisticsStep{
			At: c.since.Add(time.Duration(i) * c.step).UTC(), Outcomes: s.outcomes, Attempts: s.attempts,
			DurationP50: s.duration.quantile(50), DurationP95: s.duration.quantile(95), DurationMax: s.duration.max.Seconds(),
			WaitedP95: s.waited.quantile(95), WaitedMax: s.waited.max.Seconds(),
		}
	}
	return steps
}
