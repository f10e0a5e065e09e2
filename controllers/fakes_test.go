package controllers_test

import (
	"bytes"
	"net/http"
	"slices"
	"sync"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// catalog is the dispatcher's half of the configuration.
type catalog struct {
	mu           sync.Mutex
	integrations map[plan.Key]*plan.Integration
	webhooks     map[plan.Key]*plan.Webhook
	refuse       map[plan.Ref]string // entries to refuse, and why
	holds        []plan.Ref
	unready      map[plan.Key]int // how often a webhook came as not ready
}

func newCatalog() *catalog {
	return &catalog{
		integrations: map[plan.Key]*plan.Integration{}, webhooks: map[plan.Key]*plan.Webhook{},
		refuse: map[plan.Ref]string{}, unready: map[plan.Key]int{},
	}
}

func (c *catalog) Apply(change control.Change) []control.Result {
	c.mu.Lock()
	defer c.mu.Unlock()
	var results []control.Result
	for _, i := range change.Integrations {
		if why := c.refuse[i.Ref()]; why != "" {
			results = append(results, control.Result{Ref: i.Ref(), Error: why})
			continue
		}
		c.integrations[i.Key] = i
	}
	for _, w := range change.Webhooks {
		if why := c.refuse[w.Ref()]; why != "" {
			results = append(results, control.Result{Ref: w.Ref(), Error: why})
			continue
		}
		c.webhooks[w.Key] = w
		if w.NotReady != "" {
			c.unready[w.Key]++
		}
	}
	for _, ref := range change.Removals {
		if ref.Kind == plan.KindIntegration {
			delete(c.integrations, ref.Key)
		} else {
			delete(c.webhooks, ref.Key)
		}
	}
	return results
}

func (c *catalog) Complete() {}

func (c *catalog) Held() []plan.Ref { return c.holds }

// webhook returns the entry of a webhook; the zero value if there is none.
func (c *catalog) webhook(key plan.Key) plan.Webhook {
	c.mu.Lock()
	defer c.mu.Unlock()
	if w := c.webhooks[key]; w != nil {
		return *w
	}
	return plan.Webhook{}
}

func (c *catalog) integration(key plan.Key) plan.Integration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := c.integrations[key]; i != nil {
		return *i
	}
	return plan.Integration{}
}

// timesUnready returns how often a webhook came as not ready.
func (c *catalog) timesUnready(key plan.Key) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.unready[key]
}

// setRefusal makes the catalog refuse an object's entries, or take them again.
func (c *catalog) setRefusal(kind plan.Kind, key plan.Key, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refuse[plan.Ref{Kind: kind, Key: key}] = why
}

// writeCounter counts the requests that are no reads.
type writeCounter struct {
	mu    sync.Mutex
	paths []string
}

func (c *writeCounter) wrap(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.Method != http.MethodGet {
			c.mu.Lock()
			c.paths = append(c.paths, r.Method+" "+r.URL.String())
			c.mu.Unlock()
		}
		return next.RoundTrip(r)
	})
}

func (c *writeCounter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.paths)
}

// since returns the writes after the first n.
func (c *writeCounter) since(n int) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.paths[n:])
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
