package parts

import (
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// Text is the parts of one call.
type Text struct {
	Suffix  string // to be joined with the root by [plan.JoinURL]
	Headers []plan.RenderedHeader
	Body    []byte
}

// Render renders all parts with the data of a call, host variables included.
// The error is [Errors]: all parts that cannot be rendered or sent.
func (t *Templates) Render(data template.Data) (Text, error) {
	var errs Errors
	var text Text
	var err error
	text.Suffix, err = t.URL.Render(data)
	errs.add(urlField, err)
	if len(t.Headers) > 0 {
		text.Headers = make([]plan.RenderedHeader, len(t.Headers))
	}
	for i, h := range t.Headers {
		value, err := h.Value.Render(data)
		if err == nil {
			err = plan.CheckHeaderValue(h.Name, value)
		}
		if err != nil { // the name is put together only then
			errs.add(HeaderField(h.Name), err)
		}
		text.Headers[i] = plan.RenderedHeader{Name: h.Name, Value: value}
	}
	if t.Body != nil {
		text.Body, err = t.Body.Append(nil, data)
		errs.add(t.bodyField, err)
	}
	if len(errs) == 0 {
		errs.add(t.checkSize(&text))
	}
	if len(errs) > 0 {
		return Text{}, errs
	}
	return text, nil
}

// checkSize returns an error about the largest part if the parts alone, without the
// integration's, are more than a request may have.
func (t *Templates) checkSize(text *Text) (field string, err error) {
	size, largest := 0, 0
	count := func(name string, n int) {
		if size += n; n > largest {
			field, largest = name, n
		}
	}
	count(urlField, len(text.Suffix))
	for _, h := range text.Headers {
		count(HeaderField(h.Name), len(h.Name)+len(h.Value))
	}
	count(t.bodyField, len(text.Body))
	return field, plan.CheckRequestSize(size)
}
