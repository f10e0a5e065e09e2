package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// ErrNotConfigured is returned until the first whole configuration has arrived:
// whether the webhook exists is not known yet.
var ErrNotConfigured = errors.New("the dispatcher has not received its configuration yet; try again in a few seconds")

// ErrUnknownWebhook is wrapped by the error for a webhook that does not exist.
var ErrUnknownWebhook = errors.New("no Webhook")

// NotReadyError is returned for a webhook that exists but takes no calls.
type NotReadyError struct {
	Webhook plan.Key
	Reason  string // one sentence, from its conditions
}

// Error returns one sentence with the reason.
func (e *NotReadyError) Error() string {
	return fmt.Sprintf("webhook %s takes no calls now: %s", e.Webhook, e.Reason)
}

// DataError is returned for data that is not a JSON object.
type DataError struct{ Err error }

// Error returns one sentence without the data.
func (e *DataError) Error() string { return "the call's data cannot be used: " + e.Err.Error() }

// Unwrap returns the cause.
func (e *DataError) Unwrap() error { return e.Err }

// Queue is told of calls before and after they are durable. It is package
// engine's Engine.
type Queue interface {
	Reserve(webhook plan.Key) error
	Release(webhook plan.Key)
	Accepted(webhook plan.Key, seq uint64)
	Refused(call *store.Call, state store.State) plan.Report
	Publish(r plan.Report)
	Fail(err error)
}

// Options are what an [Intake] works with; all fields are needed.
type Options struct {
	Catalog *catalog.Catalog
	Store   store.Store
	Queue   Queue
}

// Intake takes calls in. Its methods may be called concurrently.
type Intake struct {
	catalog *catalog.Catalog
	store   store.Store
	queue   Queue
}

// New makes an intake.
func New(o Options) *Intake { return &Intake{catalog: o.Catalog, store: o.Store, queue: o.Queue} }

// Accept takes in one call of a webhook with data, a JSON object. When it
// returns an entry, the call is durable: it waits, or it has already ended with
// the outcome RenderFailed. Errors are [ErrNotConfigured], [ErrUnknownWebhook],
// [*NotReadyError], [*DataError], engine.ErrTooManyWaiting, engine.ErrDeleted,
// the context's, and those of the store.
func (i *Intake) Accept(ctx context.Context, key plan.Key, data []byte) (*store.Entry, error) {
	webhook, err := i.webhook(key)
	if err != nil {
		return nil, err
	}
	values, err := template.ParseData(data)
	if err != nil {
		return nil, &DataError{Err: err}
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make a transaction id: %w", err)
	}
	now := time.Now()
	entry := &store.Entry{Call: store.Call{
		ID: id, Webhook: key, WebhookUID: webhook.Plan.UID, WebhookGeneration: webhook.Plan.Generation,
		SystemName: webhook.Plan.SystemName, CreatedAt: now, HasKey: webhook.Plan.HasKey,
	}}
	values = values.With(template.Host{TransactionalID: id.String(), CreatedAt: now})
	if err := webhook.Render(&entry.Call, values); err != nil {
		return i.refuse(ctx, entry, err)
	}
	if err := i.queue.Reserve(key); err != nil {
		return nil, fmt.Errorf("take in a call of webhook %s: %w", key, err)
	}
	if err := i.keep(ctx, entry); err != nil {
		i.queue.Release(key)
		return nil, err
	}
	i.queue.Accepted(key, entry.Call.Seq)
	return entry, nil
}

// webhook returns a webhook that takes calls.
func (i *Intake) webhook(key plan.Key) (*catalog.Webhook, error) {
	if !i.catalog.Complete() { // before the lookup, whose answer it gives the meaning
		return nil, ErrNotConfigured
	}
	webhook := i.catalog.Webhook(key)
	switch {
	case webhook == nil:
		return nil, fmt.Errorf("there is %w %q in namespace %q", ErrUnknownWebhook, key.Name, key.Namespace)
	case webhook.Plan.NotReady != "":
		return nil, &NotReadyError{Webhook: key, Reason: webhook.Plan.NotReady}
	}
	return webhook, nil
}

// refuse stores a call that cannot be rendered, together with its outcome.
func (i *Intake) refuse(ctx context.Context, entry *store.Entry, cause error) (*store.Entry, error) {
	// The report counts the call, so there is no way back from here on.
	ctx = context.WithoutCancel(ctx)
	entry.State = store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: time.Now(), Message: cause.Error()}
	report := i.queue.Refused(&entry.Call, entry.State)
	entry.Report = &report
	if err := i.keep(ctx, entry); err != nil {
		return nil, err
	}
	i.queue.Publish(report)
	return entry, nil
}

// keep makes a call durable. The queue is told of an error of the store, which
// would else go unnoticed while nothing waits.
func (i *Intake) keep(ctx context.Context, entry *store.Entry) error {
	err := i.store.Accept(ctx, entry)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("store a call of webhook %s: %w", entry.Call.Webhook, err)
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		i.queue.Fail(err)
	}
	return err
}
