package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// crashObjects have one Webhook with the idempotency key and one without. The
// body carries the number by which the ledger knows a call.
const crashObjects = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: in}
spec: {url: RECEIVER}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: with-key}
spec:
  integrationRef: {name: in}
  url: /with
  body: '{"n": ${n}, "id": "${WebhookRequest.TransactionalId}"}'
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: without-key}
spec:
  integrationRef: {name: in}
  url: /without
  body: '{"n": ${n}}'
`

const (
	crashes = 6  // how often the dispatcher is killed
	callers = 16 // how many send calls meanwhile, each waiting for its answer
)

// accepted is a call that was answered 202.
type accepted struct {
	n       int
	webhook string
	id      string
}

// TestNothingAcceptedIsLostByKill kills the dispatcher with SIGKILL under load,
// again and again, and accounts for every 202: the receiver has the request, or
// the call has an outcome that says otherwise. Without the key no request may
// come twice; with it repeats must carry the same transaction id.
func TestNothingAcceptedIsLostByKill(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(crashObjects)
	w.ready()

	load, stop := context.WithCancel(t.Context())
	defer stop()
	var calls ledger
	var group sync.WaitGroup
	for caller := range callers {
		group.Go(func() { calls.send(load, w.Client, w.namespace, caller) })
	}
	for range crashes {
		before := len(calls.all())
		w.await("calls to be accepted", func() bool { return len(calls.all()) >= before+50 })
		random := time.NewTimer(rand.N(100 * time.Millisecond))
		<-random.C
		if err := w.KillDispatcher(); err != nil {
			t.Fatal(err)
		}
		restart, cancel := context.WithTimeout(t.Context(), timeout)
		err := w.StartDispatcher(restart)
		cancel()
		if err != nil {
			t.Fatal(err)
		}
	}
	stop()
	group.Wait()

	requests := map[int][]string{} // transaction ids of the requests by number
	outcomes := map[string]int{}
	all := calls.all()
	states := w.outcomes(all)
	for _, r := range w.receiver.Requests() {
		var body struct {
			N  int
			ID string
		}
		if err := json.Unmarshal([]byte(r.Body), &body); err != nil {
			t.Fatalf("the receiver got the body %q", r.Body)
		}
		requests[body.N] = append(requests[body.N], body.ID)
		if r.URI == "/without" && len(requests[body.N]) > 1 {
			t.Errorf("call %d without the key came %d times", body.N, len(requests[body.N]))
		}
	}
	repeats := 0
	for _, call := range all {
		outcome := states[call.id]
		outcomes[call.webhook+" "+outcome]++
		got := requests[call.n]
		if len(got) == 0 && outcome != "Lost" {
			t.Errorf("call %d of %s was answered 202, never arrived, and ended as %s", call.n, call.webhook, outcome)
		}
		for _, id := range got {
			if call.webhook == "with-key" && id != call.id {
				t.Errorf("call %s arrived with the transaction id %s", call.id, id)
			}
		}
		repeats += max(0, len(got)-1)
	}
	t.Logf("%d calls accepted over %d kills, %d requests repeated, outcomes %v", len(all), crashes, repeats, outcomes)
}

// ledger is what was answered 202.
type ledger struct {
	mu    sync.Mutex
	calls []accepted
	next  int
}

// all returns the calls so far.
func (l *ledger) all() []accepted {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]accepted(nil), l.calls...)
}

// number gives out the next number.
func (l *ledger) number() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return l.next
}

// send sends one call after the other until ctx ends. What is not answered 202
// is sent again as another call, as a program would.
func (l *ledger) send(ctx context.Context, c *client.Client, namespace string, caller int) {
	webhook := []string{"with-key", "without-key"}[caller%2]
	for ctx.Err() == nil {
		n := l.number()
		call, err := c.Call(ctx, namespace, webhook, fmt.Appendf(nil, `{"n": %d}`, n))
		if err != nil {
			select { // the dispatcher is down: do not spin
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
			}
			continue
		}
		l.mu.Lock()
		l.calls = append(l.calls, accepted{n: n, webhook: webhook, id: call.TransactionID})
		l.mu.Unlock()
	}
}

// outcomes waits until all calls are finished and returns their outcomes by id.
func (w *world) outcomes(calls []accepted) map[string]string {
	w.t.Helper()
	outcomes := map[string]string{}
	for _, call := range calls {
		w.await("the outcome of call "+call.id, func() bool {
			got, err := w.Client.Get(w.t.Context(), w.namespace, call.webhook, call.id)
			var problem *client.Problem
			if errors.As(err, &problem) {
				w.t.Fatalf("call %s was answered 202 and is now answered: %v", call.id, err)
			}
			if err == nil {
				outcomes[call.id] = got.Outcome
			}
			return outcomes[call.id] != ""
		})
	}
	return outcomes
}

// await waits until the condition holds.
func (w *world) await(what string, condition func() bool) {
	w.t.Helper()
	deadline := time.After(timeout)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			w.t.Fatalf("waited %s in vain for %s", timeout, what)
		}
	}
}
