package httpapi

import (
	"encoding/base64"
	"errors"
	"net/http"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
)

// render shows the request that a call would send: POST …/render.
func (a *api) render(w http.ResponseWriter, r *http.Request) {
	if err := mustBeJSON(r); err != nil {
		a.problem(w, r, err)
		return
	}
	data, release, err := a.take(w, r, MaxBody)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	defer release()
	call, err := a.intake.Preview(r.Context(), webhookOf(r), data)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	preview, err := a.engine.Preview(call)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, renderedOf(preview, call.HasKey))
}

// renderedOf is the wire form of a preview.
func renderedOf(p *engine.Preview, hasKey bool) client.Rendered {
	rendered := client.Rendered{
		Method: p.Method, URL: p.URL, Headers: make([]client.Header, len(p.Headers)), IdempotencyKey: hasKey, Notes: p.Notes,
	}
	for i, h := range p.Headers {
		rendered.Headers[i] = client.Header{Name: h.Name, Value: h.Value}
	}
	switch {
	case !p.HasBody:
	case utf8.Valid(p.Body):
		text := string(p.Body)
		rendered.Body = &text
	default:
		text := base64.StdEncoding.EncodeToString(p.Body)
		rendered.BodyBase64 = &text
	}
	return rendered
}

// fieldErrors are the places at which templates fail. An error about a part as a
// whole has none.
func fieldErrors(errs parts.Errors) []client.FieldError {
	var list []client.FieldError
	for _, part := range errs {
		var places template.Errors
		if !errors.As(part.Err, &places) {
			list = append(list, client.FieldError{Field: part.Field, Message: part.Err.Error()})
			continue
		}
		for _, e := range places {
			list = append(list, client.FieldError{Field: part.Field, Line: e.Line, Column: e.Column, Message: e.Message})
		}
	}
	return list
}
