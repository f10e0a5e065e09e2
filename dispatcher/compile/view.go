package compile

import (
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The schema's bounds of the views in status.
const (
	maxURLView    = 10_240
	maxHeaderView = 8450
)

// headersView are the headers of a request, by the rules that requests follow.
// A body without a Content-Type is sent as JSON, so that header is shown too.
func headersView(inherited []plan.Header, webhook *plan.Webhook, parts *parts) []string {
	own := make([]plan.RenderedHeader, len(parts.headers))
	for i, h := range parts.headers {
		own[i] = plan.RenderedHeader{Name: webhook.Headers[i].Name, Value: h.View()}
	}
	headers := plan.Headers(inherited, webhook.InheritedOff, own)
	typed := slices.ContainsFunc(headers, func(h plan.RenderedHeader) bool {
		return strings.EqualFold(h.Name, "Content-Type")
	})
	if webhook.HasBody && !typed {
		headers = append(headers, plan.RenderedHeader{Name: "Content-Type", Value: "application/json"})
	}
	view := make([]string, len(headers))
	for i, h := range headers {
		view[i] = clip(h.String(), maxHeaderView)
	}
	return view
}
