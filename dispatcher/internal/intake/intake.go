package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// levelAccepted is the level at which calls that are taken in are logged.
const levelAccepted = slog.LevelDebug

// ErrNotConfigured is returned until the first whole configuration has arrived:
// whether the webhook exists is not known yet.
var ErrNotConfigured = errors.New("the dispatcher has not received its configuration yet; try again in a few seconds")

// ErrUnknownWebhook is wrapped by the error for a webhook that does not exist.
var ErrUnknownWebhook = errors.New("no Webhook")

// ErrKeyReused is returned for an idempotency key under which a call with other
// data was accepted before.
var ErrKeyReused = errors.New("this idempotency key was used with other data in the last 24 hours; use a key of its own for each call")

// ErrCallGone is returned for an idempotency key whose call is not in the log any more:
// it has ended, and how is not known.
var ErrCallGone = errors.New("the call that was accepted under this idempotency key has ended and is dropped from the delivery log, so its outcome is not known any more; it is not sent again: use another key if it is to be")

// ErrKeyInvalid is returned for an idempotency key that is empty, longer than
// [MaxKey] or has control characters.
var ErrKeyInvalid = fmt.Errorf("an idempotency key has 1 to %d bytes and no control characters", MaxKey)

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

// Store is where calls are kept. It is package store's Store, whose comments are
// what it promises.
type Store interface {
	Accept(ctx context.Context, entries ...*store.Entry) error
	Find(key store.OnceKey, now time.Time) (store.Accepted, error)
	LoadDurable(id uuid.UUID) (*store.Entry, error)
}

// Queue is told of calls before and after they are durable. It is package
// engine's Engine.
type Queue interface {
	Reserve(webhook plan.Key, size int) error
	ReserveTriggered(webhook plan.Key, size int) error
	Release(webhook plan.Key, size int)
	Accepted(webhook plan.Key, entries ...*store.Entry)
	Refused(call *store.Call, state store.State) plan.Report
	Publish(r plan.Report)
	Fail(err error)
}

// Options are what an [Intake] works with; all fields but the bounds and the
// logger are needed.
type Options struct {
	Catalog *catalog.Catalog
	Store   Store
	Queue   Queue
	// DataBytes bounds the data that is being parsed and rendered at one time, of
	// all requests together: its values take up to 40 times as much memory as
	// their text. CallBytes bounds the rendered calls on their way into the store,
	// which takes them three times. No bound if 0.
	DataBytes, CallBytes int64
	// Accepted is told of calls when they are durable, those included that have ended
	// already; nobody is if nil. It must not block, and must neither change the entries nor
	// keep them. Calls that an outcome of the engine triggers come with its End.
	Accepted func([]*store.Entry)
	// Tracer makes spans of rendering and storing; nil if there are to be none.
	Tracer *tracing.Tracer
	// Logger is told of calls that an outcome would trigger and that cannot be made, and,
	// at the level DEBUG, of each call that is taken in; nobody is told if nil.
	Logger *slog.Logger
}

// Intake takes calls in. Its methods may be called concurrently.
type Intake struct {
	catalog *catalog.Catalog
	store   Store
	queue   Queue
	claims  claims
	data    *room
	calls   *room
	log     *slog.Logger

	accepted func([]*store.Entry)
	tracer   *tracing.Tracer
}

// New makes an intake.
func New(o Options) *Intake {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return &Intake{
		catalog: o.Catalog, store: o.Store, queue: o.Queue, claims: claims{held: map[store.OnceKey]chan struct{}{}},
		data: newRoom(o.DataBytes), calls: newRoom(o.CallBytes), log: o.Logger, accepted: o.Accepted, tracer: o.Tracer,
	}
}

// Request is a call to take in.
type Request struct {
	// Data is a JSON object.
	Data []byte
	// Key is the caller's idempotency key, if HasKey is set: a request with the
	// same key and the same data gets the call of the first one, for
	// [store.OnceWindow]. White space between tokens makes no difference.
	Key    string
	HasKey bool
	// Caller is the name of the authenticated user; empty if there is none.
	Caller string
}

// Result is what became of a [Request].
type Result struct {
	// Entry is the call, which is durable: it waits, or it has already ended with
	// the outcome RenderFailed. It is not to be changed. Of several requests the
	// new calls come without headers and body, so that those are not held until
	// all are stored.
	Entry *store.Entry
	// Repeat says that an earlier request with the same idempotency key brought
	// it; Entry is then its state now.
	Repeat bool
	// Err is set instead: [ErrNotConfigured], [ErrUnknownWebhook],
	// [*NotReadyError], [*DataError], [ErrKeyInvalid], [ErrKeyReused], [ErrCallGone],
	// engine.ErrTooManyWaiting, engine.ErrDeleted, the context's, or one of the
	// store.
	Err error
}

// Accept takes in one call of a webhook.
func (i *Intake) Accept(ctx context.Context, key plan.Key, r Request) Result {
	return i.AcceptAll(ctx, key, []Request{r})[0]
}

// AcceptAll takes in calls of a webhook, which share steps of the store. Each
// has a result of its own, at its place; what one request has wrong is no matter
// to the others.
func (i *Intake) AcceptAll(ctx context.Context, key plan.Key, requests []Request) []Result {
	results := make([]Result, len(requests))
	b := &batch{intake: i, ctx: ctx, now: time.Now(), many: len(requests) > 1, trace: traceOf(ctx)}
	webhook, err := i.webhook(key)
	for n := range requests {
		if err != nil {
			results[n].Err = err
			continue
		}
		b.accept(webhook, &requests[n], &results[n])
	}
	b.flush()
	return results
}

// webhook returns a webhook that takes calls.
func (i *Intake) webhook(key plan.Key) (*catalog.Webhook, error) {
	webhook, err := i.known(key)
	if err == nil && webhook.Plan.NotReady != "" {
		return nil, &NotReadyError{Webhook: key, Reason: webhook.Plan.NotReady}
	}
	return webhook, err
}

// known returns a webhook, ready or not.
func (i *Intake) known(key plan.Key) (*catalog.Webhook, error) {
	if !i.catalog.Complete() { // before the lookup, whose answer it gives the meaning
		return nil, ErrNotConfigured
	}
	webhook := i.catalog.Webhook(key)
	if webhook == nil {
		return nil, fmt.Errorf("there is %w %q in namespace %q", ErrUnknownWebhook, key.Name, key.Namespace)
	}
	return webhook, nil
}
