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

// Bounds of one step of the store. Pebble keeps the memory of batches of up to 1
// MiB for the next one; with batches of 1,000 calls of 1 KiB it was allocated anew
// each time.
const (
	maxStep      = 500
	maxStepBytes = 768 << 10
	callBytes    = 300 // about what a call takes beside its rendered parts
)

// batch collects calls until a step of the store is full.
type batch struct {
	intake  *Intake
	ctx     context.Context
	key     plan.Key
	webhook *catalog.Webhook
	err     error // why the webhook takes no calls
	now     time.Time

	entries []*store.Entry
	results []*Result // of the entries
	size    int
	claims  []store.OnceKey // held until the entries are durable
	light   []store.Entry   // room for results without headers and body; none for a single request
	taken   int64           // of the room for calls, until the entries are durable
}

// add brings one request as far as it can be: to its result, or into the next step.
func (b *batch) add(r *Request, result *Result) {
	if b.err != nil {
		result.Err = b.err
		return
	}
	entry := &store.Entry{}
	if !b.call(entry, r, result) {
		return
	}
	result.Entry = entry
	b.entries = append(b.entries, entry)
	b.results = append(b.results, result)
	if b.size += entry.Call.Size() + callBytes; len(b.entries) >= maxStep || b.size >= maxStepBytes {
		b.flush()
	}
}

// call parses the data and renders the call, unless the request has its result
// without that. There is room for so much data at one time; nobody waits for it
// who has claims or room for calls, for which others may wait.
func (b *batch) call(entry *store.Entry, r *Request, result *Result) (made bool) {
	if n := int64(len(r.Data)); n >= smallData {
		if !b.intake.data.try(n) {
			b.flush()
			if result.Err = b.intake.data.wait(b.ctx, n); result.Err != nil {
				return false
			}
		}
		defer b.intake.data.leave(n)
	}
	values, err := template.ParseData(r.Data)
	if err != nil {
		result.Err = &DataError{Err: err}
		return false
	}
	if r.HasKey {
		if entry.Once, result.Err = b.intake.onceOf(b.webhook, r); result.Err != nil || b.repeated(entry.Once, result) {
			return false
		}
	}
	if result.Err = b.render(entry, values); result.Err == nil {
		result.Err = b.takeRoom(entry)
	}
	return result.Err == nil
}

// lighten replaces the entries in the results of several requests.
func (b *batch) lighten() {
	for i, entry := range b.entries {
		if cap(b.light) == 0 {
			return
		}
		b.light = append(b.light, store.Entry{Call: entry.Call, State: entry.State})
		light := &b.light[len(b.light)-1]
		light.Call.Headers, light.Call.Body = nil, nil
		b.results[i].Entry = light
	}
}

// render makes the call and counts it. One that cannot be rendered is finished.
func (b *batch) render(entry *store.Entry, values template.Data) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a transaction id: %w", err)
	}
	source := &b.webhook.Plan
	entry.Call = store.Call{
		ID: id, Webhook: b.key, WebhookUID: source.UID, WebhookGeneration: source.Generation,
		SystemName: source.SystemName, CreatedAt: b.now, HasKey: source.HasKey,
	}
	values = values.With(template.Host{TransactionalID: id.String(), CreatedAt: b.now})
	if err := b.webhook.Render(&entry.Call, values); err != nil {
		entry.State = store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: time.Now(), Message: err.Error()}
		report := b.intake.queue.Refused(&entry.Call, entry.State)
		entry.Report = &report
		return nil //nolint:nilerr // the call keeps the error as its outcome
	}
	if err := b.intake.queue.Reserve(b.key, entry.Call.Size()); err != nil {
		return fmt.Errorf("take in a call of webhook %s: %w", b.key, err)
	}
	return nil
}

// flush makes the collected calls durable and tells the queue. The report of a
// call that was refused has counted it, so then there is no way back.
func (b *batch) flush() {
	defer b.release()
	defer b.leaveRoom()
	if len(b.entries) == 0 {
		return
	}
	ctx := b.ctx
	var waiting []*store.Entry
	for _, entry := range b.entries {
		if entry.State.Finished() {
			ctx = context.WithoutCancel(b.ctx)
		} else {
			waiting = append(waiting, entry)
		}
	}
	if err := b.intake.store.Accept(ctx, b.entries...); err != nil {
		b.fail(err, waiting)
	} else {
		b.lighten()
		if len(waiting) > 0 {
			b.intake.queue.Accepted(b.key, waiting...)
		}
		for _, entry := range b.entries {
			if entry.Report != nil {
				b.intake.queue.Publish(*entry.Report)
			}
		}
	}
	b.entries, b.results, b.size = nil, nil, 0
}

// fail gives the collected calls an error instead. The queue is told of one of
// the store, which would else go unnoticed while nothing waits.
func (b *batch) fail(err error, waiting []*store.Entry) {
	err = fmt.Errorf("store calls of webhook %s: %w", b.key, err)
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		b.intake.queue.Fail(err)
	}
	for _, entry := range waiting {
		b.intake.queue.Release(b.key, entry.Call.Size())
	}
	for _, result := range b.results {
		result.Entry, result.Err = nil, err
	}
}
