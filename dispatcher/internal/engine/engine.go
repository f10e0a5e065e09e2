package engine

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ErrTooManyWaiting is returned by [Engine.Reserve] for an integration that is
// at its maxWaiting or its maxWaitingBytes.
var ErrTooManyWaiting = errors.New("as many calls wait for this integration as it allows")

// ErrDeleted is returned by [Engine.Reserve] for a webhook that was deleted
// since it was looked up.
var ErrDeleted = errors.New("the webhook was deleted")

// Sender performs requests. It is package outbound's Sender.
type Sender interface {
	// Route prepares the way of an integration's requests; the error says in one
	// sentence why they can have none. Leave gives it up.
	Route(in *plan.Integration) (*outbound.Route, error)
	Leave(r *outbound.Route)
	// Send sends one request.
	Send(ctx context.Context, r *outbound.Request) outbound.Response
}

// Options are what an [Engine] works with. What has no default is needed.
type Options struct {
	Store  store.Store
	Sender Sender
	Logger *slog.Logger
	// Report receives the newest outcome of a webhook after it is durable. It is
	// called from many goroutines and must not block.
	Report func(plan.Report)
	// Follow returns the calls that a final outcome triggers; nil if none ever does.
	// Those that wait are reserved by [Engine.ReserveTriggered], those that have
	// ended at once have their report of [Engine.Refused]. They are stored in the step
	// of the outcome. It is called without locks, from many goroutines, and may be
	// called again for an outcome that a crash has undone.
	Follow func(call *store.Call, state store.State, result *store.Result) []*store.Entry
	// Ended is told of ends after they are durable, in their order for each call; nobody
	// is if nil. It is called from many goroutines, must not block, and must neither
	// change the ends nor keep them when it has returned.
	Ended func([]*store.End)
	// Jitter returns a number in [0, 1), for the delay of retries.
	Jitter func() float64
	// Tracer makes spans of attempts; nil if there are to be none, nor headers for
	// receivers to go on with.
	Tracer *tracing.Tracer

	// Wall is the wall clock that due times are stored by; time.Now if nil.
	Wall func() time.Time
	// CacheBytes bounds the waiting calls that are held in memory, InFlightBytes
	// the attempts that are under way or not durable yet, both for all integrations
	// together. A quarter of InFlightBytes comes on top for answers. The defaults
	// are [DefaultCacheBytes] and [DefaultInFlightBytes].
	CacheBytes, InFlightBytes int64
}

// Engine performs waiting calls. Make one with [New]; all methods may be called
// concurrently.
type Engine struct {
	store  store.Store
	sender Sender
	log    *slog.Logger
	report func(plan.Report)
	follow func(*store.Call, store.State, *store.Result) []*store.Entry
	ended  func([]*store.End)
	jitter func() float64
	tracer *tracing.Tracer
	wall   func() time.Time

	watchers watchers

	// attempts is cancelled to give up the attempts under way.
	attempts     context.Context
	stopAttempts context.CancelFunc
	background   sync.WaitGroup // fills, cancellations and attempts
	marks        chan marking
	ends         chan ended
	committed    chan struct{} // closed when all ends are durable
	stopped      chan struct{} // closed when there are no attempts any more
	drained      sync.Once
	failed       chan error // holds the first store error

	mu           sync.Mutex // guards everything below, lanes and integrations
	integrations map[plan.Key]*integration
	lanes        map[plan.Key]*lane
	draining     bool
	complete     bool         // see [Engine.Complete]
	interrupted  []store.Mark // of attempts that the last process died in, until then

	maxCacheBytes, maxInFlightBytes int64
	cacheBytes, inFlightBytes       int64
	idle                            []*worker
	// starving are those that wait for memory, in order: first those that had no
	// attempt under way, then those that had.
	starving    [2][]*integration
	answerBytes atomic.Int64 // of answers that are not durable yet, see [Engine.keeps]
}

// New makes an engine over what the store holds: reports and numbers of waiting
// calls are read. Nothing is sent until configuration arrives through
// SetIntegration and SetWebhook, and is [Engine.Complete]. End it with
// [Engine.Drain].
func New(o Options) (*Engine, error) {
	attempts, stop := context.WithCancel(context.Background())
	if o.Wall == nil {
		o.Wall = time.Now
	}
	e := &Engine{
		store:            o.Store,
		sender:           o.Sender,
		log:              o.Logger,
		report:           o.Report,
		follow:           o.Follow,
		ended:            o.Ended,
		jitter:           o.Jitter,
		tracer:           o.Tracer,
		wall:             o.Wall,
		attempts:         attempts,
		stopAttempts:     stop,
		marks:            make(chan marking, maxGroup),
		ends:             make(chan ended, endsAhead),
		stopped:          make(chan struct{}),
		committed:        make(chan struct{}),
		failed:           make(chan error, 1),
		integrations:     map[plan.Key]*integration{},
		lanes:            map[plan.Key]*lane{},
		maxCacheBytes:    cmp.Or(o.CacheBytes, DefaultCacheBytes),
		maxInFlightBytes: cmp.Or(o.InFlightBytes, DefaultInFlightBytes),
	}
	if err := e.recover(); err != nil {
		stop()
		return nil, err
	}
	go e.commitEnds()
	go e.commitMarks()
	return e, nil
}

// Failed delivers the first error of the store, after which the engine begins
// nothing more: what the store holds is known again only after it is reopened.
func (e *Engine) Failed() <-chan error { return e.failed }

// Stop begins no further attempt. Calls are still counted and wait.
func (e *Engine) Stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.draining = true
}

// Drain begins no further attempt and waits for those under way. When ctx ends
// first they are given up: calls with the key will be repeated, those without
// end as Lost, both after the next start. Further calls of Drain do nothing.
func (e *Engine) Drain(ctx context.Context) { e.drained.Do(func() { e.drain(ctx) }) }

func (e *Engine) drain(ctx context.Context) {
	e.Stop()
	done := make(chan struct{})
	go func() {
		e.background.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		e.log.Warn("attempts still under way at the end of the grace period are given up")
		e.stopAttempts()
		<-done
	}
	e.stopAttempts()
	close(e.stopped)
	close(e.ends)
	<-e.committed
}

// Fail tells that intake could not write to the store; see [Engine.Failed].
func (e *Engine) Fail(err error) { e.fail(err) }

// Reserve counts a call of the given size that is about to be accepted for a
// webhook, or returns [ErrTooManyWaiting] or [ErrDeleted]. Either
// [Engine.Accepted] or [Engine.Release] must follow.
func (e *Engine) Reserve(webhook plan.Key, size int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.reserve(webhook, size, true)
}

// reserve is Reserve, perhaps past the integration's bounds. The lock is held.
func (e *Engine) reserve(webhook plan.Key, size int, bounded bool) error {
	l := e.lanes[webhook]
	if l == nil || l.plan == nil {
		return ErrDeleted // nobody would come to cancel the call
	}
	if bounded && l.home.full(size) {
		return ErrTooManyWaiting
	}
	l.count(+1, int64(size))
	l.pending++
	return nil
}

// full reports whether one more call is too many. A call that is larger than
// maxWaitingBytes is taken in when no other waits.
func (in *integration) full(size int) bool {
	if in.plan == nil || in.plan.MaxWaiting == 0 {
		return false // its bounds are not known
	}
	most := in.plan.MaxWaitingBytes
	return in.open >= in.plan.MaxWaiting || most > 0 && in.open > 0 && in.bytes+int64(size) > most
}

// Release takes back a [Engine.Reserve] whose call was not accepted.
func (e *Engine) Release(webhook plan.Key, size int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[webhook]
	l.count(-1, -int64(size))
	l.settle(1)
	e.dropIfDone(l)
}

// Accepted tells that reserved calls of a webhook are durable, with the Seq that
// they have now. It takes the entries over.
func (e *Engine) Accepted(webhook plan.Key, entries ...*store.Entry) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[webhook]
	if l == nil {
		return // deleted, and the calls were cancelled as soon as the store had them
	}
	for _, entry := range entries {
		e.hand(l, entry)
	}
	l.settle(len(entries))
	if l.removed { // deleted while the calls were being stored
		e.startCancelling(l)
		return
	}
	e.schedule(l)
}

// Refused tells that a call ended at intake, before it joined the queue, and
// returns the webhook's report of it. [Engine.Publish] follows once it is durable.
func (e *Engine) Refused(call *store.Call, state store.State) plan.Report {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[call.Webhook]
	if l == nil { // deleted meanwhile, and not to be kept for this
		l = newLane(call.Webhook)
	}
	return l.reportOf(call, state)
}

// Publish hands on a durable report.
func (e *Engine) Publish(r plan.Report) { e.report(r) }

// Held returns the webhooks that calls wait for, and their integrations as far
// as they are known.
func (e *Engine) Held() []plan.Ref {
	e.mu.Lock()
	defer e.mu.Unlock()
	var held []plan.Ref
	integrations := map[plan.Key]bool{}
	for key, l := range e.lanes {
		if l.open == 0 {
			continue
		}
		held = append(held, plan.Ref{Kind: plan.KindWebhook, Key: key})
		if l.plan != nil && l.plan.Integration != (plan.Key{}) {
			integrations[l.plan.Integration] = true
		}
	}
	for key := range integrations {
		held = append(held, plan.Ref{Kind: plan.KindIntegration, Key: key})
	}
	return held
}

// lane returns the webhook's lane, which is made when there is none.
func (e *Engine) lane(webhook plan.Key) *lane {
	l := e.lanes[webhook]
	if l == nil {
		l = newLane(webhook)
		e.lanes[webhook] = l
	}
	return l
}

// fail records a store error; the engine begins nothing from then on.
func (e *Engine) fail(err error) {
	select {
	case e.failed <- err:
	default:
	}
	e.Stop()
}
