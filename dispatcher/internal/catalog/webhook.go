package catalog

import (
	"fmt"
	"slices"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// Webhook is a webhook ready to be called: its plan, its compiled templates and its
// compiled triggers. It is immutable.
type Webhook struct {
	Plan plan.Webhook

	templates *parts.Templates // nil if it is not ready
	triggers  []*trigger.Trigger
}

// Compile compiles the webhook's triggers, also if it is not ready, and its
// templates. The manager has compiled them before, so an error means that the two
// processes are of different versions.
func Compile(p plan.Webhook) (*Webhook, error) {
	w := &Webhook{Plan: p}
	for i, t := range p.Triggers {
		compiled, err := trigger.Compile(t)
		if err != nil {
			return nil, fmt.Errorf("triggers[%d].%w", i, err)
		}
		w.triggers = append(w.triggers, compiled)
	}
	if p.NotReady != "" {
		return w, nil
	}
	var err error
	if w.templates, err = parts.Compile(&w.Plan); err != nil {
		return nil, err
	}
	return w, nil
}

// matches reports whether a trigger matches the event.
func (w *Webhook) matches(e *trigger.Event) bool {
	return slices.ContainsFunc(w.triggers, func(t *trigger.Trigger) bool { return t.Match(e) })
}

// meansOutcomes reports whether a trigger can match an outcome.
func (w *Webhook) meansOutcomes() bool {
	return slices.ContainsFunc(w.triggers, (*trigger.Trigger).MeansOutcomes)
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
