package intake

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// lockedFake is a fake for many callers at one time.
type lockedFake struct {
	mu sync.Mutex
	fake
}

func (f *lockedFake) Accept(ctx context.Context, entries ...*store.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fake.Accept(ctx, entries...)
}

func (f *lockedFake) Find(key store.OnceKey, now time.Time) (store.Accepted, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fake.Find(key, now)
}

func (f *lockedFake) Reserve(plan.Key, int) error        { return nil }
func (f *lockedFake) Accepted(plan.Key, ...*store.Entry) {}

// TestBatchesShareALittleRoom: batches that need the same room and the same
// idempotency keys wait for each other, but never each for the other.
func TestBatchesShareALittleRoom(t *testing.T) {
	f := &lockedFake{}
	_, webhooks := newIntake(t, &f.fake)
	in := New(Options{Catalog: webhooks, Store: f, Queue: f, DataBytes: 10_000, CallBytes: 30_000})
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			var requests []Request
			for i := range 20 {
				size := []int{100, 4 << 10, 9 << 10, 40 << 10}[(i+n)%4]
				requests = append(requests, keyed(fmt.Sprint((i*(n+1))%25), fmt.Sprintf(`{"name": %q}`, strings.Repeat("x", size))))
			}
			for i, result := range in.AcceptAll(t.Context(), key, requests) {
				if result.Err != nil && !strings.Contains(result.Err.Error(), "other data") {
					t.Errorf("request %d: %v", i, result.Err)
				}
			}
		})
	}
	group.Wait()
	if !in.data.semaphore.TryAcquire(10_000) || !in.calls.semaphore.TryAcquire(30_000) {
		t.Error("room was not given back")
	}
}
