package engine

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestRandom does everything at random over a store whose steps take random
// times, and then looks whether each call came to its end, and whether nothing
// is still counted. A failure names the seed; the order within one moment is the
// scheduler's, so it may take a few runs to see it again.
func TestRandom(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 10
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { newWorld(t, seed).run() })
		})
	}
}

// world is a run of TestRandom.
type world struct {
	*harness
	seed uint64

	random   *rand.Rand // of run only
	webhooks map[string]string
	next     int // number of the next call or UID

	shared    sync.Mutex
	delays    *rand.Rand
	accepted  map[string]*store.Call
	triggered map[uuid.UUID][]*store.Call // by the call whose outcomes they follow, those that came to nothing included
	under     map[string]bool             // calls whose request is under way
	accepting sync.WaitGroup
}

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		seed: seed, random: rand.New(rand.NewPCG(seed, 1)), delays: rand.New(rand.NewPCG(seed, 2)),
		webhooks: map[string]string{}, accepted: map[string]*store.Call{}, under: map[string]bool{},
		triggered: map[uuid.UUID][]*store.Call{},
	}
	w.harness = newHarness(t)
	w.answer = w.answers
	w.delay = w.pause
	// All waiting calls in memory, about four, or none.
	w.cacheBytes = []int64{0, 4 * (heldBytes + 10), 1}[seed%3]
	w.inFlightBytes = []int64{0, 8 * attemptBytes}[seed%2]
	w.incomplete, w.follow = true, w.follows
	w.restart()
	w.target()
	w.engine.Complete()
	return w
}

// pause lets a random while of virtual time pass, mostly none.
func (w *world) pause(string) {
	w.shared.Lock()
	n := w.delays.IntN(10)
	d := time.Duration(w.delays.IntN(2000)) * time.Microsecond
	w.shared.Unlock()
	switch {
	case n > 7:
		time.Sleep(100 * d) // the bubble's clock
	case n > 4:
		time.Sleep(d) // the bubble's clock
	}
}

// answers is the receiver: what it does follows from the call's name.
func (w *world) answers(ctx context.Context, name string, nth int) outbound.Response {
	w.shared.Lock()
	if w.under[name] {
		w.t.Errorf("two requests of %s at the same time", name)
	}
	w.under[name] = true
	w.shared.Unlock()
	defer func() {
		w.shared.Lock()
		defer w.shared.Unlock()
		delete(w.under, name)
	}()
	h := fnv.New64a()
	fmt.Fprint(h, w.seed, name, nth)
	n := h.Sum64()
	timer := time.NewTimer(time.Duration(n>>8%300) * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return outbound.Response{Reason: plan.ReasonNetworkError}
	}
	switch n % 4 {
	case 0:
		return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 503}
	case 1:
		return outbound.Response{Reason: plan.ReasonTimeout}
	}
	return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
}

// run does random things, lets the rest come to its end, and checks.
func (w *world) run() {
	for range 500 {
		w.step()
	}
	w.accepting.Wait()
	for _, in := range []string{"in0", "in1"} {
		w.integration(in, func(p *plan.Integration) { w.shortRetry(p) })
	}
	for wh := range w.webhooks {
		w.setWebhook(wh, false)
	}
	w.target()
	wait(time.Hour)
	w.check()
}

// step does one random thing.
func (w *world) step() {
	wh := fmt.Sprint("wh", w.random.IntN(3))
	in := fmt.Sprint("in", w.random.IntN(2))
	switch n := w.random.IntN(100); {
	case n < 42:
		w.hand(wh)
	case n < 46:
		w.ask(func(call *store.Call) error {
			_, err := w.engine.Cancel(context.Background(), call.Webhook, call.ID)
			return err
		})
	case n < 50:
		w.ask(func(call *store.Call) error {
			return w.engine.Redeliver(context.Background(), call.Webhook, call.ID)
		})
	case n < 55:
		time.Sleep(time.Duration(w.random.IntN(3000)) * time.Millisecond) // the bubble's clock
	case n < 75:
		time.Sleep(time.Duration(w.random.IntN(100_000)) * time.Microsecond) // the bubble's clock
	case n < 81:
		w.integration(in, w.randomIntegration)
	case n < 82:
		w.engine.RemoveIntegration(plan.Key{Namespace: "ns", Name: in})
	case n < 91:
		w.setWebhook(wh, w.random.IntN(4) == 0)
	case n < 99:
		delete(w.webhooks, wh)
		w.engine.RemoveWebhook(plan.Key{Namespace: "ns", Name: wh})
	default:
		w.die()
	}
}

// randomIntegration changes limits, or takes the integration out of work.
func (w *world) randomIntegration(p *plan.Integration) {
	switch w.random.IntN(6) {
	case 0:
		*p = plan.Integration{Key: p.Key, NotReady: "a Secret is missing"}
		return
	case 1:
		p.Suspend = true
	}
	p.RequestsPerSecond = []int{0, 10, 50}[w.random.IntN(3)]
	p.MaxConcurrency = 1 + w.random.IntN(20)
	p.MaxWaiting = 5 + w.random.IntN(100)
	w.shortRetry(p)
}

// shortRetry makes retries meet other calls.
func (*world) shortRetry(p *plan.Integration) { p.Retry.Delay = 100 * time.Millisecond }

// setWebhook adds a webhook or changes it: it moves, stops and goes on, waits
// longer for retries, and may be another of its name.
func (w *world) setWebhook(name string, anew bool) {
	w.next++
	if w.webhooks[name] == "" || anew {
		w.webhooks[name] = fmt.Sprint("uid", w.next)
	}
	w.webhook(name, fmt.Sprint("in", w.random.IntN(2)), func(p *plan.Webhook) {
		p.UID = w.webhooks[name]
		p.Suspend = w.next%5 == 0
		if w.next%3 == 0 {
			slow := plan.DefaultRetry()
			slow.Delay = 3 * time.Second
			p.Retry = &slow
		}
	})
}

// hand hands in a call as intake does, in the background.
func (w *world) hand(webhook string) {
	uid := w.webhooks[webhook]
	if uid == "" {
		return
	}
	w.next++
	name := fmt.Sprint([]string{"once", "key"}[w.random.IntN(2)], w.next)
	call := store.Call{
		ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "ns", Name: webhook}, WebhookUID: uid, CreatedAt: time.Now(),
		HasKey: strings.HasPrefix(name, "key"), Method: "POST", Suffix: "/" + name,
	}
	w.accepting.Go(func() {
		w.pause("")
		if w.engine.Reserve(call.Webhook, call.Size()) != nil {
			return // too many wait, or deleted
		}
		entry := &store.Entry{Call: call}
		if err := (slowStore{w.store, w.pause}).Accept(context.Background(), entry); err != nil {
			w.t.Error(err)
			return
		}
		w.engine.Accepted(call.Webhook, entry)
		w.shared.Lock()
		defer w.shared.Unlock()
		w.accepted[name] = &entry.Call
	})
}

// ask asks something for a random call, in the background.
func (w *world) ask(do func(*store.Call) error) {
	w.shared.Lock()
	names := slices.Sorted(maps.Keys(w.accepted))
	w.shared.Unlock()
	if len(names) == 0 {
		return
	}
	name := names[w.random.IntN(len(names))]
	w.accepting.Go(func() {
		w.pause("")
		w.shared.Lock()
		call := w.accepted[name]
		w.shared.Unlock()
		err := do(call)
		for _, allowed := range []error{ErrFinished, ErrNotFinished, ErrDeleted, ErrTooManyWaiting} {
			if errors.Is(err, allowed) {
				return
			}
		}
		if err != nil {
			w.t.Errorf("%s: %v", name, err)
		}
	})
}

// target configures the webhook that all outcomes trigger.
func (w *world) target() {
	w.webhook("target", "in0", func(p *plan.Webhook) { p.UID = "target" })
}

// follows has each outcome of a call that was handed in trigger another.
func (w *world) follows(call *store.Call, _ store.State, _ *store.Result) []*store.Entry {
	if call.Hops > 0 {
		return nil
	}
	w.pause("")
	id := uuid.Must(uuid.NewV7())
	entry := &store.Entry{Call: store.Call{
		ID: id, Webhook: plan.Key{Namespace: "ns", Name: "target"}, WebhookUID: "target", CreatedAt: time.Now(),
		HasKey: id[15]%2 == 0, Method: "POST", Suffix: "/" + id.String(), Hops: 1,
	}}
	if err := w.engine.ReserveTriggered(entry.Call.Webhook, entry.Call.Size()); err != nil {
		w.t.Errorf("ReserveTriggered: %v", err)
		return nil
	}
	w.shared.Lock()
	defer w.shared.Unlock()
	w.triggered[call.ID] = append(w.triggered[call.ID], &entry.Call)
	return []*store.Entry{entry}
}

// die restarts, in order or not. The manager then tells what there is; what is
// no more is removed because calls wait for it.
func (w *world) die() {
	w.accepting.Wait()
	if w.random.IntN(2) == 0 {
		w.crash()
	} else {
		w.restart()
	}
	for _, in := range []string{"in0", "in1"} {
		w.integration(in, w.randomIntegration)
	}
	for _, ref := range w.engine.Held() {
		if w.webhooks[ref.Name] == "" {
			w.engine.RemoveWebhook(ref.Key)
		}
	}
	for wh := range w.webhooks {
		w.setWebhook(wh, w.random.IntN(4) == 0)
	}
	w.target()
	w.engine.Complete()
}

// check looks at every call and every counter.
func (w *world) check() {
	sent := map[string]int{}
	for _, name := range w.sentNames() {
		sent[name]++
	}
	w.checkTriggered()
	for name, call := range w.accepted {
		state := w.state(call)
		if !state.Finished() {
			if l := w.engine.lanes[call.Webhook]; l != nil && l.plan != nil && l.plan.Suspend {
				continue
			}
			w.t.Errorf("%s of %s still waits: %+v", name, call.Webhook, state)
		}
		certain := state.Outcome == plan.OutcomeSucceeded || state.Outcome == plan.OutcomeFailed
		if n := sent[name]; !call.HasKey && (n > 1+state.Series || n == 0 && certain) {
			w.t.Errorf("%s was sent %d times and is %s", name, n, state.Outcome)
		}
	}
	w.checkCounters()
}

// checkTriggered looks whether each outcome has triggered one call, also those
// before a redelivery, and counts those calls among the others.
func (w *world) checkTriggered() {
	for name, call := range maps.Clone(w.accepted) {
		state := w.state(call)
		outcomes, found := state.Series, 0
		if state.Finished() {
			outcomes++
		}
		for _, triggered := range w.triggered[call.ID] {
			_, err := w.store.Load(triggered.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			found++
			w.accepted[triggered.ID.String()] = triggered
		}
		if found != outcomes {
			w.t.Errorf("%s has had %d outcomes and triggered %d calls: %+v", name, outcomes, found, state)
		}
	}
}

// checkCounters compares what the engine counts with the store.
func (w *world) checkCounters() {
	waiting, bytes := map[plan.Key]int{}, map[plan.Key]int64{}
	lanes, err := w.store.Lanes()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range lanes {
		waiting[l.Webhook], bytes[l.Webhook] = l.Fresh+l.Retries, l.Bytes
	}
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	open, cached := map[*integration]int{}, int64(0)
	for key, l := range w.engine.lanes {
		for _, item := range l.fresh {
			if item.entry != nil {
				cached += int64(item.Size) + heldBytes
			}
		}
		if l.bytes != bytes[key] || l.pending != 0 {
			w.t.Errorf("lane %s: %d bytes, %d in the store, %d pending", key, l.bytes, bytes[key], l.pending)
		}
		if l.open != waiting[key] || len(l.flying) > 0 || l.filling || l.sweep != sweepNone {
			w.t.Errorf("lane %s: %d open, %d in the store, %d flying, filling %v, sweep %v", key, l.open, waiting[key], len(l.flying), l.filling, l.sweep)
		}
		if l.removed {
			w.t.Errorf("lane %s of a deleted webhook is still there", key)
		}
		open[l.home] += l.open
	}
	for key, in := range w.engine.integrations {
		if in.inFlight != 0 || in.inFlightBytes != 0 || in.starving || in.open != open[in] {
			w.t.Errorf("integration %s: %d in flight, %d open, %d in its lanes", key, in.inFlight, in.open, open[in])
		}
	}
	if e := w.engine; e.cacheBytes != cached || e.inFlightBytes != 0 {
		w.t.Errorf("%d bytes cached, %d counted; %d bytes in flight counted", cached, e.cacheBytes, e.inFlightBytes)
	}
}
