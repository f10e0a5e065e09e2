package controllers

import (
	"time"

	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// quietTime is the silence after which a webhook's next outcome is written at
	// once, and after which nothing needs to be remembered of it.
	quietTime = time.Minute
	// refreshEvery is how often an outcome of the same kind as the one before is
	// written; up to a tenth is added or taken away at random, so that webhooks
	// that began together drift apart.
	refreshEvery = 5 * time.Minute
	// transitionGap is the least time between two writes for one webhook. A
	// webhook that flaps would else use up the whole budget. It leaves 2 s of the
	// promised 5.
	transitionGap = 3 * time.Second
	// retryFirst and retryMost bound the delay, doubled each time, after which a
	// failed write is tried again.
	retryFirst = time.Second
	retryMost  = 30 * time.Second
)

// outcomeQueue decides which outcome is written to status next and when. It
// keeps the newest of each webhook only. Time is an argument; it is not safe for
// concurrent use.
type outcomeQueue struct {
	entries map[plan.Key]*outcomeEntry
	// jitter returns a number in [0,1).
	jitter func() float64
}

// outcomeEntry is what is known of one webhook's outcomes.
type outcomeEntry struct {
	newest  plan.Report
	waiting bool // newest is not in status yet
	// transition puts the entry before all refreshes: the newest outcome is of
	// another class than the one before, or made the webhook unhealthy or healthy
	// again, or is the first after a quiet time.
	transition bool
	due        time.Time // when newest may be written
	seen       time.Time // when newest came
	since      time.Time // since when status lacks an outcome, while waiting
	written    time.Time // when status was written last; zero if not since it is known here
	failures   int       // failed writes in a row
}

func newOutcomeQueue(jitter func() float64) *outcomeQueue {
	return &outcomeQueue{entries: map[plan.Key]*outcomeEntry{}, jitter: jitter}
}

// Add takes in a webhook's newest outcome. Known is true if status already has
// this one or a newer one.
func (q *outcomeQueue) Add(now time.Time, r plan.Report) (known bool) {
	e := q.entries[r.Webhook]
	if e != nil && e.newest.WebhookUID == r.WebhookUID && r.Seq <= e.newest.Seq {
		return !e.waiting
	}
	if e == nil || e.newest.WebhookUID != r.WebhookUID {
		e = &outcomeEntry{}
		q.entries[r.Webhook] = e
	}
	changed := now.Sub(e.seen) >= quietTime || differs(&e.newest, &r)
	e.newest, e.seen = r, now
	switch {
	case changed && !e.transition:
		e.transition = true
		e.due = later(now, e.written.Add(transitionGap))
	case !e.waiting:
		e.due = later(now, e.written.Add(q.refresh()))
	}
	if !e.waiting {
		e.waiting, e.since = true, now
	}
	return false
}

// Next returns the outcome to write now: transitions first, then whatever has
// waited longest. Without one, wait is how long until there may be, and 0 if
// nothing waits at all.
func (q *outcomeQueue) Next(now time.Time) (r plan.Report, ok bool, wait time.Duration) {
	var first *outcomeEntry
	for key, e := range q.entries {
		switch {
		case !e.waiting && now.Sub(e.seen) >= quietTime:
			delete(q.entries, key)
		case !e.waiting:
		case e.due.After(now):
			if left := e.due.Sub(now); wait == 0 || left < wait {
				wait = left
			}
		case first == nil || e.before(first):
			first = e
		}
	}
	if first == nil {
		return plan.Report{}, false, wait
	}
	return first.newest, true, 0
}

// before reports whether e is written before other; both are due.
func (e *outcomeEntry) before(other *outcomeEntry) bool {
	if e.transition != other.transition {
		return e.transition
	}
	return e.due.Before(other.due)
}

// Newest returns the newest outcome of r's webhook, which may have come since r
// was given out.
func (q *outcomeQueue) Newest(r plan.Report) plan.Report {
	if e := q.entries[r.Webhook]; e != nil && e.newest.WebhookUID == r.WebhookUID {
		return e.newest
	}
	return r
}

// Written notes that r is in status. A newer outcome that came in the meantime
// goes on waiting.
func (q *outcomeQueue) Written(now time.Time, r plan.Report) {
	e := q.entries[r.Webhook]
	if e == nil || e.newest.WebhookUID != r.WebhookUID {
		return
	}
	e.written, e.failures = now, 0
	e.waiting, e.since = e.newest.Seq > r.Seq, e.seen
	e.transition = e.waiting && differs(&e.newest, &r)
	if e.transition {
		e.due = now.Add(transitionGap)
	} else {
		e.due = now.Add(q.refresh())
	}
}

// Failed puts r off after a write that failed.
func (q *outcomeQueue) Failed(now time.Time, r plan.Report) {
	if e := q.entries[r.Webhook]; e != nil {
		e.due = now.Add(min(retryFirst<<min(e.failures, 10), retryMost))
		e.failures++
	}
}

// Backlog is what waits.
func (q *outcomeQueue) Backlog(now time.Time) (b metrics.Backlog) {
	for _, e := range q.entries {
		if !e.waiting {
			continue
		}
		b.Waiting++
		if b.Oldest.IsZero() || e.since.Before(b.Oldest) {
			b.Oldest = e.since
		}
		if e.due.Before(now) && (b.Due.IsZero() || e.due.Before(b.Due)) {
			b.Due = e.due
		}
	}
	return b
}

// Forget drops all that is known of a webhook.
func (q *outcomeQueue) Forget(key plan.Key) { delete(q.entries, key) }

func (q *outcomeQueue) refresh() time.Duration {
	return time.Duration(float64(refreshEvery) * (0.9 + 0.2*q.jitter()))
}

// differs reports whether status should say soon that b followed a.
func differs(a, b *plan.Report) bool {
	return a.Outcome != b.Outcome || plan.Healthy(a.Recent(a.Time)) != plan.Healthy(b.Recent(b.Time))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
