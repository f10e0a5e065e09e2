package catalog

import (
	"sync"
	"sync/atomic"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Catalog holds the webhooks by key. The zero value is empty and incomplete.
// All methods may be called concurrently.
type Catalog struct {
	mu       sync.RWMutex
	webhooks map[plan.Key]*Webhook
	complete atomic.Bool
}

// Webhook returns the webhook of that key, or nil.
func (c *Catalog) Webhook(key plan.Key) *Webhook {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.webhooks[key]
}

// Set adds or replaces a webhook.
func (c *Catalog) Set(w *Webhook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.webhooks == nil {
		c.webhooks = map[plan.Key]*Webhook{}
	}
	c.webhooks[w.Plan.Key] = w
}

// Remove removes a webhook if it is there.
func (c *Catalog) Remove(key plan.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.webhooks, key)
}

// SetComplete records that the first whole configuration has arrived: from now
// on a webhook that is not here does not exist.
func (c *Catalog) SetComplete() { c.complete.Store(true) }

// Complete reports whether the first whole configuration has arrived.
func (c *Catalog) Complete() bool { return c.complete.Load() }
