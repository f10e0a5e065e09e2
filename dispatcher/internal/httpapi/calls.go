package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// postCall takes in one call: POST …/calls with the data as a JSON object.
func (a *api) postCall(w http.ResponseWriter, r *http.Request) {
	if err := checkContentType(r.Header.Get("Content-Type")); err != nil {
		a.problem(w, r, err)
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if err != nil {
		a.problem(w, r, errors.Join(errBrokenBody, err))
		return
	}
	key := webhookOf(r)
	entry, err := a.intake.Accept(r.Context(), key, data)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	w.Header().Set("Location", client.CallsPath(key.Namespace, key.Name)+"/"+entry.Call.ID.String())
	writeJSON(w, http.StatusAccepted, "application/json", callOf(entry))
}

// getCall returns a call's state: GET …/calls/{transactionId}.
func (a *api) getCall(w http.ResponseWriter, r *http.Request) {
	key := webhookOf(r)
	id, err := uuid.Parse(r.PathValue("transactionId"))
	if err != nil {
		a.problem(w, r, fmt.Errorf("%w: the last part of the path is no transaction id", store.ErrNotFound))
		return
	}
	entry, err := a.calls.Load(id)
	if err == nil && entry.Call.Webhook != key {
		err = store.ErrNotFound // it is another webhook's, whose calls this path does not show
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, "application/json", callOf(entry))
}

// webhookOf is the webhook that the path names.
func webhookOf(r *http.Request) plan.Key {
	return plan.Key{Namespace: r.PathValue("namespace"), Name: r.PathValue("webhook")}
}

// errBrokenBody is for a body that breaks off or comes too slowly.
var errBrokenBody = errors.New("the call's data could not be read to its end")

// errUnsupportedType is for a body that is announced as something else than JSON.
var errUnsupportedType = errors.New("the call's data must be sent as Content-Type: application/json")

// checkContentType accepts JSON, and nothing at all for hand-made requests.
func checkContentType(value string) error {
	if value == "" {
		return nil
	}
	if media, _, err := mime.ParseMediaType(value); err != nil || media != "application/json" {
		return errUnsupportedType
	}
	return nil
}

// callOf is the wire form of a call.
func callOf(entry *store.Entry) client.Call {
	call, state := &entry.Call, &entry.State
	c := client.Call{
		TransactionID: call.ID.String(), Namespace: call.Webhook.Namespace, Webhook: call.Webhook.Name,
		State: client.StateWaiting, CreatedAt: call.CreatedAt.UTC(), Attempts: state.Attempts,
		StatusCode: state.StatusCode, Message: state.Message, NextAttemptAt: optionalTime(state.Due),
	}
	if state.Finished() {
		success := state.Outcome.Success()
		c.State, c.Outcome, c.Success, c.EndedAt = client.StateFinished, string(state.Outcome), &success, optionalTime(state.EndedAt)
	}
	return c
}

// optionalTime is nil for the zero time.
func optionalTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// writeJSON writes an answer. An error means that the caller has gone, which
// nobody is left to be told.
func writeJSON(w http.ResponseWriter, status int, contentType string, v any) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
