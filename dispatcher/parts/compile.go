package parts

import (
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// Templates are a webhook's parts as compiled templates.
type Templates struct {
	URL     *template.Template
	Headers []Header
	Body    *template.Template // nil without a body

	bodyField string
}

// Header is one of the webhook's own headers, in the order of the manifest.
type Header struct {
	Name  string
	Value *template.Template
}

// Compile compiles the parts of a webhook that is ready. The error is [Errors]:
// all parts that do not compile, which are nil in the result, so that the others
// can be judged; or words of the plan that this version does not know.
func Compile(w *plan.Webhook) (*Templates, error) {
	var errs Errors
	opts := options(w, &errs)
	bodyContext := context(w.BodyContext, &errs)
	if len(errs) > 0 {
		return &Templates{}, errs
	}
	compile := func(field, source string, context template.Context) *template.Template {
		opts.Name, opts.Context = field, context
		compiled, err := template.Compile(source, opts)
		errs.add(field, err)
		return compiled
	}
	t := &Templates{URL: compile(urlField, w.Suffix, template.ContextURL), bodyField: w.BodyField}
	for _, h := range w.Headers {
		t.Headers = append(t.Headers, Header{h.Name, compile(HeaderField(h.Name), h.Value, template.ContextHeader)})
	}
	if t.bodyField == "" {
		t.bodyField = bodyField
	}
	switch {
	case !w.HasBody:
	case opts.Escaping == template.EscapeContextual && noDocument(w):
		errs.add(t.bodyField, template.Errors{{
			Kind: template.KindContext, Name: t.bodyField, Line: 1, Column: 1,
			Message: fmt.Sprintf("the body is empty, which is not %s; leave %s out to send no body", w.BodyContext, t.bodyField),
		}})
	default:
		t.Body = compile(t.bodyField, w.Body, bodyContext)
	}
	if len(errs) > 0 {
		return t, errs
	}
	return t, nil
}

// noDocument reports whether the body is empty although its grammar wants
// something. The language refuses that too, but does not know that an author who
// writes it mostly means no body.
func noDocument(w *plan.Webhook) bool {
	return (w.BodyContext == plan.BodyJSON || w.BodyContext == plan.BodyXML) && strings.TrimSpace(w.Body) == ""
}

// options are what all parts are compiled with.
func options(w *plan.Webhook, errs *Errors) template.Options {
	opts := template.Options{Culture: w.Culture}
	switch w.Escaping {
	case "", plan.EscapingContextual:
		opts.Escaping = template.EscapeContextual
	case plan.EscapingNone:
		opts.Escaping = template.EscapeNone
	default:
		errs.add("escaping", fmt.Errorf("this version does not know the escaping %q", w.Escaping))
	}
	switch w.Missing {
	case "", plan.MissingFail:
		opts.Missing = template.MissingFail
	case plan.MissingNull:
		opts.Missing = template.MissingNull
	default:
		errs.add("missing", fmt.Errorf("this version cannot treat missing values as %q", w.Missing))
	}
	return opts
}

// context is the template's context of a body.
func context(body plan.BodyContext, errs *Errors) template.Context {
	switch body {
	case "", plan.BodyText:
	case plan.BodyJSON:
		return template.ContextJSON
	case plan.BodyForm:
		return template.ContextForm
	case plan.BodyXML:
		return template.ContextXML
	default:
		errs.add(bodyField, fmt.Errorf("this version does not know bodies of the kind %q", body))
	}
	return template.ContextText
}

// Use reports whether any of the templates refers to the value at path, or to
// one below it.
func (t *Templates) Use(path string) bool {
	for template := range t.all {
		if template.Uses(path) {
			return true
		}
	}
	return false
}

// Models lists what each template needs of the data, in the order url, headers,
// body.
func (t *Templates) Models() []template.Model {
	var models []template.Model
	for template := range t.all {
		models = append(models, template.Model())
	}
	return models
}

// all yields the templates in the order url, headers, body.
func (t *Templates) all(yield func(*template.Template) bool) {
	if !yield(t.URL) {
		return
	}
	for _, h := range t.Headers {
		if !yield(h.Value) {
			return
		}
	}
	if t.Body != nil {
		yield(t.Body)
	}
}
