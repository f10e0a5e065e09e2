package controllers

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/time/rate"

	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The budget of status writes for outcomes. An API server takes hundreds of
// writes a second; these must be no noticeable part of that, however many calls
// there are.
const (
	writesPerSecond = 20
	writesBurst     = 50
)

// verdict is how status stands to an outcome.
type verdict int

const (
	verdictWrite verdict = iota // status says something else
	verdictSame                 // status says just that
	verdictGone                 // the webhook is no more
)

// outcomeSink is where outcomes are written.
type outcomeSink interface {
	// compare says how status stands to r; it costs nothing.
	compare(ctx context.Context, r plan.Report) (verdict, error)
	// write makes r the last call of its webhook. The verdict is what came of it.
	write(ctx context.Context, r plan.Report) (verdict, error)
}

// outcomeWriter writes the newest outcomes to status, within its budget, and
// says which are safe there.
type outcomeWriter struct {
	sink    outcomeSink
	done    func([]plan.Report)       // set before Start
	wrote   func(metrics.WriteResult) // is told what came of each; set before Start
	log     logr.Logger
	limiter *rate.Limiter
	wake    chan struct{} // capacity 1: the queue has grown

	mu    sync.Mutex
	queue *outcomeQueue
}

func newOutcomeWriter(sink outcomeSink, log logr.Logger) *outcomeWriter {
	return &outcomeWriter{
		sink:    sink,
		wrote:   func(metrics.WriteResult) {},
		log:     log,
		limiter: rate.NewLimiter(writesPerSecond, writesBurst),
		wake:    make(chan struct{}, 1),
		queue:   newOutcomeQueue(rand.Float64),
	}
}

// Outcomes takes in newest outcomes; it does not wait for writes.
func (w *outcomeWriter) Outcomes(reports []plan.Report) {
	now := time.Now()
	var known []plan.Report
	w.mu.Lock()
	for _, r := range reports {
		if w.queue.Add(now, r) {
			known = append(known, r)
		}
	}
	w.mu.Unlock()
	if len(known) > 0 {
		w.done(known)
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Forget drops what waits for a webhook that is gone.
func (w *outcomeWriter) Forget(key plan.Key) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.queue.Forget(key)
}

// Backlog is what is yet to be written.
func (w *outcomeWriter) Backlog() metrics.Backlog {
	w.mu.Lock()
	backlog := w.queue.Backlog(time.Now())
	w.mu.Unlock()
	backlog.BudgetUsed = min(max(1-w.limiter.Tokens()/writesBurst, 0), 1)
	return backlog
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (w *outcomeWriter) NeedLeaderElection() bool { return false }

// Start implements manager.Runnable: it writes until ctx ends. What is not
// written by then stays with the dispatcher, which sends it again.
func (w *outcomeWriter) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		w.mu.Lock()
		r, ok, wait := w.queue.Next(time.Now())
		w.mu.Unlock()
		if ok {
			w.handle(ctx, r)
			continue
		}
		var timer <-chan time.Time
		if wait > 0 {
			timer = time.After(wait)
		}
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer:
		}
	}
	return nil
}

// handle brings one outcome to its end: written, found there, dropped or put
// off.
func (w *outcomeWriter) handle(ctx context.Context, r plan.Report) {
	result := metrics.Unchanged
	verdict, err := w.sink.compare(ctx, r)
	if err == nil && verdict == verdictWrite {
		if w.limiter.Wait(ctx) != nil {
			return // ctx has ended
		}
		w.mu.Lock()
		r = w.queue.Newest(r)
		w.mu.Unlock()
		if verdict, err = w.sink.write(ctx, r); verdict == verdictWrite {
			result = metrics.Written
		}
	}
	w.mu.Lock()
	switch {
	case err != nil:
		result = metrics.Failed
		w.queue.Failed(time.Now(), r)
	case verdict == verdictGone:
		result = metrics.Dropped
		w.queue.Forget(r.Webhook)
	default:
		w.queue.Written(time.Now(), r)
	}
	w.mu.Unlock()
	w.wrote(result)
	if err != nil {
		w.log.Error(err, "could not write the last call; trying again", "webhook", r.Webhook.String())
		return
	}
	w.done([]plan.Report{r})
}
