package control

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// recorder is a catalog that remembers what it was told.
type recorder struct {
	mu       sync.Mutex
	entries  map[plan.Ref]any
	applied  []Change
	times    []time.Time
	complete int
	known    int // entries when the first whole configuration had arrived
	held     []plan.Ref
	refuse   map[plan.Ref]string
}

func newRecorder() *recorder {
	return &recorder{entries: make(map[plan.Ref]any), refuse: make(map[plan.Ref]string)}
}

func (r *recorder) Apply(c Change) []Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.applied, r.times = append(r.applied, c), append(r.times, time.Now())
	var results []Result
	for _, i := range c.Integrations {
		results = append(results, r.take(i.Ref(), i))
	}
	for _, w := range c.Webhooks {
		results = append(results, r.take(w.Ref(), w))
	}
	for _, ref := range c.Removals {
		delete(r.entries, ref)
	}
	return results
}

func (r *recorder) take(ref plan.Ref, content any) Result {
	text := r.refuse[ref]
	if text == "" {
		r.entries[ref] = content
	}
	return Result{Ref: ref, Error: text}
}

func (r *recorder) Complete() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.complete++
	r.known = len(r.entries)
}

func (r *recorder) Held() []plan.Ref {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.held)
}

// upserts and removals list everything told so far, in order.
func (r *recorder) upserts() (refs []plan.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.applied {
		for _, i := range c.Integrations {
			refs = append(refs, i.Ref())
		}
		for _, w := range c.Webhooks {
			refs = append(refs, w.Ref())
		}
	}
	return refs
}

func (r *recorder) removals() (refs []plan.Ref) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.applied {
		refs = append(refs, c.Removals...)
	}
	return refs
}

// entry is the content the catalog has, nil if none.
func (r *recorder) entry(ref plan.Ref) any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.entries[ref]
}

func (r *recorder) completions() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.complete
}

// manager is a server that runs and what its functions were called with.
type manager struct {
	*Server

	mu      sync.Mutex
	changed []plan.Ref
	reports []plan.Report
}

func newManager(log *slog.Logger) *manager {
	m := &manager{}
	m.Server = NewServer(ServerOptions{Logger: log, Changed: m.onChanged, Outcomes: m.onOutcomes})
	return m
}

func (m *manager) onChanged(ref plan.Ref) {
	m.State(ref) // deadlocks if the lock is held
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changed = append(m.changed, ref)
}

func (m *manager) onOutcomes(reports []plan.Report) {
	m.Done(nil) // deadlocks if the lock is held
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reports = append(m.reports, reports...)
}

func (m *manager) changes() []plan.Ref {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.changed)
}

func (m *manager) outcomesSoFar() []plan.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.reports)
}

// start runs the server on the socket until the test ends or stop is called.
func (m *manager) start(t *testing.T, socket string) (stop func()) {
	t.Helper()
	return background(t, func(ctx context.Context) error { return m.Serve(ctx, socket) })
}

// connect runs the client until the test ends or stop is called.
func connect(t *testing.T, c *Client) (stop func()) {
	t.Helper()
	return background(t, c.Run)
}

// background runs f until the test ends or stop is called, and waits for it.
func background(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := f(ctx); err != nil {
			t.Errorf("ended with %v", err)
		}
	}()
	stop = func() { cancel(); <-done }
	t.Cleanup(stop)
	return stop
}

// newSocket returns a path in a new folder short enough for a socket.
func newSocket(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "control")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return filepath.Join(dir, "s")
}

// await waits until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited 20 s for: %s", what)
		}
	}
}

// accepted returns a condition: all refs have an answer without error.
func (m *manager) accepted(refs ...plan.Ref) func() bool {
	return func() bool {
		for _, ref := range refs {
			if s := m.State(ref); !s.Answered || s.Error != "" {
				return false
			}
		}
		return true
	}
}

func integration(name string) plan.Integration {
	return plan.Integration{Key: plan.Key{Namespace: "shop", Name: name}, Generation: 1, URL: "https://api.example.com", MaxConcurrency: 64}
}

func webhook(name string) plan.Webhook {
	return plan.Webhook{
		Key: plan.Key{Namespace: "shop", Name: name}, UID: "uid-" + name, Generation: 1,
		Integration: plan.Key{Namespace: "shop", Name: "api"}, SystemName: name, Method: "POST",
	}
}

func webhookRef(name string) plan.Ref { w := webhook(name); return w.Ref() }

func numbered(i int) string { return fmt.Sprintf("webhook-%05d", i) }

// textLog is a logger into a buffer that may be read while it is written.
type textLog struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *textLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *textLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

func (l *textLog) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
