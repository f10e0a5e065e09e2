package httpapi

import (
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// idempotencyHeader is the header with the caller's idempotency key
// (draft-ietf-httpapi-idempotency-key-header), whose value is taken as it is;
// replayedHeader says that it found an earlier call.
const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"
)

// postCalls takes in one call or a batch: POST …/calls.
func (a *api) postCalls(w http.ResponseWriter, r *http.Request) {
	media, err := mediaOf(r.Header)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	most := int64(MaxBody)
	if media == mediaNDJSON {
		most = MaxBatchBytes
	}
	body, release, err := a.take(w, r, most)
	switch {
	case err != nil:
		a.problem(w, r, err)
	case media == mediaNDJSON:
		defer release()
		a.postBatch(w, r, body)
	default:
		a.postCall(w, r, body, release)
	}
}

// postCall takes in one call, whose data is the body.
func (a *api) postCall(w http.ResponseWriter, r *http.Request, data []byte, release func()) {
	key := webhookOf(r)
	result := a.acceptCall(r, key, data, release)
	if result.Err != nil {
		a.problem(w, r, result.Err)
		return
	}
	if result.Repeat {
		w.Header().Set(replayedHeader, "true")
	}
	id := result.Entry.Call.ID
	w.Header().Set("Location", locationOf(key, id))
	if _, waits := waitOf(r.Header); waits {
		a.answerCall(w, r, key, id, http.StatusAccepted)
		return
	}
	if result.Entry.State == (store.State{}) && result.Entry.Call.Event == nil {
		writeFresh(w, &result.Entry.Call)
		return
	}
	a.writeCall(w, r, http.StatusAccepted, result.Entry)
}

// acceptCall takes the call in. What was admitted for the data is free afterwards.
func (a *api) acceptCall(r *http.Request, key plan.Key, data []byte, release func()) intake.Result {
	defer release()
	request := intake.Request{Data: data, Caller: callerOf(r.Context())}
	switch keys := r.Header.Values(idempotencyHeader); len(keys) {
	case 0:
	case 1:
		request.Key, request.HasKey = keys[0], true
	default:
		return intake.Result{Err: fmt.Errorf("%w, and a request has one of them", intake.ErrKeyInvalid)}
	}
	return a.intake.Accept(r.Context(), key, request)
}

// getCall returns a call's state: GET …/calls/{transactionId}.
func (a *api) getCall(w http.ResponseWriter, r *http.Request) {
	id, err := callOfPath(r)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	a.answerCall(w, r, webhookOf(r), id, http.StatusOK)
}

// deleteCall ends a waiting call without a further attempt: DELETE
// …/calls/{transactionId}.
func (a *api) deleteCall(w http.ResponseWriter, r *http.Request) {
	key := webhookOf(r)
	id, err := callOfPath(r)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	ended, err := a.engine.Cancel(r.Context(), key, id)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	entry, err := a.load(key, id)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	status := http.StatusAccepted // an attempt is under way
	if ended || entry.State.Finished() {
		status = http.StatusOK
	}
	a.writeCall(w, r, status, entry)
}

// locationOf is the path of a call.
func locationOf(key plan.Key, id uuid.UUID) string {
	return client.CallsPath(key.Namespace, key.Name) + "/" + id.String()
}
