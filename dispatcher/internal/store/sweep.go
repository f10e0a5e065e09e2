package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Retention says how much of the delivery log is kept.
type Retention struct {
	// MaxAge is how long what has ended is kept at most; MaxBytes is what the whole log
	// may take, see [LogSize]. Both are positive.
	MaxAge   time.Duration
	MaxBytes int64
	// Policy knows what integrations want beside that.
	Policy Policy
}

// Policy says what integrations want. It is called without locks.
type Policy interface {
	// IntegrationOf returns the integration of a webhook; false if it is not known, as
	// that of a deleted one.
	IntegrationOf(webhook plan.Key) (plan.Key, bool)
	// LogRetention returns the bounds of an integration; the zero value if there are
	// none, or it is not known.
	LogRetention(integration plan.Key) plan.LogRetention
}

// Swept is what a sweep has dropped.
type Swept struct {
	Calls, Rows int
	Bytes       int64
}

// add adds what a step has dropped.
func (s *Swept) add(step Swept) {
	s.Calls, s.Rows, s.Bytes = s.Calls+step.Calls, s.Rows+step.Rows, s.Bytes+step.Bytes
}

const (
	// sweepRows is how many places one step of a sweep looks at: some ten milliseconds.
	sweepRows = 1000
	// sweepSlack is the part of a bound in bytes that goes beside what is above it, so
	// that the next row does not ask for the next sweep.
	sweepSlack = 32
)

// Exceeds reports whether the log, or that of an integration, takes more than it may.
func (p *Pebble) Exceeds(r Retention) bool {
	total, parts := p.account.sums()
	if total.Bytes > r.MaxBytes {
		return true
	}
	for integration, size := range parts {
		if most := r.Policy.LogRetention(integration).MaxBytes; most > 0 && size.Bytes > most {
			return true
		}
	}
	return false
}

// Sweep drops from the log what is past the retention at a time, the oldest first. A call
// goes whole, with all that is stored of it, and only if it has ended: if that and all of
// its rows are older than MaxAge, or what the webhook's integration says; or if all of its
// rows are before the time from where on the integration's log, or the whole, takes no
// more than its bound in bytes. What waits, or is under way, stays.
//
// It works in steps of bounded size with pauses between them, each of which is one
// atomic, durable batch. A call that is made to wait again meanwhile is not dropped. There
// is one sweep at a time. After an error that is not the context's or [ErrClosed] the
// outcome is unknown until the store is opened again.
func (p *Pebble) Sweep(ctx context.Context, r Retention, now time.Time) (Swept, error) {
	p.sweeping.Lock()
	defer p.sweeping.Unlock()
	s := &sweep{store: p, retention: r, now: now}
	if err := s.run(ctx); err != nil {
		return s.swept, fmt.Errorf("drop old rows of the log: %w", err)
	}
	return s.swept, nil
}

// sweep is a sweep under way.
type sweep struct {
	store     *Pebble
	retention Retention
	now       time.Time
	cutoffs   cutoffs
	swept     Swept
}

func (s *sweep) run(ctx context.Context) error {
	err := s.within(func() (err error) {
		s.cutoffs, err = s.store.byteCutoffs(ctx, s.retention)
		return err
	})
	var webhook plan.Key
	after := []byte(prefixLogOf)
	for more := true; more && err == nil; {
		err = s.within(func() (err error) {
			webhook, after, more, err = s.nextLane(after)
			return err
		})
		if err == nil && more {
			err = s.lane(ctx, webhook)
		}
	}
	return err
}

// within does something while the store is held open.
func (s *sweep) within(do func() error) error {
	if err := s.store.enter(); err != nil {
		return err
	}
	defer s.store.leave()
	return do()
}

// nextLane returns the next webhook that has rows, and where to look for the one after.
func (s *sweep) nextLane(from []byte) (webhook plan.Key, next []byte, more bool, err error) {
	err = scan(s.store.db, from, end([]byte(prefixLogOf)), func(key, _ []byte) (bool, error) {
		var lane int
		lane, webhook, err = parseLane(key, prefixLogOf, placeLen)
		if more = err == nil; more {
			next = end(key[:lane])
		}
		return false, err
	})
	return webhook, next, more, err
}

// cutoff is before when the ended calls of a webhook go by their age; walk is up to when
// rows are to be looked at.
func (s *sweep) cutoff(webhook plan.Key) (oldest, walk time.Time) {
	age := s.retention.MaxAge
	integration, known := s.retention.Policy.IntegrationOf(webhook)
	if known {
		if own := s.retention.Policy.LogRetention(integration).MaxAge; own > 0 {
			age = min(age, own)
		}
	}
	oldest = s.now.Add(-age)
	walk = later(oldest, s.cutoffs.all)
	if known {
		return oldest, later(walk, s.cutoffs.of[integration])
	}
	return oldest, later(walk, s.cutoffs.latest)
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// lane drops what is to go of one webhook, step by step.
func (s *sweep) lane(ctx context.Context, webhook plan.Key) error {
	oldest, walk := s.cutoff(webhook)
	lane := laneKey(prefixLogOf, webhook)
	from, upper := lane, placeOfKey(webhook, LogPosition{Begun: walk})
	for from != nil {
		begun := time.Now()
		err := s.within(func() (err error) {
			step := &sweepStep{sweep: s, webhook: webhook, oldest: oldest}
			from, err = step.run(from, upper)
			s.swept.add(step.swept)
			return err
		})
		if err != nil {
			return err
		}
		if err := pause(ctx, time.Since(begun)); err != nil {
			return err
		}
	}
	return nil
}

// pause leaves the cores and the disk to others for a time.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isGone reports whether there is nothing under a key.
func isGone(err error) bool { return errors.Is(err, pebble.ErrNotFound) }
