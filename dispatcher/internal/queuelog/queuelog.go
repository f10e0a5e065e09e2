package queuelog

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// Interval is how often a sample is taken.
	Interval = time.Minute
	// kept is how many are kept: those of a day.
	kept = 1440
	// maxSamples bounds those of one minute.
	maxSamples = 512
)

// place is whose calls a sample is of.
type place struct {
	namespace   string
	integration plan.Key
}

// sample is what waited at one place.
type sample struct {
	of      unique.Handle[place]
	waiting uint32
	oldest  float32 // for how long the oldest call had been due, in seconds
}

// minute is all samples of a moment.
type minute struct {
	at      time.Time
	samples []sample
}

// Log remembers. The zero value remembers nothing yet; all methods may be called
// concurrently.
type Log struct {
	mu      sync.RWMutex
	minutes []minute // in order of time
}

// Run takes a sample at once and then every [Interval], until ctx ends.
func (l *Log) Run(ctx context.Context, depths func() []engine.Depth) {
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		l.Add(time.Now(), depths())
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Add remembers what waits now.
func (l *Log) Add(now time.Time, depths []engine.Depth) {
	m := minute{at: now, samples: make([]sample, 0, min(len(depths), maxSamples))}
	slices.SortStableFunc(depths, func(a, b engine.Depth) int {
		return cmp.Or(compareDue(a.OldestDue, b.OldestDue), cmp.Compare(b.Waiting, a.Waiting))
	})
	for _, d := range depths[:min(len(depths), maxSamples)] {
		s := sample{of: unique.Make(place{d.Namespace, d.Integration}), waiting: uint32(d.Waiting)}
		if !d.OldestDue.IsZero() {
			s.oldest = float32(max(0, now.Sub(d.OldestDue).Seconds()))
		}
		m.samples = append(m.samples, s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.minutes = append(l.minutes, m)
	if extra := len(l.minutes) - kept; extra > 0 {
		l.minutes = slices.Delete(l.minutes, 0, extra)
	}
}

// compareDue orders times, none being after all.
func compareDue(a, b time.Time) int {
	if a.IsZero() != b.IsZero() {
		return cmp.Compare(btoi(a.IsZero()), btoi(b.IsZero()))
	}
	return a.Compare(b)
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Peak returns, for the calls of a namespace's Webhooks, and of one integration unless
// that is empty, the most that waited and the greatest age of the oldest due one, of the
// samples taken from since on and before till; of a span that is too short for one it is
// the sample before. False says that there is none.
func (l *Log) Peak(namespace string, integration plan.Key, since, till time.Time) (waiting int, oldest time.Duration, ok bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	from := l.first(since)
	end := l.first(till)
	if from == end && from > 0 && since.Sub(l.minutes[from-1].at) < Interval {
		from--
	}
	for _, m := range l.minutes[from:end] {
		ok = true
		sum := 0
		for _, s := range m.samples {
			of := s.of.Value()
			if of.namespace != namespace || integration != (plan.Key{}) && of.integration != integration {
				continue
			}
			sum += int(s.waiting)
			oldest = max(oldest, time.Duration(float64(s.oldest)*float64(time.Second)))
		}
		waiting = max(waiting, sum)
	}
	return waiting, oldest, ok
}

// first is the first minute at or after a time.
func (l *Log) first(at time.Time) int {
	i, _ := slices.BinarySearchFunc(l.minutes, at, func(m minute, at time.Time) int { return m.at.Compare(at) })
	return i
}
