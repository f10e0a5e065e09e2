package catalog

import (
	"sync"
	"sync/atomic"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// Catalog holds the webhooks by key. The zero value is empty and incomplete.
// All methods may be called concurrently.
type Catalog struct {
	mu       sync.RWMutex
	webhooks map[plan.Key]*Webhook
	complete atomic.Bool
	// version counts changes; lists has the *list of each namespace that was asked for.
	version atomic.Uint64
	lists   sync.Map

	// triggered has the *listeners of each namespace that has some.
	triggered sync.Map
}

// Webhook returns the webhook of that key, or nil.
func (c *Catalog) Webhook(key plan.Key) *Webhook {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.webhooks[key]
}

// Matching returns the webhooks of a namespace of which a trigger matches the event,
// in order of name. Those without triggers cost nothing.
func (c *Catalog) Matching(namespace string, e *trigger.Event) []*Webhook {
	l := c.listeners(namespace)
	if l == nil || e.Outcome() && !l.outcomes {
		return nil
	}
	var matching []*Webhook
	for _, w := range l.webhooks {
		if w.matches(e) {
			matching = append(matching, w)
		}
	}
	return matching
}

// MeanOutcomes reports whether an outcome in the namespace can make calls. It takes
// no lock.
func (c *Catalog) MeanOutcomes(namespace string) bool {
	l := c.listeners(namespace)
	return l != nil && l.outcomes
}

// Set adds or replaces a webhook.
func (c *Catalog) Set(w *Webhook) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.webhooks == nil {
		c.webhooks = map[plan.Key]*Webhook{}
	}
	c.webhooks[w.Plan.Key] = w
	c.version.Add(1)
	c.listen(w.Plan.Key, w)
}

// Remove removes a webhook if it is there.
func (c *Catalog) Remove(key plan.Key) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.webhooks, key)
	c.version.Add(1)
	c.listen(key, nil)
}

// SetComplete records that the first whole configuration has arrived: from now
// on a webhook that is not here does not exist.
func (c *Catalog) SetComplete() { c.complete.Store(true) }

// Complete reports whether the first whole configuration has arrived.
func (c *Catalog) Complete() bool { return c.complete.Load() }
