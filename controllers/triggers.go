package controllers

import (
	"context"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// triggers is a source of reconciliations that no event of the cluster causes:
// answers of the dispatcher, and results that others depend on. Unlike a
// channel source, Add never blocks and never loses a key.
type triggers struct {
	mu      sync.Mutex
	queue   workqueue.TypedRateLimitingInterface[reconcile.Request]
	waiting []plan.Key // added before the controller started
}

// Start is called by the controller with its queue.
func (t *triggers) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	t.mu.Lock()
	t.queue = queue
	waiting := t.waiting
	t.waiting = nil
	t.mu.Unlock()
	t.Add(waiting...)
	return nil
}

// Add asks for a reconciliation of each key.
func (t *triggers) Add(keys ...plan.Key) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.queue == nil {
		t.waiting = append(t.waiting, keys...)
		return
	}
	for _, key := range keys {
		t.queue.Add(request(key))
	}
}
