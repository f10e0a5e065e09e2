package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// eventsPart is how many events of a batch are taken in at one time.
const eventsPart = 100

// maxShownCalls bounds the calls that an answer shows: a preference for more is not
// applied.
const maxShownCalls = 100_000

// postEvents takes in events (CloudEvents 1.0, HTTP protocol binding): one in binary
// or structured mode, or a batch: POST …/events. The calls of all Webhooks that
// match are durable when it is answered 202, without a body: Knative takes one for
// an event that is to be sent on.
func (a *api) postEvents(w http.ResponseWriter, r *http.Request) {
	mode, err := modeOf(r.Header)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	most := int64(MaxBody)
	if mode == modeBatch {
		most = MaxBatchBytes
	}
	body, release, err := a.take(w, r, most)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	defer release()
	events, err := eventsOf(mode, r.Header, body)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	answer := eventsAnswer{wanted: prefersRepresentation(r.Header)}
	for first := 0; first < len(events); first += eventsPart {
		part := events[first:min(first+eventsPart, len(events))]
		for n, results := range a.intake.AcceptEvents(r.Context(), r.PathValue("namespace"), part, callerOf(r.Context())) {
			answer.add(part[n], results)
		}
		if answer.err != nil && r.Context().Err() != nil {
			break // the caller has gone
		}
	}
	a.answerEvents(w, r, &answer)
}

// answerEvents answers with the worst problem there was, or that there was none.
func (a *api) answerEvents(w http.ResponseWriter, r *http.Request, answer *eventsAnswer) {
	switch {
	case answer.err != nil:
		p := problemOf(answer.err)
		p.Detail += "; calls of other webhooks or events may have been accepted, and what was sent can be sent again, which repeats none of them"
		a.answerProblem(w, r, p, answer.err)
	case answer.wanted:
		w.Header().Set(appliedHeader, "return=representation")
		writeJSON(w, http.StatusAccepted, mediaJSON, client.EventsAnswer{Events: answer.shown})
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

// eventsAnswer collects what became of events.
type eventsAnswer struct {
	wanted bool // the calls are to be shown
	shown  []client.EventAnswer
	calls  int
	err    error // the one with the highest status
}

// add adds what became of one event. A webhook that was deleted meanwhile is one
// that does not match.
func (e *eventsAnswer) add(event *trigger.Event, results intake.EventResults) {
	e.worse(results.Err)
	shown := client.EventAnswer{ID: event.ID, Source: event.Source, Calls: []client.EventCall{}}
	for i := range results.Webhooks {
		result := &results.Webhooks[i]
		switch {
		case errors.Is(result.Err, engine.ErrDeleted):
		case result.Err != nil:
			e.worse(result.Err)
		case e.wanted:
			shown.Calls = append(shown.Calls, client.EventCall{
				Webhook: result.Webhook.Name, TransactionID: result.Entry.Call.ID.String(),
				Repeat: result.Repeat, Outcome: string(result.Entry.State.Outcome),
			})
		}
	}
	if e.calls += len(shown.Calls); e.calls > maxShownCalls {
		e.wanted, e.shown = false, nil
	}
	if e.wanted {
		e.shown = append(e.shown, shown)
	}
}

// worse keeps the error with the higher status: those that pass are higher than
// those that stay.
func (e *eventsAnswer) worse(err error) {
	if err != nil && (e.err == nil || problemOf(err).Status > problemOf(e.err).Status) {
		e.err = err
	}
}

// prefersRepresentation reports whether the first preference about the answer is
// return=representation (RFC 7240, 4.2).
func prefersRepresentation(h http.Header) bool {
	for _, line := range h.Values(preferHeader) {
		for _, element := range elements(line) {
			if name, value, ok := preference(element); ok && strings.EqualFold(name, "return") {
				return value == "representation"
			}
		}
	}
	return false
}
