package intake

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// MaxKey is the most bytes of an idempotency key.
const MaxKey = 255

// claims are the idempotency keys whose calls are on their way into the store,
// where nobody can find them yet. It holds no more than that.
type claims struct {
	mu   sync.Mutex
	held map[store.OnceKey]chan struct{} // closed when the key is let go
}

// claim takes a key, or returns what is closed when its holder lets it go.
func (c *claims) claim(key store.OnceKey) (wait <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if held := c.held[key]; held != nil {
		return held
	}
	c.held[key] = make(chan struct{})
	return nil
}

// release lets keys go.
func (c *claims) release(keys []store.OnceKey) {
	if len(keys) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, key := range keys {
		close(c.held[key])
		delete(c.held, key)
	}
}

// onceOf is the idempotency key of a request, which came with data that was parsed
// before.
func onceOf(webhook *catalog.Webhook, r *Request) (*store.Once, error) {
	if r.Key == "" || len(r.Key) > MaxKey || strings.ContainsFunc(r.Key, unicode.IsControl) {
		return nil, ErrKeyInvalid
	}
	return hashed(webhook, r.Key, compact(r.Data)), nil
}

// onceOfEvent is that of an event's call. No caller's key has a NUL, and the length
// tells where the source ends.
func onceOfEvent(webhook *catalog.Webhook, e *trigger.Event) *store.Once {
	data := e.Data
	if e.JSON() {
		data = compact(data)
	}
	return hashed(webhook, fmt.Sprintf("\x00event %d %s%s", len(e.Source), e.Source, e.ID), append([]byte(e.Type+"\x00"), data...))
}

// hashed hashes a key together with the webhook, and the data. The UID keeps the
// keys of a deleted webhook apart from those of another of its name.
func hashed(webhook *catalog.Webhook, text string, data []byte) *store.Once {
	p := &webhook.Plan
	key := sha256.Sum256([]byte(p.Key.Namespace + "\x00" + p.Key.Name + "\x00" + p.UID + "\x00" + text))
	hash := sha256.Sum256(data)
	return &store.Once{Key: store.OnceKey(key[:16]), Data: [16]byte(hash[:16])}
}

// repeated looks whether a call was accepted under this key, and says so in the
// result. Else the key is claimed until the batch's next flush. Somebody else's
// claim is waited for with none held, so that no two wait for each other.
func (b *batch) repeated(once *store.Once, result *Result) bool {
	for {
		wait := b.intake.claims.claim(once.Key)
		if wait == nil {
			break
		}
		b.flush()
		select {
		case <-wait:
		case <-b.ctx.Done():
			result.Err = b.ctx.Err()
			return true
		}
	}
	b.claims = append(b.claims, once.Key)
	found, err := b.intake.store.Find(once.Key, time.Now())
	switch {
	case errors.Is(err, store.ErrNotFound):
		return false
	case err != nil:
		result.Err = fmt.Errorf("look an idempotency key up: %w", err)
	case found.Data != once.Data:
		result.Err = ErrKeyReused
	default:
		result.Repeat = true
		switch result.Entry, err = b.intake.store.LoadDurable(found.ID); {
		case errors.Is(err, store.ErrNotFound):
			result.Entry, result.Err = nil, ErrCallGone
		case err != nil:
			result.Entry, result.Err = nil, fmt.Errorf("load call %s: %w", found.ID, err)
		}
	}
	return true
}

// release lets the claims of the batch go.
func (b *batch) release() {
	b.intake.claims.release(b.claims)
	b.claims = nil
}
