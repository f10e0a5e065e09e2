package intake

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
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

// batch collects calls, of one webhook or several, until a step of the store is
// full.
type batch struct {
	intake *Intake
	ctx    context.Context
	now    time.Time

	entries []*store.Entry
	results []*Result // of the entries
	// followed are the calls that the outcomes of those entries trigger that have
	// already ended.
	followed []*store.Entry
	size     int
	claims   []store.OnceKey // held until the entries are durable
	many     bool            // several calls: the results come without headers and body
	taken    int64           // of the room for calls, until the entries are durable
	trace    string          // see [traceOf]
}

// accept parses the data of a request for a webhook and adds the call.
func (b *batch) accept(webhook *catalog.Webhook, r *Request, result *Result) {
	leave, err := b.enterData(len(r.Data))
	if err != nil {
		result.Err = err
		return
	}
	defer leave()
	j := job{webhook: webhook, now: b.now, caller: r.Caller, trace: b.trace}
	if j.values, err = template.ParseData(r.Data); err != nil {
		result.Err = &DataError{Err: err}
		return
	}
	if r.HasKey {
		if j.once, result.Err = onceOf(webhook, r); result.Err != nil {
			return
		}
	}
	if b.intake.catalog.MeanOutcomes(webhook.Plan.Key.Namespace) {
		j.data = compact(r.Data)
	}
	b.add(&j, result)
}

// enterData takes room for data of n bytes to be parsed. There is room for so much
// data at one time; nobody waits for it who has claims or room for calls, for which
// others may wait.
func (b *batch) enterData(n int) (leave func(), err error) {
	if n < smallData {
		return func() {}, nil
	}
	if size := int64(n); !b.intake.data.try(size) {
		b.flush()
		if err := b.intake.data.wait(b.ctx, size); err != nil {
			return nil, err
		}
	}
	return func() { b.intake.data.leave(int64(n)) }, nil
}

// add brings one call as far as it can be: to its result, or into the next step.
func (b *batch) add(j *job, result *Result) {
	if j.once != nil && b.repeated(j.once, result) {
		return
	}
	entry := &store.Entry{Once: j.once}
	if result.Err = b.intake.render(entry, j, b.intake.queue.Reserve); result.Err == nil {
		result.Err = b.takeRoom(entry)
	}
	if result.Err != nil {
		return
	}
	result.Entry = entry
	b.entries = append(b.entries, entry)
	b.results = append(b.results, result)
	b.size += entry.Call.Size() + callBytes
	if entry.State.Finished() {
		for _, next := range b.intake.Follow(&entry.Call, entry.State, nil) {
			b.followed = append(b.followed, next)
			b.size += next.Call.Size() + callBytes
		}
	}
	if len(b.entries)+len(b.followed) >= maxStep || b.size >= maxStepBytes {
		b.flush()
	}
}

// lighten replaces the entries in the results of several requests.
func (b *batch) lighten() {
	if !b.many {
		return
	}
	lights := make([]store.Entry, len(b.entries))
	for i, entry := range b.entries {
		light := &lights[i]
		light.Call, light.State = entry.Call, entry.State
		light.Call.Headers, light.Call.Body, light.Call.Data = nil, nil, nil
		b.results[i].Entry = light
	}
}

// flush makes the collected calls durable and tells the queue. The report of a
// call that was refused has counted it, so then there is no way back.
func (b *batch) flush() {
	defer b.release()
	defer b.leaveRoom()
	if len(b.entries) == 0 {
		return
	}
	all := slices.Concat(b.entries, b.followed)
	ctx, waiting := b.ctx, make([]*store.Entry, 0, len(all))
	for _, entry := range all {
		if entry.State.Finished() {
			ctx = context.WithoutCancel(b.ctx)
		} else {
			waiting = append(waiting, entry)
		}
	}
	began := time.Now()
	if err := b.intake.store.Accept(ctx, all...); err != nil {
		b.fail(err, waiting)
	} else {
		b.traceStore(began, len(all))
		b.tellAccepted(all)
		if b.intake.accepted != nil {
			b.intake.accepted(all)
		}
		b.lighten()
		b.intake.hand(waiting)
		for _, entry := range all {
			if entry.Report != nil {
				b.intake.queue.Publish(*entry.Report)
			}
		}
	}
	b.entries, b.results, b.followed, b.size = nil, nil, nil, 0
}

// hand tells the queue of durable calls, those of one webhook that follow each
// other at once.
func (i *Intake) hand(waiting []*store.Entry) {
	for len(waiting) > 0 {
		key := waiting[0].Call.Webhook
		n := slices.IndexFunc(waiting, func(e *store.Entry) bool { return e.Call.Webhook != key })
		if n < 0 {
			n = len(waiting)
		}
		i.queue.Accepted(key, waiting[:n:n]...)
		waiting = waiting[n:]
	}
}

// fail gives the collected calls an error instead. The queue is told of one of
// the store, which would else go unnoticed while nothing waits.
func (b *batch) fail(err error, waiting []*store.Entry) {
	if !errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) {
		b.intake.queue.Fail(fmt.Errorf("store calls: %w", err))
	}
	for _, entry := range waiting {
		b.intake.queue.Release(entry.Call.Webhook, entry.Call.Size())
	}
	for i, result := range b.results {
		result.Entry, result.Err = nil, fmt.Errorf("store calls of webhook %s: %w", b.entries[i].Call.Webhook, err)
	}
}
