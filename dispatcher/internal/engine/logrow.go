package engine

import (
	"net/http"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/redact"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// logRow is the log row of an attempt. Private values are masked: those of headers
// by position, and all wherever URL, headers and the answer repeat them. The
// request's body rests with the call, so the row says where they are in it.
func logRow(call *store.Call, number int, request *outbound.Request, r outbound.Response) *store.Attempt {
	mask := request.Masker()
	in := request.Route.Integration
	row := &store.Attempt{
		ID: call.ID, Number: number, Begun: r.Begun, Duration: r.Duration, Reason: r.Reason,
		Integration: in.Key, IntegrationGeneration: in.Generation, Method: call.Method, URL: mask.Text(request.URL.String()),
		RequestHeaders: make([]store.Header, len(request.Headers)), RequestBodyMask: bodyMask(mask, call.Body),
		StatusCode: r.StatusCode, ResponseBody: mask.Bytes(r.Body, r.BodyCut), ResponseCut: r.BodyCut, ResponseUndecoded: r.BodyUndecoded,
		Message: r.Message,
	}
	for i, h := range request.Headers {
		row.RequestHeaders[i] = headerRow(mask, h)
	}
	row.ResponseHeaders = headerRows(mask, r.Header)
	return row
}

// headerRow is a header of a request as it is shown.
func headerRow(mask *redact.Masker, h plan.RenderedHeader) store.Header {
	if h.Private {
		return store.Header{Name: h.Name, Value: plan.Redacted}
	}
	return store.Header{Name: h.Name, Value: mask.Text(h.Value)}
}

// bodyMask says where private values are in a request's body.
func bodyMask(mask *redact.Masker, body []byte) []store.Span {
	var spans []store.Span
	for _, s := range mask.Spans(body, false) {
		spans = append(spans, store.Span{Start: s.Start, End: s.End})
	}
	return spans
}

// headerRows lists response headers in a stable order.
func headerRows(mask *redact.Masker, h http.Header) []store.Header {
	rows := make([]store.Header, 0, len(h))
	for name, values := range h {
		for _, value := range values {
			rows = append(rows, store.Header{Name: mask.Name(name), Value: mask.Text(value)})
		}
	}
	slices.SortStableFunc(rows, func(a, b store.Header) int { return strings.Compare(a.Name, b.Name) })
	return rows
}
