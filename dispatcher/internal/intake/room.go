package intake

import (
	"context"

	"golang.org/x/sync/semaphore"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// smallData is the size below which data and calls take no room: callers with one
// such each take a few MiB together, and the most usual calls are spared the cost.
const smallData = 4 << 10

// room is memory that requests take and leave, and wait for in order. What is
// larger than all of it has all of it. The nil room has no end.
type room struct {
	size      int64
	semaphore *semaphore.Weighted
}

func newRoom(size int64) *room {
	if size <= 0 {
		return nil
	}
	return &room{size: size, semaphore: semaphore.NewWeighted(size)}
}

// weigh is what n bytes take.
func (r *room) weigh(n int64) int64 {
	if r == nil {
		return 0
	}
	return min(n, r.size)
}

// try takes room for n bytes if there is some.
func (r *room) try(n int64) bool { return r == nil || r.semaphore.TryAcquire(r.weigh(n)) }

// wait takes room for n bytes when there is some. The error is the context's.
func (r *room) wait(ctx context.Context, n int64) error {
	return r.semaphore.Acquire(ctx, r.weigh(n))
}

// leave gives room for n bytes back.
func (r *room) leave(n int64) {
	if r != nil {
		r.semaphore.Release(r.weigh(n))
	}
}

// takeRoom takes room for a rendered call, until the next flush. Nobody waits for
// it who has some: what was collected is made durable before.
func (b *batch) takeRoom(entry *store.Entry) error {
	n := int64(entry.Call.Size())
	if n < smallData || b.intake.calls == nil {
		return nil
	}
	if !b.intake.calls.try(n) {
		var own []store.OnceKey // the call's own claim, which stays
		if last := len(b.claims) - 1; entry.Once != nil {
			b.claims, own = b.claims[:last], b.claims[last:]
		}
		b.flush()
		b.claims = own
		if err := b.intake.calls.wait(b.ctx, n); err != nil {
			if !entry.State.Finished() {
				b.intake.queue.Release(entry.Call.Webhook, entry.Call.Size())
			}
			return err
		}
	}
	b.taken += b.intake.calls.weigh(n)
	return nil
}

// leaveRoom gives back what takeRoom has taken.
func (b *batch) leaveRoom() {
	if b.taken > 0 {
		b.intake.calls.semaphore.Release(b.taken)
		b.taken = 0
	}
}
