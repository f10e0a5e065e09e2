package storetest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Open opens the backend under test on a folder; a second Open after Close finds
// what the first one left.
type Open func(t *testing.T, dir string) (store.Store, error)

// Run runs the suite, each test with folders of its own.
func Run(t *testing.T, open Open) {
	for _, group := range []struct {
		name string
		test func(*testing.T, Open)
	}{
		{"Accept", testAccept},
		{"Begin", testBegin},
		{"End", testEnd},
		{"Triggered", testTriggered},
		{"Result", testResult},
		{"Redelivered", testRedelivered},
		{"Ended", testEnded},
		{"Lists", testLists},
		{"LoadFresh", testLoadFresh},
		{"Once", testOnce},
		{"Reports", testReports},
		{"Log", testLog},
		{"LogRows", testLogRows},
		{"LogText", testLogText},
		{"Open", testOpen},
		{"Concurrent", testConcurrent},
	} {
		t.Run(group.name, func(t *testing.T) { group.test(t, open) })
	}
}

// fixture is a store in a folder of its own.
type fixture struct {
	store.Store
	t    *testing.T
	open Open
	dir  string
}

// start opens a new store and closes it at the end of the test.
func start(t *testing.T, open Open) *fixture {
	t.Helper()
	f := &fixture{t: t, open: open, dir: t.TempDir()}
	f.mustOpen()
	t.Cleanup(f.mustClose)
	return f
}

func (f *fixture) mustOpen() {
	f.t.Helper()
	s, err := f.open(f.t, f.dir)
	if err != nil {
		f.t.Fatalf("open: %v", err)
	}
	f.Store = s
}

func (f *fixture) mustClose() {
	f.t.Helper()
	if err := f.Close(); err != nil {
		f.t.Errorf("close: %v", err)
	}
}

// twice runs a check on the store as it is and after a reopen.
func (f *fixture) twice(check func(t *testing.T)) {
	f.t.Helper()
	f.t.Run("at once", check)
	f.mustClose()
	f.mustOpen()
	f.t.Run("after a reopen", check)
}

func (f *fixture) accept(entries ...*store.Entry) {
	f.t.Helper()
	if err := f.Accept(f.t.Context(), entries...); err != nil {
		f.t.Fatalf("Accept: %v", err)
	}
}

func (f *fixture) begin(marks ...store.Mark) {
	f.t.Helper()
	if err := f.Begin(f.t.Context(), marks...); err != nil {
		f.t.Fatalf("Begin: %v", err)
	}
}

func (f *fixture) end(ends ...*store.End) {
	f.t.Helper()
	if err := f.End(f.t.Context(), ends...); err != nil {
		f.t.Fatalf("End: %v", err)
	}
}

// queues checks all listings of one webhook.
func (f *fixture) queues(t *testing.T, webhook plan.Key, fresh, retries []store.Item) {
	t.Helper()
	got, err := f.Fresh(webhook, 0, 1_000_000)
	same(t, "Fresh", got, fresh, err)
	got, err = f.Retries(webhook, store.Position{}, 1_000_000)
	same(t, "Retries", got, retries, err)
}

// same compares a result with what is wanted; an empty list may be nil.
func same[T any](t *testing.T, what string, got, want []T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	if len(got) == 0 && len(want) == 0 {
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// loaded checks what Load gives for an entry.
func (f *fixture) loaded(t *testing.T, want *store.Entry) {
	t.Helper()
	got, err := f.Load(want.Call.ID)
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	if diff := cmp.Diff(&store.Entry{Call: want.Call, State: want.State}, got); diff != "" {
		t.Errorf("Load (-want +got):\n%s", diff)
	}
}

// absent checks that the store does not know an id.
func (f *fixture) absent(t *testing.T, id uuid.UUID) {
	t.Helper()
	if entry, err := f.Load(id); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Load of an unknown call = %v, %v; want ErrNotFound", entry, err)
	}
}

// epoch is a moment with nanoseconds, which a store must not round.
var epoch = time.Date(2026, 11, 23, 12, 30, 15, 123456789, time.UTC)

var lane = plan.Key{Namespace: "shop", Name: "order-paid"}

// entry is a waiting call with every field set.
func entry(webhook plan.Key) *store.Entry {
	return &store.Entry{Call: store.Call{
		ID:                uuid.Must(uuid.NewV7()),
		Webhook:           webhook,
		WebhookUID:        "4f9b1e2c-0000-4000-8000-000000000001",
		WebhookGeneration: 7,
		SystemName:        "orderPaid",
		CreatedAt:         epoch,
		HasKey:            true,
		Method:            "POST",
		Suffix:            "/orders/17?x=ä",
		InheritedOff:      []string{"Authorization"},
		Headers:           []store.Header{{Name: "X-Order", Value: "17"}, {Name: "X-Empty"}},
		HasBody:           true,
		Body:              []byte(`{"order":17}`),
		Hops:              2,
		Data:              []byte(`{"Id":17}`),
		Event:             &store.Event{ID: "e-17", Source: "/shop", Type: "order.paid"},
		Caller:            "system:serviceaccount:shop:checkout",
	}}
}

// entries are n waiting calls.
func entries(webhook plan.Key, n int) []*store.Entry {
	list := make([]*store.Entry, n)
	for i := range list {
		list[i] = entry(webhook)
	}
	return list
}

// fresh is the listing of calls that wait for their first attempt.
func fresh(entries ...*store.Entry) []store.Item {
	items := make([]store.Item, len(entries))
	for i, e := range entries {
		items[i] = store.Item{ID: e.Call.ID, Seq: e.Call.Seq, Size: e.Call.Size()}
	}
	return items
}

// retries is the listing of calls that wait for a further one.
func retries(entries ...*store.Entry) []store.Item {
	items := fresh(entries...)
	for i, e := range entries {
		items[i].Due = e.State.Due
	}
	return items
}

// row is a log row with every field set.
func row(e *store.Entry, number int) *store.Attempt {
	return &store.Attempt{
		ID:                    e.Call.ID,
		Number:                number,
		Begun:                 epoch.Add(time.Duration(number) * time.Minute),
		Duration:              1234567 * time.Nanosecond,
		Reason:                plan.ReasonServerError,
		Integration:           plan.Key{Namespace: "shop", Name: "crm"},
		IntegrationGeneration: 3,
		Method:                "POST",
		URL:                   "https://crm.example/orders/17",
		RequestHeaders:        []store.Header{{Name: "Authorization", Value: plan.Redacted}},
		StatusCode:            503,
		ResponseHeaders:       []store.Header{{Name: "X-Latin1", Value: "caf\xe9"}},
		ResponseBody:          []byte("try\x00later\xff"),
		ResponseCut:           true,
		Message:               fmt.Sprintf("attempt %d got 503", number),
	}
}

// ending is the row that a call has finished with.
func ending(row *store.Attempt) *store.Attempt {
	row.Outcome = plan.OutcomeSucceeded
	return row
}

// report is a report with every field set.
func report(e *store.Entry, seq uint64) *plan.Report {
	return &plan.Report{
		Webhook:             e.Call.Webhook,
		WebhookUID:          e.Call.WebhookUID,
		Seq:                 seq,
		TransactionID:       e.Call.ID.String(),
		Time:                epoch.Add(time.Hour),
		Outcome:             plan.OutcomeExhausted,
		StatusCode:          503,
		Attempts:            4,
		Duration:            6 * time.Minute,
		Message:             "the receiver answered 503",
		LastSuccess:         epoch.Add(-time.Hour),
		ConsecutiveFailures: 2,
	}
}

// waiting is the state after n attempts, with the next one due at a time.
func waiting(n int, due time.Time) store.State {
	return store.State{Attempts: n, Due: due, StatusCode: 503, Message: "the receiver answered 503"}
}

// finished is the state of a call with its outcome.
func finished(n int) store.State {
	return store.State{
		Attempts:   n,
		Outcome:    plan.OutcomeSucceeded,
		EndedAt:    epoch.Add(time.Hour),
		StatusCode: 204,
		Message:    "the receiver answered 204",
	}
}

// advance makes the step from the entry's state to another and keeps it in the entry.
func advance(e *store.Entry, now store.State) *store.End {
	step := &store.End{Call: &e.Call, Was: e.State, Now: now}
	e.State = now
	return step
}

// body is n bytes that no compression makes small and no text codec leaves alone.
func body(n int) []byte {
	var b bytes.Buffer
	for x := uint32(1); b.Len() < n; {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b.WriteByte(byte(x))
	}
	return b.Bytes()
}
