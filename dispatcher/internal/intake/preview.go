package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// PreviewID is the transaction id of every preview: a UUIDv7 of the year 1970, which
// no call has.
var PreviewID = uuid.MustParse("00000000-0000-7000-8000-000000000000")

// RenderError is the error of a preview whose templates cannot be rendered with
// the data. A call would end as RenderFailed.
type RenderError struct{ Errors parts.Errors }

// Error returns all errors on one line, without the data.
func (e *RenderError) Error() string { return e.Errors.Error() }

// Preview renders a call as [Intake.Accept] would, now and with [PreviewID], and
// leaves it at that. The error is [ErrNotConfigured], [ErrUnknownWebhook],
// [*NotReadyError], [*DataError], [*RenderError] or the context's.
func (i *Intake) Preview(ctx context.Context, key plan.Key, data []byte) (*store.Call, error) {
	webhook, err := i.webhook(key)
	if err != nil {
		return nil, err
	}
	if n := int64(len(data)); n >= smallData {
		if err := i.data.wait(ctx, n); err != nil {
			return nil, fmt.Errorf("wait for memory to render a preview of webhook %s: %w", key, err)
		}
		defer i.data.leave(n)
	}
	values, err := template.ParseData(data)
	if err != nil {
		return nil, &DataError{Err: err}
	}
	source, now := &webhook.Plan, time.Now()
	call := &store.Call{
		ID: PreviewID, Webhook: key, WebhookUID: source.UID, WebhookGeneration: source.Generation,
		SystemName: source.SystemName, CreatedAt: now, HasKey: source.HasKey, Integration: source.Integration,
	}
	values = values.With(template.Host{TransactionalID: call.ID.String(), CreatedAt: now})
	var errs parts.Errors
	if err = webhook.Render(call, values); errors.As(err, &errs) {
		return nil, &RenderError{errs}
	}
	return call, err
}

// Knows returns [ErrNotConfigured] or [ErrUnknownWebhook] if there is no such
// webhook, ready or not.
func (i *Intake) Knows(key plan.Key) error {
	_, err := i.known(key)
	return err
}
