package catalog

import (
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/response"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// Webhook is a webhook ready to be called: its plan and its compiled templates.
// It is immutable.
type Webhook struct {
	Plan plan.Webhook

	templates *parts.Templates // nil if it is not ready
}

// Compile compiles the webhook's templates and judges its response. The manager has compiled them
// before, so an error means that the two processes are of different versions.
func Compile(p plan.Webhook) (*Webhook, error) {
	w := &Webhook{Plan: p}
	if p.NotReady != "" {
		return w, nil
	}
	var err error
	if w.templates, err = parts.Compile(&w.Plan); err != nil {
		return nil, err
	}
	if p.Response != nil { // the engine reads by it
		if _, err = response.Compile(p.Response); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// Render fills the webhook's own parts into call from data. The error is
// [parts.Errors], which hold nothing of the data.
func (w *Webhook) Render(call *store.Call, data template.Data) error {
	text, err := w.templates.Render(data)
	if err != nil {
		return err
	}
	headers := make([]store.Header, len(text.Headers))
	for i, h := range text.Headers {
		headers[i] = store.Header{Name: h.Name, Value: h.Value}
	}
	call.Method = w.Plan.Method
	call.Suffix = text.Suffix
	call.InheritedOff = w.Plan.InheritedOff
	call.Headers = headers
	call.HasBody = w.Plan.HasBody
	call.Body = text.Body
	return nil
}
