package metrics

import (
	"cmp"
	"strconv"
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// integrations are the objects of the configuration, and which of them have label sets of
// their own: as many integrations as there are places, in the order in which they came.
// One that goes leaves its place to another. What is unknown or has no place is counted
// under [Other].
type integrations struct {
	make                         func(in labels) *integration
	drop                         func(*integration)
	makeCounters                 func(in labels, webhook string) *counters
	dropCounters                 func(*counters)
	perWebhook                   bool
	maxIntegrations, maxWebhooks int

	mu       sync.RWMutex
	known    map[plan.Key]*integration // nil for one without a place
	webhooks map[plan.Key]*webhook
	members  map[plan.Key]map[plan.Key]*webhook // those of each integration, known or not
	named    int                                // integrations with a place
	apart    int                                // webhooks with counters of their own
	other    *integration
	ready    map[plan.Ref]bool
}

// labels name an integration.
type labels struct{ namespace, name string }

// integration is what is counted of one.
type integration struct {
	labels
	counters  *counters // of webhooks without counters of their own
	durations durations
}

// webhook is one of the configuration.
type webhook struct {
	key         plan.Key
	integration plan.Key
	counters    *counters // nil without ones of its own
}

// setIntegration makes an integration known.
func (i *integrations) setIntegration(key plan.Key, ready bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ready[plan.Ref{Kind: plan.KindIntegration, Key: key}] = ready
	if in, ok := i.known[key]; ok && in != nil {
		return
	}
	i.known[key] = nil
	i.place(key)
}

// place gives an integration a label set, if there is a place. The lock is held.
func (i *integrations) place(key plan.Key) {
	if i.named >= i.maxIntegrations {
		return
	}
	i.named++
	in := i.make(labels{namespace: key.Namespace, name: key.Name})
	i.known[key] = in
	for _, w := range i.members[key] {
		i.name(w, in)
	}
}

// setWebhook makes a webhook known, or moves it to another integration.
func (i *integrations) setWebhook(key, of plan.Key, ready bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.ready[plan.Ref{Kind: plan.KindWebhook, Key: key}] = ready
	if w := i.webhooks[key]; w != nil {
		if w.integration == of {
			return
		}
		i.forget(w)
	}
	w := &webhook{key: key, integration: of}
	i.webhooks[key] = w
	if i.members[of] == nil {
		i.members[of] = map[plan.Key]*webhook{}
	}
	i.members[of][key] = w
	if in := i.known[of]; in != nil {
		i.name(w, in)
	}
}

// name gives a webhook counters of its own, if there is a place. The lock is held.
func (i *integrations) name(w *webhook, in *integration) {
	if i.perWebhook && i.apart < i.maxWebhooks {
		i.apart++
		w.counters = i.makeCounters(in.labels, w.key.String())
	}
}

// unname undoes name. The lock is held.
func (i *integrations) unname(w *webhook) {
	if w.counters != nil {
		i.dropCounters(w.counters)
		w.counters = nil
		i.apart--
	}
}

// forget drops a webhook. The lock is held.
func (i *integrations) forget(w *webhook) {
	i.unname(w)
	delete(i.webhooks, w.key)
	delete(i.members[w.integration], w.key)
	if len(i.members[w.integration]) == 0 {
		delete(i.members, w.integration)
	}
}

// remove forgets an object, with its label sets.
func (i *integrations) remove(ref plan.Ref) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.ready, ref)
	if ref.Kind == plan.KindWebhook {
		if w := i.webhooks[ref.Key]; w != nil {
			i.forget(w)
		}
		return
	}
	in := i.known[ref.Key]
	delete(i.known, ref.Key)
	if in == nil {
		return
	}
	for _, w := range i.members[ref.Key] {
		i.unname(w)
	}
	i.drop(in)
	i.named--
	if next, ok := i.first(); ok {
		i.place(next)
	}
}

// first is the first integration in order of key that has no place. The lock is held.
func (i *integrations) first() (first plan.Key, found bool) {
	if len(i.known) <= i.named {
		return first, false
	}
	for key, in := range i.known {
		if in == nil && (!found || cmp.Or(cmp.Compare(key.Namespace, first.Namespace), cmp.Compare(key.Name, first.Name)) < 0) {
			first, found = key, true
		}
	}
	return first, found
}

// of returns what is counted of a call: by the integration of its webhook as it is now,
// else by the one that it was taken in for. A lock is held, for reading at least.
func (i *integrations) of(webhook, taken plan.Key) (*integration, *counters) {
	w := i.webhooks[webhook]
	if w != nil {
		taken = w.integration
	}
	in := i.known[taken]
	switch {
	case in == nil:
		return i.other, i.other.counters
	case w != nil && w.counters != nil:
		return in, w.counters
	}
	return in, in.counters
}

// labelsOf are the labels of an integration, or those of all others. A lock is held.
func (i *integrations) labelsOf(key plan.Key) labels {
	if in := i.known[key]; in != nil {
		return in.labels
	}
	return i.other.labels
}

// objects counts the objects of the configuration by kind, and by whether they are ready:
// true or false.
func (i *integrations) objects() map[[2]string]int {
	counts := map[[2]string]int{}
	for _, kind := range []plan.Kind{plan.KindIntegration, plan.KindWebhook} {
		counts[[2]string{string(kind), "true"}], counts[[2]string{string(kind), "false"}] = 0, 0
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	for ref, ready := range i.ready {
		counts[[2]string{string(ref.Kind), strconv.FormatBool(ready)}]++
	}
	return counts
}
