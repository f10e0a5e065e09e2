package engine

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// harness is an engine over a real store in memory, with a scripted receiver.
// Use it within a synctest bubble, so that time is virtual.
type harness struct {
	t      *testing.T
	fs     *vfs.MemFS
	store  *store.Pebble
	engine *Engine

	mu      sync.Mutex
	sent    []sending
	flying  int
	highest int // most attempts under way at one time
	reports []plan.Report
	routes  map[*outbound.Route]string // of the integrations, by name, that were not left

	// cacheBytes and inFlightBytes bound the engine's memory; the defaults if 0.
	cacheBytes, inFlightBytes int64
	// incomplete says that a start is not told that the configuration is complete.
	incomplete bool
	// follow is [Options.Follow].
	follow func(*store.Call, store.State, *store.Result) []*store.Entry
	// clock is how far the wall clock is off.
	clock atomic.Int64

	crashed bool // what the dying engine still does is not seen by anybody

	// delay, if set, is called before and after every step of the store, with its
	// name and with its name and " done".
	delay func(step string)
	// answer is what the receiver does; 200 if nil.
	answer func(ctx context.Context, name string, nth int) outbound.Response
}

// sending is one attempt as the receiver saw it.
type sending struct {
	name string
	at   time.Time
}

func newHarness(t *testing.T) *harness {
	h := &harness{t: t, fs: vfs.NewCrashableMem()}
	h.open()
	t.Cleanup(h.close)
	return h
}

// open starts an engine over what the file system holds.
func (h *harness) open() {
	h.t.Helper()
	var err error
	if h.store, err = store.Open("store", store.Options{FS: h.fs, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		h.t.Fatal(err)
	}
	h.crashed, h.routes = false, map[*outbound.Route]string{}
	out, err := outbound.New(outbound.Options{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.engine, err = New(Options{
		Store: slowStore{Pebble: h.store, delay: h.slow}, Sender: sender{out, h}, Logger: slog.New(slog.DiscardHandler), Jitter: func() float64 { return 0 },
		Wall: h.wall, Follow: h.follow,
		CacheBytes: h.cacheBytes, InFlightBytes: h.inFlightBytes,
		Report: func(r plan.Report) {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.reports = append(h.reports, r)
		},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	if !h.incomplete {
		h.engine.Complete()
		synctest.Wait()
	}
}

// close ends the engine in order.
func (h *harness) close() {
	if h.engine == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	h.engine.Drain(ctx)
	if err := h.store.Close(); err != nil {
		h.t.Error(err)
	}
	h.engine = nil
}

// restart ends the engine and starts another over the same files.
func (h *harness) restart() {
	h.t.Helper()
	h.close()
	h.open()
}

// crash starts another engine over what a power cut at this moment would leave.
func (h *harness) crash() {
	h.t.Helper()
	h.mu.Lock()
	h.crashed = true
	h.mu.Unlock()
	after := h.fs.CrashClone(vfs.CrashCloneCfg{})
	h.close()
	h.fs = after
	h.open()
}

// wall is the wall clock.
func (h *harness) wall() time.Time { return time.Now().Round(0).Add(time.Duration(h.clock.Load())) }

// sender is outbound's Sender with the harness in place of the wire.
type sender struct {
	*outbound.Sender
	harness *harness
}

// Route implements Sender.
func (s sender) Route(in *plan.Integration) (*outbound.Route, error) {
	route, err := s.Sender.Route(in)
	if err == nil {
		s.harness.mu.Lock()
		defer s.harness.mu.Unlock()
		s.harness.routes[route] = in.Key.Name
	}
	return route, err
}

// Leave implements Sender.
func (s sender) Leave(route *outbound.Route) {
	s.Sender.Leave(route)
	s.harness.mu.Lock()
	defer s.harness.mu.Unlock()
	if _, ok := s.harness.routes[route]; !ok {
		s.harness.t.Error("a route is left that nobody has")
	}
	delete(s.harness.routes, route)
}

// Send implements Sender.
func (s sender) Send(ctx context.Context, r *outbound.Request) outbound.Response {
	return s.harness.Send(ctx, r)
}

// Send receives a request: its path is the call's name.
func (h *harness) Send(ctx context.Context, r *outbound.Request) outbound.Response {
	name := r.URL.Path[1:]
	if r.Gate != nil && r.Gate(ctx) != nil {
		return outbound.Response{Reason: plan.ReasonNetworkError}
	}
	at, begun := time.Now(), h.wall()
	h.mu.Lock()
	if h.crashed {
		h.mu.Unlock()
		return outbound.Response{Reason: plan.ReasonNetworkError}
	}
	nth := 1
	for _, s := range h.sent {
		if s.name == name {
			nth++
		}
	}
	h.sent = append(h.sent, sending{name: name, at: at})
	h.flying++
	h.highest = max(h.highest, h.flying)
	answer := h.answer
	h.mu.Unlock()
	response := outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
	if answer != nil {
		response = answer(ctx, name, nth)
	}
	response.Begun = begun
	h.mu.Lock()
	defer h.mu.Unlock()
	h.flying--
	return response
}

// integration configures an integration; change adjusts it.
func (h *harness) integration(name string, change func(*plan.Integration)) {
	p := &plan.Integration{
		Key: plan.Key{Namespace: "ns", Name: name}, URL: "http://receiver", MaxConcurrency: plan.DefaultMaxConcurrency,
		MaxWaiting: plan.DefaultMaxWaiting, Timeout: plan.DefaultTimeout, Retry: plan.DefaultRetry(),
	}
	if change != nil {
		change(p)
	}
	if err := h.engine.SetIntegration(p); err != nil {
		h.t.Fatal(err)
	}
}

// webhook configures a webhook of an integration.
func (h *harness) webhook(name, integration string, change func(*plan.Webhook)) {
	p := &plan.Webhook{
		Key: plan.Key{Namespace: "ns", Name: name}, Integration: plan.Key{Namespace: "ns", Name: integration}, Method: "POST",
	}
	if change != nil {
		change(p)
	}
	h.engine.SetWebhook(p)
}

// newID is a transaction id of this moment. Those of uuid.NewV7 never go back, and so
// would be of the latest bubble.
func newID() uuid.UUID {
	id := uuid.New()
	millis := time.Now().UnixMilli()
	for i := range 6 {
		id[i] = byte(millis >> (40 - 8*i))
	}
	id[6] = id[6]&0x0f | 0x70
	return id
}

// call hands in a call as intake does.
func (h *harness) call(webhook, name string, key bool) *store.Call {
	h.t.Helper()
	entry := &store.Entry{Call: store.Call{
		ID: newID(), Webhook: plan.Key{Namespace: "ns", Name: webhook}, CreatedAt: time.Now(),
		HasKey: key, Method: "POST", Suffix: "/" + name,
	}}
	if err := h.engine.Reserve(entry.Call.Webhook, entry.Call.Size()); err != nil {
		h.t.Fatal(err)
	}
	if err := h.store.Accept(context.Background(), entry); err != nil {
		h.t.Fatal(err)
	}
	h.engine.Accepted(entry.Call.Webhook, entry)
	return &entry.Call
}

// sentNames returns the names of the attempts in order.
func (h *harness) sentNames() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for _, s := range h.sent {
		names = append(names, s.name)
	}
	return names
}

// state returns a call's state.
func (h *harness) state(call *store.Call) store.State {
	h.t.Helper()
	entry, err := h.store.Load(call.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return entry.State
}

// slow calls the test's delay.
func (h *harness) slow(step string) {
	h.mu.Lock()
	delay := h.delay
	h.mu.Unlock()
	if delay != nil {
		delay(step)
	}
}

// hold makes the next such step of the store wait until it is let go.
func (h *harness) hold(step string) (letGo func()) {
	gate := make(chan struct{})
	var once sync.Once
	h.mu.Lock()
	defer h.mu.Unlock()
	h.delay = func(s string) {
		if s == step {
			first := false
			once.Do(func() { first = true })
			if first {
				<-gate
			}
		}
	}
	return func() { close(gate); synctest.Wait() }
}

// slowStore calls delay before and after each step, so that others come between.
type slowStore struct {
	*store.Pebble
	delay func(step string)
}

// slow runs a step.
func (s slowStore) slow(name string, step func()) {
	s.delay(name)
	step()
	s.delay(name + " done")
}

func (s slowStore) Accept(ctx context.Context, entries ...*store.Entry) (err error) {
	s.slow("Accept", func() { err = s.Pebble.Accept(ctx, entries...) })
	return err
}

func (s slowStore) Begin(ctx context.Context, marks ...store.Mark) (err error) {
	s.slow("Begin", func() { err = s.Pebble.Begin(ctx, marks...) })
	return err
}

func (s slowStore) End(ctx context.Context, ends ...*store.End) (err error) {
	s.slow("End", func() { err = s.Pebble.End(ctx, ends...) })
	return err
}

func (s slowStore) Load(id uuid.UUID) (entry *store.Entry, err error) {
	s.slow("Load", func() { entry, err = s.Pebble.Load(id) })
	return entry, err
}

func (s slowStore) Fresh(webhook plan.Key, after uint64, limit int) (items []store.Item, err error) {
	s.slow("Fresh", func() { items, err = s.Pebble.Fresh(webhook, after, limit) })
	return items, err
}

func (s slowStore) LoadFresh(items []store.Item) (entries []*store.Entry, err error) {
	s.slow("LoadFresh", func() { entries, err = s.Pebble.LoadFresh(items) })
	return entries, err
}

func (s slowStore) Retries(webhook plan.Key, after store.Position, limit int) (items []store.Item, err error) {
	s.slow("Retries", func() { items, err = s.Pebble.Retries(webhook, after, limit) })
	return items, err
}

// status answers with a status code.
func status(code int, reason plan.Reason) func(context.Context, string, int) outbound.Response {
	return func(context.Context, string, int) outbound.Response {
		return outbound.Response{Reason: reason, StatusCode: code, Message: fmt.Sprintf("the receiver answered %d", code)}
	}
}

// wait lets d of virtual time pass, and everything that follows from it.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}
