package engine

import "github.com/maestra-io/webhook-operator/dispatcher/plan"

// What the store asks to know how much of the log is kept; see store.Policy.

// IntegrationOf returns the integration of a webhook; false if the webhook is not known.
func (e *Engine) IntegrationOf(webhook plan.Key) (plan.Key, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[webhook]
	if l == nil || l.plan == nil {
		return plan.Key{}, false
	}
	return l.plan.Integration, true
}

// LogRetention returns how long the log of an integration is kept; the zero value, which
// is as long as that of all, if the integration is not known.
func (e *Engine) LogRetention(integration plan.Key) plan.LogRetention {
	e.mu.Lock()
	defer e.mu.Unlock()
	in := e.integrations[integration]
	if in == nil || in.plan == nil {
		return plan.LogRetention{}
	}
	return in.plan.LogRetention
}
