package controllers

import (
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// registry holds the compiled integrations, which webhooks are compiled
// against.
type registry struct {
	mu      sync.RWMutex
	results map[plan.Key]*compile.IntegrationResult
}

func newRegistry() *registry {
	return &registry{results: map[plan.Key]*compile.IntegrationResult{}}
}

// get returns the result for key, nil if there is none. It must not be changed.
func (r *registry) get(key plan.Key) *compile.IntegrationResult {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.results[key]
}

// set stores a result and reports whether webhooks compile differently with it.
func (r *registry) set(result *compile.IntegrationResult) (changed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	key := result.Plan.Key
	before := r.results[key]
	r.results[key] = result
	return before == nil || !before.SameForWebhooks(result)
}

// remove forgets a result and reports whether there was one.
func (r *registry) remove(key plan.Key) (existed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, existed = r.results[key]
	delete(r.results, key)
	return existed
}
