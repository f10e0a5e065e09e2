package client

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// Problem is an answer that is not a success (RFC 9457, problem details). The
// methods of [Client] return it as an error, for errors.As.
type Problem struct {
	// Type identifies the kind of problem; one of the Problem… constants, or
	// "about:blank" where the status says it all.
	Type string `json:"type"`
	// Title names the kind, Status repeats the HTTP status.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says in one sentence what happened and what to do.
	Detail string `json:"detail,omitempty"`
	// Errors are what is wrong with templates, of ProblemRenderFailed.
	Errors []FieldError `json:"errors,omitempty"`
}

// FieldError is what is wrong with one part of a webhook.
type FieldError struct {
	// Field is "url", "headers[NAME]", "body" or "bodyFrom".
	Field string `json:"field"`
	// Line and Column are where, from 1, the column in runes; both are 0 if it is
	// about the part as a whole.
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// ProblemBase is what the types of problems begin with. docs/http-api.md has a
// paragraph on each.
const ProblemBase = "https://webhooks.maestra.io/problems/"

// The types of problems.
const (
	ProblemUnauthenticated = ProblemBase + "unauthenticated"
	ProblemForbidden       = ProblemBase + "forbidden"
	// ProblemAccessUnavailable says that it cannot be found out now who the caller is.
	ProblemAccessUnavailable = ProblemBase + "access-unavailable"

	ProblemNotConfigured       = ProblemBase + "not-configured"
	ProblemUnknownWebhook      = ProblemBase + "unknown-webhook"
	ProblemUnknownCall         = ProblemBase + "unknown-call"
	ProblemNotReady            = ProblemBase + "webhook-not-ready"
	ProblemInvalidData         = ProblemBase + "invalid-data"
	ProblemInvalidQuery        = ProblemBase + "invalid-query"
	ProblemInvalidEvent        = ProblemBase + "invalid-event"
	ProblemReservedEventType   = ProblemBase + "reserved-event-type"
	ProblemInvalidSession      = ProblemBase + "invalid-session"
	ProblemCrossOrigin         = ProblemBase + "cross-origin"
	ProblemUnknownManifest     = ProblemBase + "unknown-manifest"
	ProblemTooManyReaders      = ProblemBase + "too-many-readers"
	ProblemInvalidRedelivery   = ProblemBase + "invalid-redelivery"
	ProblemTooLarge            = ProblemBase + "too-large"
	ProblemUnsupportedType     = ProblemBase + "unsupported-media-type"
	ProblemUnsupportedEncoding = ProblemBase + "unsupported-content-encoding"
	ProblemInvalidKey          = ProblemBase + "invalid-idempotency-key"
	ProblemKeyReused           = ProblemBase + "idempotency-key-reused"
	ProblemCallFinished        = ProblemBase + "call-finished"
	ProblemCallWaiting         = ProblemBase + "call-waiting"
	ProblemNotRedeliverable    = ProblemBase + "not-redeliverable"
	ProblemWebhookDeleted      = ProblemBase + "webhook-deleted"
	ProblemRenderFailed        = ProblemBase + "render-failed"
	ProblemBlocked             = ProblemBase + "blocked"
	ProblemOverloaded          = ProblemBase + "overloaded"
	ProblemDiskFull            = ProblemBase + "disk-full"
	ProblemTooManyWaiting      = ProblemBase + "too-many-waiting"
	ProblemStopping            = ProblemBase + "shutting-down"
	ProblemNotFound            = ProblemBase + "not-found"
	ProblemMethod              = ProblemBase + "method-not-allowed"
	ProblemInternal            = ProblemBase + "internal"
)

// Error returns the title and the detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%s (%d)", p.Title, p.Status)
	}
	return fmt.Sprintf("%s (%d): %s", p.Title, p.Status, p.Detail)
}

// problem makes a Problem of an answer, also of one that holds none.
func problem(status int, answer []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(answer, p) != nil || p.Title == "" {
		p = &Problem{Type: "about:blank", Title: http.StatusText(status)}
	}
	p.Status = status
	return p
}
