package catalog

import (
	"maps"
	"slices"
	"strings"
)

// list is the webhooks of a namespace as they were at a version of the catalog. It is
// immutable.
type list struct {
	version  uint64
	webhooks []*Webhook
}

// List returns the webhooks of a namespace in order of name. The slice is shared and must
// not be changed. It is made anew after a change of the catalog, which takes a few
// milliseconds for 10,000.
func (c *Catalog) List(namespace string) []*Webhook {
	if found, ok := c.lists.Load(namespace); ok {
		if l := found.(*list); l.version == c.version.Load() {
			return l.webhooks
		}
	}
	c.mu.RLock()
	l := &list{version: c.version.Load()}
	for key, w := range c.webhooks {
		if key.Namespace == namespace {
			l.webhooks = append(l.webhooks, w)
		}
	}
	c.mu.RUnlock()
	if len(l.webhooks) == 0 { // nothing is kept for whatever namespace is asked for
		c.lists.Delete(namespace)
		return nil
	}
	slices.SortFunc(l.webhooks, func(a, b *Webhook) int { return strings.Compare(a.Plan.Key.Name, b.Plan.Key.Name) })
	c.lists.Store(namespace, l)
	return l.webhooks
}

// Namespaces returns those that have webhooks, in order.
func (c *Catalog) Namespaces() []string {
	c.mu.RLock()
	found := map[string]bool{}
	for key := range c.webhooks {
		found[key.Namespace] = true
	}
	c.mu.RUnlock()
	return slices.Sorted(maps.Keys(found))
}

// Matches reports whether a text, in lower case, is in one of the webhook's names, in
// any case of letters.
func (w *Webhook) Matches(text string) bool {
	has := func(name string) bool { return strings.Contains(strings.ToLower(name), text) }
	return has(w.Plan.Key.Name) || has(w.Plan.SystemName) || has(w.Plan.DisplayName)
}

// maxURLView bounds [Webhook.URLView] in bytes, as in status.
const maxURLView = 10_240

// URLView is the full URL, the root and the suffix one after the other, with its
// placeholders; empty if the webhook is not ready.
func (w *Webhook) URLView(root string) string {
	if w.templates == nil {
		return ""
	}
	view := root + w.templates.URL.View()
	if len(view) > maxURLView {
		return strings.ToValidUTF8(view[:maxURLView], "")
	}
	return view
}
