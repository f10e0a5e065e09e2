package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// retrySeconds is the Retry-After of answers that ask to try again.
const retrySeconds = "5"

// retryDiskSeconds is that of a full disk, which takes longer to be freed.
const retryDiskSeconds = "30"

// errWebhookDeleted is for a call whose Webhook is gone, or made anew.
var errWebhookDeleted = errors.New("the Webhook that took this call in was deleted, so the call cannot be delivered anew; hand in a new one")

// errNotConfigured is intake's.
var errNotConfigured = intake.ErrNotConfigured

// errTooManyReaders is for an export or a live tail past those that there may be.
var errTooManyReaders = errors.New("as many exports or live tails are under way as there is memory for; try again when one has ended")

// problem answers with the problem document of err.
func (a *api) problem(w http.ResponseWriter, r *http.Request, err error) {
	a.answerProblem(w, r, problemOf(err), err)
}

// answerProblem answers with a problem document, which err is the cause of.
func (a *api) answerProblem(w http.ResponseWriter, r *http.Request, p client.Problem, err error) {
	a.counter.Problem(path.Base(p.Type))
	tracing.Of(r.Context()).Err = err // for the log
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retrySeconds)
	case http.StatusInsufficientStorage:
		w.Header().Set("Retry-After", retryDiskSeconds)
	case http.StatusUnsupportedMediaType:
		if errors.Is(err, errEncoding) {
			w.Header().Set("Accept-Encoding", "identity") // RFC 9110, 15.5.16
		}
	}
	writeProblem(w, p)
}

// kind is a kind of problem.
type kind struct {
	is     func(error) bool
	status int
	typeOf string
	title  string
	// detail is what is said instead of the error's own sentence.
	detail error
}

// is tells errors that wrap the given one.
func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

// isInvalidEvent tells what is wrong with an event itself.
func isInvalidEvent(err error) bool {
	return as[*eventError](err) && !as[*http.MaxBytesError](err)
}

// as tells errors that wrap one of a type.
func as[T error](err error) bool {
	var target T
	return errors.As(err, &target)
}

// kinds maps errors to problems, the first that fits. It is the only such map.
var kinds = []kind{
	{is(access.ErrUnauthenticated), http.StatusUnauthorized, client.ProblemUnauthenticated, "Unauthenticated", nil},
	{is(access.ErrForbidden), http.StatusForbidden, client.ProblemForbidden, "Forbidden", nil},
	{is(access.ErrUnavailable), http.StatusServiceUnavailable, client.ProblemAccessUnavailable, "Access unavailable", nil},
	{is(errNoName), http.StatusNotFound, client.ProblemNotFound, "Not found", nil},
	{is(intake.ErrNotConfigured), http.StatusServiceUnavailable, client.ProblemNotConfigured, "Not configured yet", nil},
	{is(intake.ErrUnknownWebhook), http.StatusNotFound, client.ProblemUnknownWebhook, "Unknown webhook", nil},
	{is(engine.ErrDeleted), http.StatusNotFound, client.ProblemUnknownWebhook, "Unknown webhook", nil},
	{as[*intake.NotReadyError], http.StatusServiceUnavailable, client.ProblemNotReady, "Webhook not ready", nil},
	{is(engine.ErrNotReady), http.StatusServiceUnavailable, client.ProblemNotReady, "Webhook not ready", nil},
	{as[*intake.DataError], http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", nil},
	{as[*http.MaxBytesError], http.StatusRequestEntityTooLarge, client.ProblemTooLarge, "Too large", nil},
	{is(errBrokenBody), http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", errBrokenBody},
	{is(errUnwanted), http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", nil},
	{is(errQuery), http.StatusBadRequest, client.ProblemInvalidQuery, "Invalid query", nil},
	{as[*queryError], http.StatusBadRequest, client.ProblemInvalidQuery, "Invalid query", nil},
	{is(errCrossOrigin), http.StatusForbidden, client.ProblemCrossOrigin, "Cross origin", nil},
	{is(errNoManifest), http.StatusNotFound, client.ProblemUnknownManifest, "Unknown manifest", nil},
	{is(errTooManyReaders), http.StatusTooManyRequests, client.ProblemTooManyReaders, "Too many readers", nil},
	{as[*sessionError], http.StatusBadRequest, client.ProblemInvalidSession, "Invalid session", nil},
	{as[*bodyError], http.StatusBadRequest, client.ProblemInvalidRedelivery, "Invalid redelivery", nil},
	{is(errReservedType), http.StatusUnprocessableEntity, client.ProblemReservedEventType, "Reserved event type", nil},
	{isInvalidEvent, http.StatusBadRequest, client.ProblemInvalidEvent, "Invalid event", nil},
	{is(errTooManyEvents), http.StatusRequestEntityTooLarge, client.ProblemTooLarge, "Too large", nil},
	{is(errEncoding), http.StatusUnsupportedMediaType, client.ProblemUnsupportedEncoding, "Unsupported content encoding", nil},
	{as[unsupportedType], http.StatusUnsupportedMediaType, client.ProblemUnsupportedType, "Unsupported media type", nil},
	{is(engine.ErrTooManyWaiting), http.StatusTooManyRequests, client.ProblemTooManyWaiting, "Too many calls wait",
		errors.New("as many calls, or bytes of them, wait for this integration as its maxWaiting or maxWaitingBytes allows; hand the call in again later")},
	{is(intake.ErrKeyReused), http.StatusUnprocessableEntity, client.ProblemKeyReused, "Idempotency key reused", intake.ErrKeyReused},
	{is(intake.ErrCallGone), http.StatusGone, client.ProblemCallGone, "Call gone", intake.ErrCallGone},
	{is(intake.ErrKeyInvalid), http.StatusBadRequest, client.ProblemInvalidKey, "Invalid idempotency key", nil},
	{is(errLine), http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", nil},
	{is(errTooManyLines), http.StatusRequestEntityTooLarge, client.ProblemTooLarge, "Too large", nil},
	{as[*intake.RenderError], http.StatusUnprocessableEntity, client.ProblemRenderFailed, "Render failed",
		errors.New("the templates cannot be rendered with this data; errors says where")},
	{is(plan.ErrLeavesRoot), http.StatusUnprocessableEntity, client.ProblemBlocked, "Blocked", nil},
	{as[*engine.UnsendableError], http.StatusUnprocessableEntity, client.ProblemRenderFailed, "Render failed", nil},
	{is(engine.ErrFinished), http.StatusConflict, client.ProblemCallFinished, "Call finished",
		errors.New("the call has its outcome already, so there is nothing to cancel")},
	{is(engine.ErrNotFinished), http.StatusConflict, client.ProblemCallWaiting, "Call waiting",
		errors.New("the call has no outcome yet; only a finished call is delivered anew")},
	{is(engine.ErrNotRendered), http.StatusConflict, client.ProblemNotRedeliverable, "Not redeliverable",
		errors.New("the call could not be rendered, so there is nothing to send; hand in a new one")},
	{is(errWebhookDeleted), http.StatusConflict, client.ProblemWebhookDeleted, "Webhook deleted", nil},
	{is(admission.ErrBusy), http.StatusTooManyRequests, client.ProblemOverloaded, "Overloaded", admission.ErrBusy},
	{is(admission.ErrDiskFull), http.StatusInsufficientStorage, client.ProblemDiskFull, "Disk full", admission.ErrDiskFull},
	{is(store.ErrNotFound), http.StatusNotFound, client.ProblemUnknownCall, "Unknown call", nil},
	{is(store.ErrClosed), http.StatusServiceUnavailable, client.ProblemStopping, "Shutting down",
		errors.New("the dispatcher is shutting down; send the request again to the one that follows")},
	{is(context.Canceled), http.StatusServiceUnavailable, client.ProblemInternal, "Request given up", errGivenUp},
	{is(context.DeadlineExceeded), http.StatusServiceUnavailable, client.ProblemInternal, "Request given up", errGivenUp},
}

// errGivenUp is told to nobody, as a rule: the caller has gone.
var errGivenUp = errors.New("the request ended before what it asks for was durable; send it again")

// internal is the kind of all other errors.
var internal = kind{nil, http.StatusInternalServerError, client.ProblemInternal, "Internal error", errors.New("the dispatcher could not do this; its log says why")}

// problemOf maps an error to its problem.
func problemOf(err error) client.Problem {
	found := &internal
	for i := range kinds {
		if kinds[i].is(err) {
			found = &kinds[i]
			break
		}
	}
	detail := found.detail
	var tooLarge *http.MaxBytesError
	var render *intake.RenderError
	switch {
	case detail == nil && errors.As(err, &tooLarge):
		detail = fmt.Errorf("what was sent is larger than %d bytes", tooLarge.Limit)
	case detail == nil:
		detail = err
	}
	p := problem(found.status, found.typeOf, found.title, detail)
	if errors.As(err, &render) {
		p.Errors = fieldErrors(render.Errors)
	}
	return p
}

// problem makes a problem document.
func problem(status int, kind, title string, detail error) client.Problem {
	return client.Problem{Type: kind, Title: title, Status: status, Detail: detail.Error()}
}

// writeProblem writes a problem document.
func writeProblem(w http.ResponseWriter, p client.Problem) {
	p.RequestID = w.Header().Get(requestIDHeader)
	writeJSON(w, p.Status, "application/problem+json", p)
}

// notFound answers for a path that names nothing.
func notFound(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problem(http.StatusNotFound, client.ProblemNotFound, "Not found",
		errors.New("there is nothing under this path; calls go to /v1/namespaces/{namespace}/webhooks/{webhook}/calls, and /openapi.json has all paths")))
}

// methodNotAllowed answers for a path that exists with other methods.
func methodNotAllowed(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allowed)
		writeProblem(w, problem(http.StatusMethodNotAllowed, client.ProblemMethod, "Method not allowed",
			fmt.Errorf("this path takes %s", allowed)))
	}
}
