package compile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// templates compiles all templates, without the body's if that is not there.
// The errors of all fields make one problem; valid is false if there is any. The
// body's context is from contentType, which errors about it name: an author who
// has changed nothing wants to know what has.
func (p *problems) templates(webhook *plan.Webhook, withBody bool, contentType string) (t *parts.Templates, valid bool) {
	source := *webhook
	source.HasBody = source.HasBody && withBody
	t, err := parts.Compile(&source)
	for _, h := range t.Headers {
		if h.Value != nil {
			p.ownHeader(h.Name, h.Value)
		}
	}
	if err != nil {
		p.reject(v1alpha1.ReasonTemplateInvalid, "%s", strings.Join(mistakes(err, "; the body is "+string(source.BodyContext)+" by "+contentType), "\n"))
	}
	return t, err == nil
}

// mistakes are the errors of all parts, a line each: "field:line:column:
// message", or "field: message" for what a part's whole text has wrong. Those of
// the body's context have an explanation behind them.
func mistakes(err error, context string) []string {
	var lines []string
	var fields parts.Errors
	if !errors.As(err, &fields) {
		return []string{err.Error()}
	}
	for _, field := range fields {
		var positions template.Errors
		if !errors.As(field.Err, &positions) {
			lines = append(lines, field.Field+": "+field.Err.Error())
			continue
		}
		for _, mistake := range positions {
			line := mistake.Error()
			if mistake.Kind == template.KindContext && isBody(field.Field) {
				line += context
			}
			lines = append(lines, line)
		}
		if len(positions) == template.MaxErrors {
			lines = append(lines, fmt.Sprintf("%s: these are the first %d mistakes; there may be more", field.Field, template.MaxErrors))
		}
	}
	return lines
}

// isBody reports whether a field is the body.
func isBody(field string) bool { return field == bodyField || field == bodyFromField }

// ownHeader judges what is known of a header's value before rendering.
func (p *problems) ownHeader(name string, header *template.Template) {
	beginning, whole := header.StaticPrefix()
	if err := plan.CheckContentType(name, header.Static()); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
	}
	if err := plan.CheckHeaderValue(name, beginning); err != nil {
		p.reject(v1alpha1.ReasonInvalidHeader, "%s", err)
	}
	if whole && len(beginning) > maxHeaderValue {
		p.reject(v1alpha1.ReasonInvalidHeader, "the value of header %s is longer than %d bytes", name, maxHeaderValue)
	}
}

// sampleValue stands for every value when a URL is judged before any call: it is
// valid wherever one may stand, also behind a %.
const sampleValue = "00"

// join checks the join of root and suffix, notes what is unusual about it, and
// returns what it looks like; empty if it is not allowed.
func (p *problems) join(root string, suffix *template.Template, n *notes) (view string) {
	beginning, whole := suffix.StaticPrefix()
	if err := plan.CheckSuffix(root, beginning, whole && beginning == ""); err != nil {
		p.reject(v1alpha1.ReasonInvalidURL, "%s", err)
		return ""
	}
	sample, ok := suffix.Fill(sampleValue)
	if !ok { // what follows the beginning depends on the data
		sample = beginning + sampleValue
	}
	if _, err := plan.JoinURL(root, sample); err != nil {
		p.reject(v1alpha1.ReasonInvalidURL, "url cannot be used with any data: %s", err)
		return ""
	}
	n.add(plan.JoinNotes(root, beginning))
	return clip(root+suffix.View(), maxURLView)
}
