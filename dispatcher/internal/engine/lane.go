package engine

import (
	"cmp"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// lane is the queue of one webhook. The engine's lock guards it.
type lane struct {
	webhook plan.Key
	plan    *plan.Webhook // nil while the webhook is unknown here
	home    *integration  // the integration it belongs to; nil while unknown
	removed bool          // deleted: waiting calls are being cancelled

	open    int   // calls without outcome, those under way included
	bytes   int64 // sum of their sizes
	pending int   // of them, those whose Accept is under way
	// flying are the calls with an attempt under way, or with something else that
	// changes their state. True is for those that a caller has cancelled meanwhile: no
	// further attempt is to follow.
	flying map[uuid.UUID]bool
	report plan.Report

	// fresh is the window of first attempts, in order of Seq: all calls with Seq
	// up to freshCursor that have not had their turn. There are more in the store
	// while freshCursor < accepted, the highest durable Seq.
	fresh       []waiting
	freshCursor uint64
	accepted    uint64
	// handedSince is where reading from the store ended last: calls behind it got
	// into the window only by being handed on by intake.
	handedSince uint64

	// retries holds the calls read up to retryCursor in order of due time; there
	// may be more in the store while moreRetries.
	retries     []waiting
	retryCursor store.Position
	moreRetries bool
	// clamped holds when those retries may begin that have a due time too far
	// ahead, see [Engine.dueAt]; nil as long as the clock has not gone back.
	clamped map[uuid.UUID]time.Time

	filling      bool            // a read is under way
	fillingFresh bool            // it reads first attempts
	missed       *store.Position // the first retry that it may have missed
	sweep        sweep           // of the calls of a deleted webhook
	unswept      bool            // one waits for [Engine.Complete]
	outside      int             // how often something else than an attempt has changed a state
	distrust     bool            // until pending is 0: a pending call may have ended

	queued    [2]bool // stands in home.turns
	sleepSlot int     // place in home.sleeping, -1 if not there
	wake      time.Time
}

// waiting is a waiting call in a window.
type waiting struct {
	store.Item
	// entry is the whole call if it is in memory; it has had no attempt then.
	entry *store.Entry
	// at is when a retry may begin. Unlike Due it keeps to the monotonic clock.
	at time.Time
}

func newLane(webhook plan.Key) *lane {
	return &lane{webhook: webhook, flying: map[uuid.UUID]bool{}, sleepSlot: -1}
}

// count changes the number and size of open calls, here and in the integration.
func (l *lane) count(calls int, bytes int64) {
	l.open += calls
	l.bytes += bytes
	if l.home != nil {
		l.home.open += calls
		l.home.bytes += bytes
	}
}

// settle notes that calls are no longer pending.
func (l *lane) settle(calls int) {
	l.pending -= calls
	if l.pending == 0 {
		l.distrust = false
	}
}

// policy is how the lane's calls are retried. It is to be asked only of a lane
// that runs.
func (l *lane) policy() plan.Retry {
	if l.plan.Retry != nil {
		return *l.plan.Retry
	}
	return l.home.plan.Retry
}

// runs reports whether calls of this lane may be sent now.
func (l *lane) runs() bool {
	return l.plan != nil && l.plan.NotReady == "" && !l.plan.Suspend && l.home != nil && l.home.runs()
}

// disowns reports whether a call is not of the webhook that the lane is for now,
// but of a deleted one.
func (l *lane) disowns(uid string) bool {
	return l.removed || l.plan != nil && l.plan.UID != uid
}

// stopped says in one sentence why no further attempt of a call may follow; empty
// if one may.
func (l *lane) stopped(call *store.Call) string {
	switch {
	case l.disowns(call.WebhookUID):
		return deletedMessage
	case l.flying[call.ID]:
		return cancelMessage
	}
	return ""
}

// isFlying reports whether an attempt of a call is under way, or something else
// that changes its state.
func (l *lane) isFlying(item waiting) bool {
	_, flying := l.flying[item.ID]
	return flying
}

// next returns the call of a kind whose turn it is, without taking it. What is
// under way has no turn, and who ends that sees to what follows: a read may have
// listed a call at the place that it was just leaving, so that it stands here
// twice.
func (l *lane) next(k kind, now time.Time) (waiting, bool) {
	window := l.window(k)
	for len(*window) > 0 && l.isFlying((*window)[0]) {
		*window = (*window)[1:]
	}
	if len(*window) == 0 || k == again && (*window)[0].at.After(now) {
		return waiting{}, false
	}
	return (*window)[0], true
}

// take takes the call that next returned.
func (l *lane) take(k kind) waiting {
	window := l.window(k)
	item := (*window)[0]
	(*window)[0].entry = nil // it stays reachable while the window does
	*window = (*window)[1:]
	l.flying[item.ID] = false
	delete(l.clamped, item.ID)
	return item
}

// window is the window of a kind.
func (l *lane) window(k kind) *[]waiting {
	if k == again {
		return &l.retries
	}
	return &l.fresh
}

// putBack returns a fresh call that was taken but not begun, or that came after
// its successors, unless it stands there.
func (l *lane) putBack(item waiting) bool {
	at, found := slices.BinarySearchFunc(l.fresh, item, func(a, b waiting) int { return cmp.Compare(a.Seq, b.Seq) })
	if !found {
		l.fresh = slices.Insert(l.fresh, at, item)
	}
	return !found
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
