package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// retrySeconds is the Retry-After of answers that ask to try again.
const retrySeconds = "5"

// retryDiskSeconds is that of a full disk, which takes longer to be freed.
const retryDiskSeconds = "30"

// problem answers with the problem document of err.
func (a *api) problem(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	switch p.Status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		w.Header().Set("Retry-After", retrySeconds)
	case http.StatusInsufficientStorage:
		w.Header().Set("Retry-After", retryDiskSeconds)
	case http.StatusInternalServerError:
		a.log.Error("request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	writeProblem(w, p)
}

// problemOf maps an error to its problem. It is the only such map.
func problemOf(err error) client.Problem {
	var tooLarge *http.MaxBytesError
	var notReady *intake.NotReadyError
	var data *intake.DataError
	switch {
	case errors.Is(err, access.ErrUnauthenticated):
		return problem(http.StatusUnauthorized, client.ProblemUnauthenticated, "Unauthenticated", err)
	case errors.Is(err, access.ErrForbidden):
		return problem(http.StatusForbidden, client.ProblemForbidden, "Forbidden", err)
	case errors.Is(err, access.ErrUnavailable):
		return problem(http.StatusServiceUnavailable, client.ProblemAccessUnavailable, "Access unavailable", err)
	case errors.Is(err, errNoName):
		return problem(http.StatusNotFound, client.ProblemNotFound, "Not found", err)
	case errors.Is(err, intake.ErrNotConfigured):
		return problem(http.StatusServiceUnavailable, client.ProblemNotConfigured, "Not configured yet", err)
	case errors.Is(err, intake.ErrUnknownWebhook), errors.Is(err, engine.ErrDeleted):
		return problem(http.StatusNotFound, client.ProblemUnknownWebhook, "Unknown webhook", err)
	case errors.As(err, &notReady):
		return problem(http.StatusServiceUnavailable, client.ProblemNotReady, "Webhook not ready", err)
	case errors.As(err, &data):
		return problem(http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", err)
	case errors.As(err, &tooLarge):
		return problem(http.StatusRequestEntityTooLarge, client.ProblemTooLarge, "Too large",
			fmt.Errorf("what was sent is larger than %d bytes", tooLarge.Limit))
	case errors.Is(err, errBrokenBody):
		return problem(http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", errBrokenBody)
	case errors.Is(err, errUnsupportedType):
		return problem(http.StatusUnsupportedMediaType, client.ProblemUnsupportedType, "Unsupported media type", err)
	case errors.Is(err, engine.ErrTooManyWaiting):
		return problem(http.StatusTooManyRequests, client.ProblemTooManyWaiting, "Too many calls wait",
			errors.New("as many calls, or bytes of them, wait for this integration as its maxWaiting or maxWaitingBytes allows; hand the call in again later"))
	case errors.Is(err, intake.ErrKeyReused):
		return problem(http.StatusUnprocessableEntity, client.ProblemKeyReused, "Idempotency key reused", intake.ErrKeyReused)
	case errors.Is(err, intake.ErrKeyInvalid):
		return problem(http.StatusBadRequest, client.ProblemInvalidKey, "Invalid idempotency key", err)
	case errors.Is(err, errLine):
		return problem(http.StatusBadRequest, client.ProblemInvalidData, "Invalid data", err)
	case errors.Is(err, errTooManyLines):
		return problem(http.StatusRequestEntityTooLarge, client.ProblemTooLarge, "Too large", err)
	case errors.Is(err, admission.ErrBusy):
		return problem(http.StatusTooManyRequests, client.ProblemOverloaded, "Overloaded", admission.ErrBusy)
	case errors.Is(err, admission.ErrDiskFull):
		return problem(http.StatusInsufficientStorage, client.ProblemDiskFull, "Disk full", admission.ErrDiskFull)
	case errors.Is(err, store.ErrNotFound):
		return problem(http.StatusNotFound, client.ProblemUnknownCall, "Unknown call", err)
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return problem(http.StatusServiceUnavailable, client.ProblemInternal, "Request given up", errors.New("the request ended before the call was durable; hand it in again"))
	}
	return problem(http.StatusInternalServerError, client.ProblemInternal, "Internal error", errors.New("the dispatcher could not do this; its log says why"))
}

// problem makes a problem document.
func problem(status int, kind, title string, detail error) client.Problem {
	return client.Problem{Type: kind, Title: title, Status: status, Detail: detail.Error()}
}

// writeProblem writes a problem document.
func writeProblem(w http.ResponseWriter, p client.Problem) {
	writeJSON(w, p.Status, "application/problem+json", p)
}

// notFound answers for a path that names nothing.
func notFound(w http.ResponseWriter, _ *http.Request) {
	writeProblem(w, problem(http.StatusNotFound, client.ProblemNotFound, "Not found",
		errors.New("there is nothing under this path; calls go to /v1/namespaces/{namespace}/webhooks/{webhook}/calls")))
}

// methodNotAllowed answers for a path that exists with other methods.
func methodNotAllowed(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", allowed)
		writeProblem(w, problem(http.StatusMethodNotAllowed, client.ProblemMethod, "Method not allowed",
			fmt.Errorf("this path takes %s", allowed)))
	}
}
