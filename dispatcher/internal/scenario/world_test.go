package scenario

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// This file is all that knows how the dispatcher is put together.

// world is what a story happens in.
type world struct {
	began    time.Time
	fs       *vfs.MemFS
	config   config
	receiver receiver
	life     *life // nil while the dispatcher is down
	jitter   float64
	roots    []string          // all root URLs that there ever were
	refused  map[string]string // why the dispatcher refuses an integration, by its name

	mu      sync.Mutex
	reports map[plan.Key]plan.Report // the newest of each webhook
}

// life is the dispatcher from a start to its end.
type life struct {
	store   *store.Pebble
	engine  *engine.Engine
	intake  *intake.Intake
	catalog *catalog.Catalog

	dead    atomic.Bool   // what it still does is seen by nobody
	drained chan struct{} // closed when it has ended in order; nil before that is asked for
	giveUp  func()        // ends the grace period
	closed  error         // of the store, when it has ended

	mu    sync.Mutex
	stall string        // the step that hangs
	goOn  chan struct{} // closed when it goes on
}

func newWorld(t *testing.T) *world {
	w := &world{began: time.Now(), fs: vfs.NewCrashableMem(), reports: map[plan.Key]plan.Report{}, refused: map[string]string{}}
	t.Cleanup(func() { // the bubble is to be left empty
		if w.life != nil {
			if err := w.kill(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

// since is the time since the story began.
func (w *world) since() time.Duration { return time.Since(w.began) }

// start starts the dispatcher over what the file system holds.
func (w *world) start(configured bool) error {
	if w.life != nil {
		return errors.New("it runs already")
	}
	l := &life{catalog: new(catalog.Catalog)}
	var err error
	if l.store, err = store.Open("store", store.Options{FS: w.fs, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return err
	}
	out, err := outbound.New(outbound.Options{})
	if err != nil {
		return errors.Join(err, l.store.Close())
	}
	kept := gated{Pebble: l.store, life: l}
	l.engine, err = engine.New(engine.Options{
		Store: kept, Sender: sender{out, &w.receiver, l}, Logger: slog.New(slog.DiscardHandler),
		Jitter: func() float64 { return w.jitter },
		Report: func(r plan.Report) { w.report(l, r) },
	})
	if err != nil {
		return errors.Join(err, l.store.Close())
	}
	l.intake = intake.New(intake.Options{Catalog: l.catalog, Store: kept, Queue: l.engine})
	w.life = l
	if configured {
		return w.configure()
	}
	return nil
}

// configure sends the whole configuration, as a control session begins: what the
// dispatcher holds and does not exist any more is removed.
func (w *world) configure() error {
	l, err := w.up()
	if err != nil {
		return err
	}
	for _, ref := range l.engine.Held() {
		if !w.config.known(ref) {
			l.remove(ref)
		}
	}
	for _, in := range w.config.integrations {
		if err := w.apply(in.plan.Ref()); err != nil {
			return err
		}
	}
	for _, wh := range w.config.webhooks {
		if err := w.apply(wh.plan.Ref()); err != nil {
			return err
		}
	}
	l.catalog.SetComplete()
	l.engine.Complete()
	synctest.Wait()
	return nil
}

// apply brings one object, as it is configured now, to the dispatcher.
func (w *world) apply(ref plan.Ref) error {
	l := w.life
	if l == nil {
		return nil // it will be told at its start
	}
	if !w.config.known(ref) {
		l.remove(ref)
		return nil
	}
	if ref.Kind == plan.KindIntegration {
		in := w.config.integration(ref.Name)
		w.roots = append(w.roots, in.plan.URL)
		if err := l.engine.SetIntegration(in.entry()); err != nil {
			w.refused[ref.Name] = err.Error()
		}
		return nil
	}
	compiled, err := w.config.webhook(ref.Name).entry(&w.config)
	if err != nil {
		return err
	}
	l.engine.SetWebhook(&compiled.Plan)
	l.catalog.Set(compiled)
	return nil
}

// remove takes an object away.
func (l *life) remove(ref plan.Ref) {
	if ref.Kind == plan.KindIntegration {
		l.engine.RemoveIntegration(ref.Key)
		return
	}
	l.catalog.Remove(ref.Key)
	l.engine.RemoveWebhook(ref.Key)
}

// up returns the running dispatcher.
func (w *world) up() (*life, error) {
	if w.life == nil {
		return nil, errors.New("the dispatcher is down")
	}
	return w.life, nil
}

// accept takes a call in, as it is done for HTTP, under an idempotency key of the
// caller if there is one; repeat says that it was there before.
func (w *world) accept(webhook plan.Key, data []byte, key string) (entry *store.Entry, repeat bool, err error) {
	l, err := w.up()
	if err != nil {
		return nil, false, err
	}
	result := l.intake.Accept(context.Background(), webhook, intake.Request{Data: data, Key: key, HasKey: key != ""})
	return result.Entry, result.Repeat, result.Err
}

// kill ends the dispatcher as a power cut does: what was not synced is gone, and
// so are the connections.
func (w *world) kill() error {
	l, err := w.up()
	if err != nil {
		return err
	}
	l.dead.Store(true)
	w.fs = w.fs.CrashClone(vfs.CrashCloneCfg{})
	w.life = nil
	l.proceed()
	synctest.Wait() // the caller of a stalled intake goes its way
	if l.drained == nil {
		l.drain(0)
	} else {
		l.giveUp()
	}
	<-l.drained
	return l.closed
}

// stop begins the orderly end, which waits for what is under way as long as the
// grace period lasts.
func (w *world) stop(grace time.Duration) error {
	l, err := w.up()
	if err != nil || l.drained != nil {
		return errors.Join(err, errors.New("it is not to be stopped twice"))
	}
	l.drain(grace)
	synctest.Wait()
	return nil
}

// drain begins the end.
func (l *life) drain(grace time.Duration) {
	var ctx context.Context
	ctx, l.giveUp = context.WithTimeout(context.Background(), grace)
	l.drained = make(chan struct{})
	go func() {
		defer close(l.drained)
		defer l.giveUp()
		l.engine.Drain(ctx)
		l.closed = l.store.Close()
	}()
}

// gone returns an error unless a stopped dispatcher has ended by now.
func (w *world) gone() error {
	if w.life == nil {
		return nil
	}
	if w.life.drained == nil {
		return errors.New("the dispatcher runs")
	}
	select {
	case <-w.life.drained:
		err := w.life.closed
		w.life = nil
		return err
	default:
		return errors.New("the dispatcher has not ended yet: requests are under way")
	}
}

// check returns the error that the dispatcher has come to, if any.
func (w *world) check() error {
	if w.life == nil {
		return nil
	}
	select {
	case err := <-w.life.engine.Failed():
		return fmt.Errorf("the store failed: %w", err)
	default:
		return nil
	}
}

// report notes the newest report of a webhook.
func (w *world) report(l *life, r plan.Report) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if l.dead.Load() || r.Seq < w.reports[r.Webhook].Seq {
		return
	}
	w.reports[r.Webhook] = r
}

// waiting counts the calls of a webhook that have no outcome.
func (w *world) waiting(webhook plan.Key) (int, error) {
	l, err := w.up()
	if err != nil {
		return 0, err
	}
	lanes, err := l.store.Lanes()
	for _, lane := range lanes {
		if lane.Webhook == webhook {
			return lane.Fresh + lane.Retries, err
		}
	}
	return 0, err
}

// gated is a store of which one step can hang.
type gated struct {
	*store.Pebble
	life *life
}

// Accept is a step that can hang.
func (g gated) Accept(ctx context.Context, entries ...*store.Entry) error {
	return g.life.step("accept", func() error { return g.Pebble.Accept(ctx, entries...) })
}

// Begin is a step that can hang.
func (g gated) Begin(ctx context.Context, marks ...store.Mark) error {
	return g.life.step("mark", func() error { return g.Pebble.Begin(ctx, marks...) })
}

// End is a step that can hang.
func (g gated) End(ctx context.Context, ends ...*store.End) error {
	return g.life.step("end", func() error { return g.Pebble.End(ctx, ends...) })
}

// step runs a step of the store.
func (l *life) step(name string, run func() error) error {
	l.hang("before " + name)
	err := run()
	l.hang("after " + name)
	return err
}

// hang waits at the step that is to hang, once.
func (l *life) hang(step string) {
	l.mu.Lock()
	goOn := l.goOn
	if l.stall != step {
		goOn = nil
	} else {
		l.stall = ""
	}
	l.mu.Unlock()
	if goOn != nil {
		<-goOn
	}
}

// hangAt makes the next such step hang.
func (l *life) hangAt(step string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stall, l.goOn = step, make(chan struct{})
}

// proceed lets the step go on.
func (l *life) proceed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stall = ""
	if l.goOn != nil {
		close(l.goOn)
		l.goOn = nil
	}
}
