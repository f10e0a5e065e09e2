package intake

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var key = plan.Key{Namespace: "ns", Name: "wh"}

// fake is a store and a queue that note what happened.
type fake struct {
	accept error // of Accept
	block  chan struct{}
	known  map[store.OnceKey]*store.Entry

	full      error  // of Reserve
	fullOf    string // the webhook; empty for all
	accepted  []*store.Entry
	steps     []string
	bodies    []string // of what was accepted
	failed    error
	published []plan.Report
}

func (f *fake) Accept(ctx context.Context, entries ...*store.Entry) error {
	f.steps = append(f.steps, fmt.Sprint("accept ", len(entries)))
	if f.block != nil {
		<-f.block
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, e := range entries {
		f.bodies = append(f.bodies, string(e.Call.Body))
		f.accepted = append(f.accepted, e)
		if e.Once != nil && f.accept == nil {
			f.known[e.Once.Key] = e
		}
	}
	return f.accept
}

func (f *fake) Find(key store.OnceKey, _ time.Time) (store.Accepted, error) {
	if e := f.known[key]; e != nil {
		return store.Accepted{ID: e.Call.ID, Data: e.Once.Data}, nil
	}
	return store.Accepted{}, store.ErrNotFound
}

func (f *fake) LoadDurable(id uuid.UUID) (*store.Entry, error) {
	return &store.Entry{Call: store.Call{ID: id}, State: store.State{Outcome: plan.OutcomeSucceeded}}, nil
}

func (f *fake) Reserve(k plan.Key, _ int) error {
	f.steps = append(f.steps, "reserve")
	if f.fullOf != "" && f.fullOf != k.Name {
		return nil
	}
	return f.full
}
func (f *fake) ReserveTriggered(plan.Key, int) error {
	f.steps = append(f.steps, "reserve triggered")
	return nil
}
func (f *fake) Release(plan.Key, int) { f.steps = append(f.steps, "release") }
func (f *fake) Publish(r plan.Report) { f.published = append(f.published, r) }
func (f *fake) Fail(err error)        { f.failed = err }
func (f *fake) Accepted(_ plan.Key, entries ...*store.Entry) {
	f.steps = append(f.steps, fmt.Sprint("accepted ", len(entries)))
}
func (f *fake) Refused(c *store.Call, s store.State) plan.Report {
	return plan.Report{Webhook: c.Webhook, Outcome: s.Outcome}
}

// newIntake is an intake of one webhook, whose body needs a name.
func newIntake(t *testing.T, f *fake) (*Intake, *catalog.Catalog) {
	t.Helper()
	w, err := catalog.Compile(plan.Webhook{
		Key: key, UID: "uid", Generation: 3, SystemName: "wh", Method: "POST", HasKey: true,
		Headers: []plan.HeaderTemplate{{Name: "X-Name", Value: "${name}"}}, HasBody: true, Body: "${name}",
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &catalog.Catalog{}
	c.Set(w)
	c.SetComplete()
	f.known = map[store.OnceKey]*store.Entry{}
	return New(Options{Catalog: c, Store: f, Queue: f}), c
}

// accept hands in one call without an idempotency key.
func accept(ctx context.Context, in *Intake, data []byte) (*store.Entry, error) {
	r := in.Accept(ctx, key, Request{Data: data})
	return r.Entry, r.Err
}

func wantSteps(t *testing.T, f *fake, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, f.steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestACallIsReservedStoredAndTold(t *testing.T) {
	f := &fake{}
	in, _ := newIntake(t, f)
	entry, err := accept(t.Context(), in, []byte(`{"name": "Ada"}`))
	if err != nil || string(entry.Call.Body) != "Ada" || entry.State.Finished() {
		t.Fatalf("Accept: %+v, %v", entry, err)
	}
	wantSteps(t, f, "reserve", "accept 1", "accepted 1")
	call := entry.Call
	if !call.HasKey || call.WebhookUID != "uid" || call.WebhookGeneration != 3 || call.SystemName != "wh" || call.CreatedAt.IsZero() {
		t.Errorf("the call is %+v", call)
	}
}

func TestAFailedStoreIsToldToTheQueue(t *testing.T) {
	for _, data := range []string{`{"name": "Ada"}`, `{}`} {
		f := &fake{accept: errors.New("the disk is gone")}
		in, _ := newIntake(t, f)
		if _, err := accept(t.Context(), in, []byte(data)); !errors.Is(err, f.accept) || !errors.Is(f.failed, f.accept) {
			t.Errorf("%s: Accept: %v; the queue was told %v", data, err, f.failed)
		}
		if len(f.published) > 0 {
			t.Errorf("%s: reported %v, which is not durable", data, f.published)
		}
	}
}

func TestACallerWhoHasGone(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	f := &fake{}
	in, _ := newIntake(t, f)
	if _, err := accept(gone, in, []byte(`{"name": "Ada"}`)); !errors.Is(err, context.Canceled) || f.failed != nil {
		t.Errorf("Accept: %v; the queue was told of a failed store: %v", err, f.failed)
	}
	wantSteps(t, f, "reserve", "accept 1", "release")
	if _, err := accept(gone, in, []byte(`{}`)); err != nil || len(f.published) != 1 {
		t.Errorf("a call that cannot be rendered: %v, reports %v; want it counted and kept", err, f.published)
	}
}

func TestNothingIsTakenInBeforeTheWholeConfiguration(t *testing.T) {
	f := &fake{}
	in, c := newIntake(t, f)
	in.catalog = &catalog.Catalog{}
	in.catalog.Set(c.Webhook(key)) // the part with this webhook has come
	if _, err := accept(t.Context(), in, []byte(`{"name": "Ada"}`)); !errors.Is(err, ErrNotConfigured) {
		t.Errorf("Accept: %v", err)
	}
	if len(f.steps) > 0 {
		t.Errorf("steps %v", f.steps)
	}
}

func TestACallThatCannotBeRenderedEndsAtOnce(t *testing.T) {
	for _, data := range []string{`{}`, `{"name": "a\r\nX-Injected: b"}`} {
		f := &fake{}
		in, _ := newIntake(t, f)
		entry, err := accept(t.Context(), in, []byte(data))
		if err != nil || entry.State.Outcome != plan.OutcomeRenderFailed || entry.Report == nil || len(f.published) != 1 {
			t.Errorf("%s: %+v, %v, reports %v; want it stored with its outcome and report", data, entry, err, f.published)
		}
		wantSteps(t, f, "accept 1")
	}
}
