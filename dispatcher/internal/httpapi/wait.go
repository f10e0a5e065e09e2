package httpapi

import (
	"errors"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// answerCall answers with a call as it is now, or, if the request prefers to wait,
// when it has its outcome. unfinished is the status if it has none by then and the
// request preferred to wait, or did not; a wait that was worth it is answered 200.
func (a *api) answerCall(w http.ResponseWriter, r *http.Request, key plan.Key, id uuid.UUID, unfinished int) {
	wait, waits := waitOf(r.Header)
	var entry *store.Entry
	var err error
	if waits {
		entry, err = a.outcome(w, r, key, id, wait)
	} else {
		entry, err = a.load(key, id)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	status := unfinished
	if waits && entry.State.Finished() {
		status = http.StatusOK
		w.Header().Set(appliedHeader, "wait="+strconv.Itoa(int(wait/time.Second)))
	}
	a.writeCall(w, r, status, entry)
}

// outcome returns a call when it has its outcome, or as it is when the time is
// over, the caller has gone or the server shuts down.
func (a *api) outcome(w http.ResponseWriter, r *http.Request, key plan.Key, id uuid.UUID, wait time.Duration) (*store.Entry, error) {
	ended, stop := a.engine.Watch(id) // before the store is read, so that nothing is missed
	defer stop()
	entry, err := a.load(key, id)
	if err != nil || entry.State.Finished() || wait == 0 || !a.waits.take() {
		return entry, err
	}
	defer a.waits.leave()
	// The server's own deadline may be shorter; that of reading ends with the body. A
	// writer that knows no deadlines, in tests, needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(wait + writeTimeout))
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-a.stopping:
	case <-r.Context().Done():
	}
	return a.load(key, id)
}

// load reads a call of a webhook.
func (a *api) load(key plan.Key, id uuid.UUID) (*store.Entry, error) {
	entry, err := a.calls.LoadDurable(id)
	if err == nil && entry.Call.Webhook != key {
		return nil, store.ErrNotFound // it is another webhook's, whose calls this path does not show
	}
	return entry, err
}

// writeCall writes a call, with what was read from its answer.
func (a *api) writeCall(w http.ResponseWriter, r *http.Request, status int, entry *store.Entry) {
	result, err := a.resultOf(entry)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	writeJSON(w, status, mediaJSON, callOf(entry, result))
}

// resultOf is what was read from the answer that ended a call; nil without one.
func (a *api) resultOf(entry *store.Entry) (*store.Result, error) {
	if !entry.State.Finished() {
		return nil, nil
	}
	result, err := a.calls.Result(entry.Call.ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	return result, nil
}

// places are a bounded number of places.
type places struct {
	most  int64 // 0 is no bound, less is none at all
	taken atomic.Int64
}

// take takes a place if there is one. leave gives it back.
func (p *places) take() bool {
	if taken := p.taken.Add(1); p.most != 0 && taken > p.most {
		p.taken.Add(-1)
		return false
	}
	return true
}

// enter is take with an error.
func (p *places) enter(full error) error {
	if p.take() {
		return nil
	}
	return full
}

func (p *places) leave() { p.taken.Add(-1) }
