package engine

import (
	"errors"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ErrNotReady is wrapped by the error of [Engine.Preview] for a webhook whose
// integration cannot send anything now.
var ErrNotReady = errors.New("nothing can be sent for the webhook's integration now")

// UnsendableError is the error of [Engine.Preview] for parts that make no request
// with their integration. It wraps [plan.ErrLeavesRoot] if the call would be
// Blocked, else the call would end as RenderFailed.
type UnsendableError struct{ Err error }

// Error returns one sentence without secrets.
func (e *UnsendableError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UnsendableError) Unwrap() error { return e.Err }

// Preview is a request as it would be sent. Private values are masked, as in the
// log row of an attempt.
type Preview struct {
	Method  string
	URL     string
	Headers []store.Header
	// HasBody tells an empty Body from none.
	HasBody bool
	Body    []byte
	// Notes are sentences about what else a call would meet.
	Notes []string
}

// Preview joins the parts of a call, which need not have been accepted, with its
// integration as it is now, in the way of an attempt. Nothing is sent to anybody,
// so the address is not judged. The error is [ErrDeleted], wraps [ErrNotReady], or
// is [*UnsendableError].
func (e *Engine) Preview(call *store.Call) (*Preview, error) {
	route, webhook, notes, err := e.wayOf(call.Webhook)
	if err != nil {
		return nil, err
	}
	request, err := route.Build(parts(call, webhook, webhook.Response != nil))
	if err != nil {
		return nil, &UnsendableError{err}
	}
	if note := plan.JoinNotes(route.Integration.URL, call.Suffix); note != "" {
		notes = append(notes, note)
	}
	mask := request.Masker()
	shown := request.Preview(time.Now())
	p := &Preview{
		Method: request.Method, URL: mask.Text(request.URL.String()), Headers: make([]store.Header, len(shown)),
		HasBody: request.HasBody, Body: mask.Bytes(request.Body, false), Notes: notes,
	}
	for i, h := range shown {
		p.Headers[i] = headerRow(mask, h)
	}
	return p, nil
}

// wayOf returns what an attempt for a webhook would be made with now, and what
// would keep it waiting.
func (e *Engine) wayOf(key plan.Key) (route *outbound.Route, webhook *plan.Webhook, notes []string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.lanes[key]
	switch {
	case l == nil || l.plan == nil:
		return nil, nil, nil, ErrDeleted
	case l.home.plan == nil:
		return nil, nil, nil, fmt.Errorf("%w: there is no such integration", ErrNotReady)
	case l.home.route == nil:
		return nil, nil, nil, fmt.Errorf("%w: %s", ErrNotReady, l.home.plan.NotReady)
	}
	if l.plan.Suspend {
		notes = append(notes, "the Webhook is suspended, so its calls wait")
	}
	if l.home.plan.Suspend {
		notes = append(notes, "the integration is suspended, so its calls wait")
	}
	return l.home.route, l.plan, notes, nil
}
