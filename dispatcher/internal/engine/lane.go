package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// window is how many waiting calls of each kind, fresh and retries, a lane
	// holds in memory. A quarter of it is left when the next are read, so that
	// reading from the store overlaps with sending.
	window = 128
	refill = window / 4

	// freshBeforeRetry is how many first attempts go before one retry when both
	// wait: retries keep a fifth of the turns, and a storm of them cannot starve
	// fresh calls.
	freshBeforeRetry = 4
)

// lane is the queue of one webhook. The engine's lock guards it.
type lane struct {
	webhook plan.Key
	plan    *plan.Webhook // nil while the webhook is unknown here
	home    *integration  // the integration it belongs to; nil while unknown
	removed bool          // deleted: waiting calls are being cancelled

	open   int                    // calls without outcome, those under way included
	flying map[uuid.UUID]struct{} // calls with an attempt or a cancellation under way
	report plan.Report

	// fresh holds the calls read with Seq up to freshCursor; there are more in
	// the store while freshCursor < accepted, the highest durable Seq.
	fresh       []store.Item
	freshCursor uint64
	accepted    uint64

	// retries holds the calls read up to retryCursor in order of due time; there
	// may be more in the store while moreRetries.
	retries     []store.Item
	retryCursor store.Position
	moreRetries bool

	filling   bool            // a read is under way
	missed    *store.Position // the first retry that it may have missed
	sweep     sweep           // of the calls of a deleted webhook
	turns     int             // fresh calls begun since the last retry
	queued    bool            // stands in home.active
	sleepSlot int             // place in home.sleeping, -1 if not there
	wake      time.Time
}

func newLane(webhook plan.Key) *lane {
	return &lane{webhook: webhook, flying: map[uuid.UUID]struct{}{}, sleepSlot: -1}
}

// count changes the number of open calls, here and in the integration.
func (l *lane) count(by int) {
	l.open += by
	if l.home != nil {
		l.home.open += by
	}
}

// runs reports whether calls of this lane may be sent now.
func (l *lane) runs() bool {
	return l.plan != nil && l.plan.NotReady == "" && !l.plan.Suspend && l.home != nil && l.home.runs()
}

// wantsFill reports whether the window should be read further.
func (l *lane) wantsFill() bool {
	return !l.filling && (len(l.fresh) <= refill && l.freshCursor < l.accepted ||
		len(l.retries) <= refill && l.moreRetries)
}

// disowns reports whether a call is not of the webhook that the lane is for now,
// but of a deleted one.
func (l *lane) disowns(uid string) bool {
	return l.removed || l.plan != nil && l.plan.UID != uid
}

// isFlying reports whether an attempt or a cancellation of a call is under way.
func (l *lane) isFlying(item store.Item) bool {
	_, flying := l.flying[item.ID]
	return flying
}

// next returns the call whose turn it is, without taking it. What is under way
// has no turn, and who ends that sees to what follows: a read may have listed a
// call at the place that it was just leaving, so that it stands here twice.
func (l *lane) next(now time.Time) (item store.Item, retry, ok bool) {
	for len(l.fresh) > 0 && l.isFlying(l.fresh[0]) {
		l.fresh = l.fresh[1:]
	}
	for len(l.retries) > 0 && l.isFlying(l.retries[0]) {
		l.retries = l.retries[1:]
	}
	due := len(l.retries) > 0 && !l.retries[0].Due.After(now)
	if due && (len(l.fresh) == 0 || l.turns >= freshBeforeRetry) {
		return l.retries[0], true, true
	}
	if len(l.fresh) > 0 {
		return l.fresh[0], false, true
	}
	return store.Item{}, false, false
}

// take takes the call that next returned.
func (l *lane) take(item store.Item, retry bool) {
	if retry {
		l.retries = l.retries[1:]
		l.turns = 0
	} else {
		l.fresh = l.fresh[1:]
		l.turns++
	}
	l.flying[item.ID] = struct{}{}
}

// putBack returns a fresh call that was taken but not begun.
func (l *lane) putBack(item store.Item) {
	at, _ := slices.BinarySearchFunc(l.fresh, item, func(a, b store.Item) int { return cmp.Compare(a.Seq, b.Seq) })
	l.fresh = slices.Insert(l.fresh, at, item)
}

// addRetry notes that a call has joined the retries in the store. The window is
// a prefix of them, so one that sorts before its end makes it be read again.
func (l *lane) addRetry(at store.Position) {
	l.moreRetries = true
	if !before(l.retryCursor, at) {
		l.rereadRetries()
	}
	if l.filling && (l.missed == nil || before(at, *l.missed)) {
		l.missed = &at
	}
}

// rereadRetries forgets what has been read of the retries, also what a read
// under way will bring.
func (l *lane) rereadRetries() {
	l.retries, l.retryCursor, l.moreRetries = nil, store.Position{}, true
	if l.filling {
		l.missed = &store.Position{}
	}
}

// before orders positions as the store does.
func before(a, b store.Position) bool {
	return a.Due.Before(b.Due) || a.Due.Equal(b.Due) && a.Seq < b.Seq
}

// filled takes in what a read of the fresh calls up to the accepted Seq and of
// the retries returned; either is nil if it was not asked for.
func (l *lane) filled(fresh, retries []store.Item, accepted uint64) {
	l.filling = false
	for _, item := range fresh {
		if item.Seq <= accepted { // later ones are visible, but not durable yet
			l.fresh = append(l.fresh, item)
			l.freshCursor = item.Seq
		}
	}
	if fresh != nil && len(fresh) < window || len(fresh) > 0 && fresh[len(fresh)-1].Seq > accepted {
		l.freshCursor = max(l.freshCursor, accepted)
	}
	for _, item := range retries {
		l.retryCursor = store.Position{Due: item.Due, Seq: item.Seq}
		if !l.isFlying(item) {
			l.retries = append(l.retries, item)
		}
	}
	if len(retries) == window {
		l.moreRetries = true
	}
	if l.missed != nil && !before(l.retryCursor, *l.missed) {
		l.rereadRetries()
	}
	l.missed = nil
}
