package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// maxRedelivery bounds the body that asks for a redelivery, in bytes.
const maxRedelivery = 16 << 10

// maxRefused bounds the calls that one answer names as refused.
const maxRefused = 100

// redeliverTime is after how long a redelivery of many calls answers with a cursor.
// One call takes about an fsync.
const redeliverTime = 20 * time.Second

// redeliverCall delivers a finished call anew: POST …/calls/{transactionId}/redeliver.
func (a *api) redeliverCall(w http.ResponseWriter, r *http.Request) {
	key := webhookOf(r)
	id, err := callOfPath(r)
	if err == nil {
		err = withoutBody(w, r)
	}
	if err == nil {
		err = a.redeliver(r.Context(), key, id)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	w.Header().Set("Location", locationOf(key, id))
	a.answerCall(w, r, key, id, http.StatusAccepted)
}

// redeliver delivers one call anew, if there is room. Before the first whole
// configuration every webhook would look deleted.
func (a *api) redeliver(ctx context.Context, key plan.Key, id uuid.UUID) error {
	if err := a.intake.Knows(key); errors.Is(err, errNotConfigured) {
		return err
	}
	release, err := a.admission.Admit(0)
	if err != nil {
		return err
	}
	defer release()
	err = a.engine.Redeliver(ctx, key, id)
	if errors.Is(err, engine.ErrDeleted) {
		return errWebhookDeleted
	}
	return err
}

// redeliverEnded delivers the calls anew that have ended as is asked for: POST
// …/redeliver.
func (a *api) redeliverEnded(w http.ResponseWriter, r *http.Request) {
	if err := mustBeJSON(r); err != nil {
		a.problem(w, r, err)
		return
	}
	body, release, err := a.take(w, r, maxRedelivery)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	release()
	key := webhookOf(r)
	q, err := parseRedelivery(body, time.Now())
	if err == nil {
		err = a.intake.Knows(key)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(redeliverTime + writeTimeout))
	s := &series{api: a, key: key, redelivery: q, until: time.Now().Add(redeliverTime)}
	if err := s.run(r.Context()); err != nil {
		a.problem(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, mediaJSON, s.answer)
}

// series is the redelivery of many calls. They go one after the other, so that the
// cursor says exactly which have been.
type series struct {
	*redelivery
	api    *api
	key    plan.Key
	until  time.Time
	answer client.Redelivered
}

// run goes on until all calls have been, or those of this answer. An error says
// that none was redelivered, or that what was is not known.
func (s *series) run(ctx context.Context) error {
	for {
		f := store.EndedFilter{Webhook: s.key, Outcomes: s.outcomes, Since: s.since, Till: s.till, Limit: s.limit - s.answer.Matched}
		ids, last, more, err := s.api.calls.Ended(f, s.after)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := s.one(ctx, id); err != nil {
				return s.stop(err)
			}
		}
		s.after = last
		if !more {
			return nil
		}
		if s.answer.Matched == s.limit || s.late(ctx) {
			s.answer.Cursor = s.cursor()
			return nil
		}
	}
}

// errLate is for a redelivery that has taken its time.
var errLate = errors.New("the redelivery goes on with the cursor")

// late reports whether it is time to answer.
func (s *series) late(ctx context.Context) bool { return time.Now().After(s.until) || ctx.Err() != nil }

// one redelivers a call. An error is about all further ones as well.
func (s *series) one(ctx context.Context, id uuid.UUID) error {
	if s.late(ctx) {
		return errLate
	}
	if !s.dryRun {
		switch err := s.api.redeliver(ctx, s.key, id); {
		case err == nil:
			s.answer.Redelivered++
		case !aboutOne(err):
			return err
		case len(s.answer.Refused) < maxRefused:
			s.answer.Refused = append(s.answer.Refused, client.Refused{TransactionID: id.String(), Problem: problemOf(err)})
		}
	}
	s.answer.Matched++
	s.after = id
	return nil
}

// aboutOne reports whether an error says nothing about other calls.
func aboutOne(err error) bool {
	return errors.Is(err, store.ErrNotFound) || errors.Is(err, engine.ErrNotFinished) || errors.Is(err, engine.ErrNotRendered) ||
		errors.Is(err, errWebhookDeleted)
}

// stop ends the redelivery early: with the cursor if something was done and the
// rest can follow later, else with the error.
func (s *series) stop(err error) error {
	later := errors.Is(err, errLate) || errors.Is(err, engine.ErrTooManyWaiting) || errors.Is(err, admission.ErrBusy) || errors.Is(err, admission.ErrDiskFull)
	if !later || s.answer.Matched == 0 {
		return err
	}
	s.answer.Cursor = s.cursor()
	return nil
}
