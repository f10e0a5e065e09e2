package intake

import (
	"bytes"
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// EventResult is what became of an event for one webhook that it matches.
type EventResult struct {
	Webhook plan.Key
	// Result is as for a request whose idempotency key is the event's source and id.
	Result
}

// EventResults is what became of an event: the webhooks that it matches in order of
// name, none if it matches none, or the error, which is [ErrNotConfigured], a
// [*DataError] or the context's.
type EventResults struct {
	Webhooks []EventResult
	Err      error
}

// AcceptEvent takes in the calls that an event makes of the webhooks of a
// namespace; see [Intake.AcceptEvents].
func (i *Intake) AcceptEvent(ctx context.Context, namespace string, e *trigger.Event, caller string) ([]EventResult, error) {
	r := i.AcceptEvents(ctx, namespace, []*trigger.Event{e}, caller)[0]
	return r.Webhooks, r.Err
}

// AcceptEvents takes in the calls that events make of the webhooks of a namespace,
// in the order of the events. They share steps of the store; those of one event are
// one step if they fit into it, and an event that comes again, with the same source
// and id, finds the calls that it made. So a webhook that takes no call now does not
// keep the others from theirs: its result has the error, and the sender sends the
// event again. No event may be of the types that begin with [plan.OutcomePrefix].
func (i *Intake) AcceptEvents(ctx context.Context, namespace string, events []*trigger.Event, caller string) []EventResults {
	results := make([]EventResults, len(events))
	b := &batch{intake: i, ctx: ctx, now: time.Now(), many: len(events) > 1, trace: traceOf(ctx)}
	for n, e := range events {
		if !i.catalog.Complete() { // before the lookup, whose answer it gives the meaning
			results[n].Err = ErrNotConfigured
			continue
		}
		results[n].Webhooks, results[n].Err = b.event(namespace, e, caller)
	}
	b.flush()
	return results
}

// event adds the calls of an event.
func (b *batch) event(namespace string, e *trigger.Event, caller string) ([]EventResult, error) {
	matching := b.intake.catalog.Matching(namespace, e)
	if len(matching) == 0 {
		return nil, nil
	}
	text := dataOf(e)
	leave, err := b.enterData(len(text))
	if err != nil {
		return nil, err
	}
	defer leave()
	common := job{now: b.now, caller: caller, event: &store.Event{ID: e.ID, Source: e.Source, Type: e.Type}}
	var span *tracing.Span
	common.trace, span = b.traceEvent(e)
	defer func() { span.End(time.Now()) }()
	if common.values, err = template.ParseData(text); err == nil {
		common.attributes, err = attributesOf(e)
	}
	if err != nil {
		return nil, &DataError{Err: err}
	}
	if b.intake.catalog.MeanOutcomes(namespace) {
		common.data = compact(text)
	}
	b.many = b.many || len(matching) > 1
	results := make([]EventResult, len(matching))
	for n, webhook := range matching {
		results[n].Webhook = webhook.Plan.Key
		if webhook.Plan.NotReady != "" {
			results[n].Err = &NotReadyError{Webhook: webhook.Plan.Key, Reason: webhook.Plan.NotReady}
			continue
		}
		j := common
		j.webhook, j.once = webhook, onceOfEvent(webhook, e)
		b.add(&j, &results[n].Result)
	}
	return results, nil
}

// dataOf is an event's data as the templates see it: a JSON object as it is, {} for
// none, and {"Data": …} for anything else: the JSON value, the text, or base64 of
// what is no UTF-8.
func dataOf(e *trigger.Event) []byte {
	if e.Data == nil {
		return []byte("{}")
	}
	if !e.JSON() {
		text := string(e.Data)
		if !utf8.ValidString(text) {
			text = base64.StdEncoding.EncodeToString(e.Data)
		}
		return wrapped(jsonOf(text))
	}
	if bytes.HasPrefix(bytes.TrimLeft(e.Data, " \t\r\n"), []byte("{")) {
		return e.Data
	}
	return wrapped(e.Data)
}

// wrapped is the object whose member Data is a JSON value.
func wrapped(value []byte) []byte {
	return slices.Concat([]byte(`{"Data":`), value, []byte("}"))
}

// attributeNames are the names of the attributes in templates.
var attributeNames = map[string]string{
	"id": "Id", "source": "Source", "type": "Type", "subject": "Subject", "time": "Time", "specversion": "SpecVersion",
	"datacontenttype": "DataContentType", "dataschema": "DataSchema",
}

// attributesOf are the attributes of an event as the templates see them.
func attributesOf(e *trigger.Event) (*template.Data, error) {
	attributes := map[string]string{}
	e.Attributes(func(name, value string) {
		if known := attributeNames[name]; known != "" {
			name = known
		}
		attributes[name] = strings.ToValidUTF8(value, "\uFFFD")
	})
	return template.Attributes(attributes)
}
