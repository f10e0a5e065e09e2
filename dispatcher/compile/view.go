package compile

import (
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The schema's bounds of the views in status.
const (
	maxURLView    = 10_240
	maxHeaderView = 8450
)

// headersView are the headers of a request, by the rules that requests follow.
// A body without a Content-Type is sent as JSON, and an answer that is awaited is asked
// for as JSON, so those headers are shown too; those
// of signing, if requests are signed, come last.
func headersView(integration *IntegrationResult, webhook *plan.Webhook, templates *parts.Templates) []string {
	own := make([]plan.RenderedHeader, len(templates.Headers))
	for i, h := range templates.Headers {
		own[i] = plan.RenderedHeader{Name: h.Name, Value: h.Value.View()}
	}
	headers := plan.Headers(integration.HeadersView, webhook.InheritedOff, own)
	has := func(name string) bool {
		return slices.ContainsFunc(headers, func(h plan.RenderedHeader) bool { return strings.EqualFold(h.Name, name) })
	}
	if webhook.HasBody && !has(plan.ContentType) {
		headers = append(headers, plan.RenderedHeader{Name: plan.ContentType, Value: plan.DefaultContentType})
	}
	if webhook.Response != nil && !has("Accept") {
		headers = append(headers, plan.RenderedHeader{Name: "Accept", Value: "application/json"})
	}
	view := make([]string, len(headers))
	for i, h := range headers {
		view[i] = clip(h.String(), maxHeaderView)
	}
	if integration.signed {
		view = append(view, signingView...)
	}
	return view
}

// notes say in words what is unusual though allowed.
type notes []string

// add appends a note unless it is empty.
func (n *notes) add(note string) {
	if note != "" {
		*n = append(*n, note)
	}
}

// String returns the notes on one line.
func (n notes) String() string { return strings.Join(n, "; ") }
