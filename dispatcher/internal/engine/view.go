package engine

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// What people and metrics see of the queues. The lock is held for one integration, or
// for some webhooks, at a time; the store is read without it.

// viewed is how many webhooks are looked at under one hold of the lock.
const viewed = 512

// Queue says how much waits for an integration.
type Queue struct {
	// Key is the integration's.
	Key plan.Key
	// Waiting is how many calls of all its webhooks have no outcome, those under way
	// included, and WaitingBytes the sum of their sizes: what maxWaiting and
	// maxWaitingBytes bound.
	Waiting      int
	WaitingBytes int64
	// InFlight is how many attempts are under way or not durable yet.
	InFlight int
	// OldestDue is since when the call waits that has been due for longest: since its
	// creation, or since its retry was due. Zero if none is due. What is suspended is not
	// due, and what is under way does not wait.
	OldestDue time.Time
}

// WebhookView is what the engine knows of a webhook.
type WebhookView struct {
	// Waiting is how many calls have no outcome, those under way included; OldestDue is
	// as in [Queue].
	Waiting   int
	OldestDue time.Time
	// Report is the newest; its Seq is 0 without one.
	Report plan.Report
}

// Queues returns the queues of all integrations that are known or have webhooks, in
// order of key.
func (e *Engine) Queues() []Queue {
	keys := e.integrationKeys(func(plan.Key) bool { return true })
	queues := make([]Queue, 0, len(keys))
	for _, key := range keys {
		if _, queue, ok := e.Integration(key); ok {
			queues = append(queues, queue)
		}
	}
	return queues
}

// IntegrationKeys returns those of a namespace, in order.
func (e *Engine) IntegrationKeys(namespace string) []plan.Key {
	return e.integrationKeys(func(key plan.Key) bool { return key.Namespace == namespace })
}

// integrationKeys returns those that are wanted, in order.
func (e *Engine) integrationKeys(wanted func(plan.Key) bool) (keys []plan.Key) {
	e.mu.Lock()
	for key := range e.integrations {
		if key != (plan.Key{}) && wanted(key) { // the empty one is of webhooks that may use none
			keys = append(keys, key)
		}
	}
	e.mu.Unlock()
	slices.SortFunc(keys, func(a, b plan.Key) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return keys
}

// Integration returns an integration, which must not be changed, and its queue; false
// if it is not known and no webhook refers to it. The plan is nil if it is not known. It
// is not ready also if the engine, and not its manifest, keeps it from being so.
func (e *Engine) Integration(key plan.Key) (*plan.Integration, Queue, bool) {
	e.mu.Lock()
	in := e.integrations[key]
	if in == nil {
		e.mu.Unlock()
		return nil, Queue{}, false
	}
	queue, known := Queue{Key: key, Waiting: in.open, WaitingBytes: in.bytes, InFlight: in.inFlight}, in.plan
	var unread []head
	if now := time.Now(); !in.suspended() {
		for _, l := range in.members {
			if l.open > 0 {
				h := l.head(now)
				queue.OldestDue = earlier(queue.OldestDue, h.due)
				unread = append(unread, h.unread()...)
			}
		}
	}
	e.mu.Unlock()
	for _, h := range unread {
		queue.OldestDue = earlier(queue.OldestDue, e.readDue(h))
	}
	return known, queue, true
}

// Depth is the part of an integration's queue that is of one namespace's webhooks.
type Depth struct {
	Integration plan.Key
	Namespace   string
	// Waiting and OldestDue are as in [Queue]; Waiting is at least 1.
	Waiting   int
	OldestDue time.Time
}

// Depths returns all parts of queues in which something waits, in no order.
func (e *Engine) Depths() []Depth {
	var depths []Depth
	for _, key := range e.integrationKeys(func(plan.Key) bool { return true }) {
		depths = append(depths, e.depthsOf(key)...)
	}
	return depths
}

// depthsOf is Depths for one integration.
func (e *Engine) depthsOf(key plan.Key) (depths []Depth) {
	e.mu.Lock()
	in := e.integrations[key]
	if in == nil || in.open == 0 {
		e.mu.Unlock()
		return nil
	}
	places, now := map[string]int{}, time.Now()
	var unread []head
	for _, l := range in.members {
		if l.open == 0 {
			continue
		}
		i, ok := places[l.webhook.Namespace]
		if !ok {
			i = len(depths)
			places[l.webhook.Namespace] = i
			depths = append(depths, Depth{Integration: key, Namespace: l.webhook.Namespace})
		}
		depths[i].Waiting += l.open
		if !in.suspended() {
			h := l.head(now)
			depths[i].OldestDue = earlier(depths[i].OldestDue, h.due)
			unread = append(unread, h.unread()...)
		}
	}
	e.mu.Unlock()
	for _, h := range unread {
		d := &depths[places[h.webhook.Namespace]]
		d.OldestDue = earlier(d.OldestDue, e.readDue(h))
	}
	return depths
}

// Webhooks returns what is known of webhooks, in their order.
func (e *Engine) Webhooks(keys []plan.Key) []WebhookView {
	views := make([]WebhookView, len(keys))
	for first := 0; first < len(keys); first += viewed {
		part := keys[first:min(first+viewed, len(keys))]
		for i, h := range e.viewSome(part, views[first:]) {
			views[first+i].OldestDue = earlier(views[first+i].OldestDue, e.readDue(h))
		}
	}
	return views
}

// viewSome is Webhooks for as many as one hold of the lock is for, with those by their
// place of which something must be read from the store.
func (e *Engine) viewSome(keys []plan.Key, views []WebhookView) map[int]head {
	e.mu.Lock()
	defer e.mu.Unlock()
	unread := map[int]head{}
	now := time.Now()
	for i, key := range keys {
		l := e.lanes[key]
		if l == nil {
			continue
		}
		views[i] = WebhookView{Waiting: l.open, Report: l.report}
		if l.plan != nil && l.report.WebhookUID != l.plan.UID { // of another that had its name
			views[i].Report = plan.Report{}
		}
		if l.open == 0 || l.home != nil && l.home.suspended() {
			continue
		}
		h := l.head(now)
		views[i].OldestDue = h.due
		for _, h := range h.unread() {
			unread[i] = h
		}
	}
	return unread
}

// suspended reports whether somebody has suspended the integration.
func (in *integration) suspended() bool { return in.plan != nil && in.plan.Suspend }

// head is where a lane's queue begins.
type head struct {
	webhook plan.Key
	// due is since when the oldest call is due that is in a window; zero if none is.
	due time.Time
	// fresh and retries say that calls of that kind wait and none is in the window: the
	// first is behind freshAfter or retriesAfter in the store.
	fresh, retries bool
	freshAfter     uint64
	retriesAfter   store.Position
}

// head looks at the windows of a lane. A suspended or deleted webhook has no calls that
// are due.
func (l *lane) head(now time.Time) head {
	h := head{webhook: l.webhook, freshAfter: l.freshCursor, retriesAfter: l.retryCursor}
	if l.removed || l.plan != nil && l.plan.Suspend {
		return h
	}
	if i := slices.IndexFunc(l.fresh, l.waits); i >= 0 {
		h.due = createdAt(l.fresh[i].ID)
	} else {
		h.fresh = l.freshCursor < l.accepted
	}
	if i := slices.IndexFunc(l.retries, l.waits); i < 0 {
		h.retries = l.moreRetries || l.filling
	} else if at := l.retries[i].at; !at.After(now) {
		h.due = earlier(h.due, at.Round(0))
	}
	return h
}

// waits reports whether a call of a window is not under way.
func (l *lane) waits(item waiting) bool { return !l.isFlying(item) }

// unread is the head if something must be read for it, in a list.
func (h head) unread() []head {
	if h.fresh || h.retries {
		return []head{h}
	}
	return nil
}

// readDue reads since when the first call behind the windows is due; zero if none is. The
// lock is not held. It may be one that is just getting its turn.
func (e *Engine) readDue(h head) (due time.Time) {
	var err error
	var items []store.Item
	if h.fresh {
		if items, err = e.store.Fresh(h.webhook, h.freshAfter, 1); len(items) > 0 {
			due = createdAt(items[0].ID)
		}
	}
	if h.retries && err == nil {
		if items, err = e.store.Retries(h.webhook, h.retriesAfter, 1); len(items) > 0 && !items[0].Due.After(e.wall()) {
			due = earlier(due, items[0].Due)
		}
	}
	if err != nil && !errors.Is(err, store.ErrClosed) {
		e.fail(fmt.Errorf("read the head of the queue of webhook %s: %w", h.webhook, err))
	}
	return due
}

// createdAt is when a call was made, to the millisecond, by its id (RFC 9562, version 7).
func createdAt(id uuid.UUID) time.Time {
	seconds, nanoseconds := id.Time().UnixTime()
	return time.Unix(seconds, nanoseconds)
}

// earlier is the earlier of two times, of which zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
