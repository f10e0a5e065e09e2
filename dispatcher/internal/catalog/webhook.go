package catalog

import (
	"fmt"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// Webhook is a webhook ready to be called: its plan and its compiled templates.
// It is immutable.
type Webhook struct {
	Plan plan.Webhook

	suffix  *template.Template
	headers []*template.Template // as Plan.Headers
	body    *template.Template   // nil without a body
}

// Compile compiles the webhook's templates. The manager has compiled them
// before, so an error means that the two processes are of different versions.
func Compile(p plan.Webhook) (*Webhook, error) {
	w := &Webhook{Plan: p}
	if p.NotReady != "" {
		return w, nil
	}
	var err error
	if w.suffix, err = template.Compile(p.Suffix, template.Options{Name: "url"}); err != nil {
		return nil, fmt.Errorf("compile url: %w", err)
	}
	for _, h := range p.Headers {
		t, err := template.Compile(h.Value, template.Options{Name: fmt.Sprintf("headers[%s]", h.Name)})
		if err != nil {
			return nil, fmt.Errorf("compile header %s: %w", h.Name, err)
		}
		w.headers = append(w.headers, t)
	}
	if p.HasBody {
		if w.body, err = template.Compile(p.Body, template.Options{Name: "body"}); err != nil {
			return nil, fmt.Errorf("compile body: %w", err)
		}
	}
	return w, nil
}

// Render fills the webhook's own parts into call from data. The error says
// which part failed and holds nothing of the data.
func (w *Webhook) Render(call *store.Call, data template.Data) error {
	suffix, err := w.suffix.Render(data)
	if err != nil {
		return fmt.Errorf("render url: %w", err)
	}
	headers := make([]store.Header, 0, len(w.headers))
	for i, t := range w.headers {
		name := w.Plan.Headers[i].Name
		value, err := t.Render(data)
		if err != nil {
			return fmt.Errorf("render header %s: %w", name, err)
		}
		if err := plan.CheckHeaderValue(name, value); err != nil {
			return err
		}
		headers = append(headers, store.Header{Name: name, Value: value})
	}
	var body []byte
	if w.body != nil {
		if body, err = w.body.Append(nil, data); err != nil {
			return fmt.Errorf("render body: %w", err)
		}
	}
	call.Method = w.Plan.Method
	call.Suffix = suffix
	call.InheritedOff = w.Plan.InheritedOff
	call.Headers = headers
	call.HasBody = w.Plan.HasBody
	call.Body = body
	return nil
}
