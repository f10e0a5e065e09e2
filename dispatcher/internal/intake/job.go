package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// job is a call that is to be made.
type job struct {
	webhook *catalog.Webhook // which is ready
	now     time.Time
	values  template.Data
	// attributes and variables are the event's; nil if none makes the call.
	attributes *template.Data
	variables  []template.Variable
	once       *store.Once // nil without an idempotency key
	data       []byte      // the data in JSON, if it is kept
	caller     string
	event      *store.Event
	hops       int
	trace      string // see [store.Call]
}

// render makes the call and reserves its place. One that cannot be rendered is
// finished, with its report.
func (i *Intake) render(entry *store.Entry, j *job, reserve func(plan.Key, int) error) error {
	id, err := uuid.NewV7()
	if err != nil {
		return fmt.Errorf("make a transaction id: %w", err)
	}
	source := &j.webhook.Plan
	entry.Call = store.Call{
		ID: id, Webhook: source.Key, WebhookUID: source.UID, WebhookGeneration: source.Generation,
		SystemName: source.SystemName, CreatedAt: j.now, HasKey: source.HasKey, Integration: source.Integration,
		Hops: j.hops, Data: j.data, Event: j.event, Caller: j.caller, Trace: j.trace,
	}
	span := i.traceRender(&entry.Call)
	defer func() { span.End(time.Now()) }()
	values := j.values.With(template.Host{TransactionalID: id.String(), CreatedAt: j.now, Event: j.attributes, Variables: j.variables})
	if err := j.webhook.Render(&entry.Call, values); err != nil {
		span.Fail(string(plan.OutcomeRenderFailed), "the templates cannot be rendered with this data")
		entry.State = store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: time.Now(), Message: err.Error()}
		report := i.queue.Refused(&entry.Call, entry.State)
		entry.Report = &report
		return nil //nolint:nilerr // the call keeps the error as its outcome
	}
	if err := reserve(source.Key, entry.Call.Size()); err != nil {
		return fmt.Errorf("take in a call of webhook %s: %w", source.Key, err)
	}
	return nil
}

// compact is a JSON text without white space between tokens. It was parsed before.
func compact(text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(text))
	if json.Compact(&b, text) != nil {
		return nil
	}
	return b.Bytes()
}

// jsonOf is a value of a type that can always be encoded, in JSON.
func jsonOf(v any) []byte {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(v) != nil {
		return []byte("null")
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
