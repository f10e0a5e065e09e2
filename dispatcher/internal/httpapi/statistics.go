package httpapi

import (
	"net/http"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/statistics"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Queues remembers what waited. It is package queuelog's Log.
type Queues interface {
	Peak(namespace string, integration plan.Key, since, till time.Time) (waiting int, oldest time.Duration, ok bool)
}

const (
	// usualSpan and usualSteps are what statistics are of, unless something else is asked
	// for.
	usualSpan  = 24 * time.Hour
	usualSteps = 96
	maxSteps   = 500
	// maxCounted bounds the rows that one request counts, and pageBudget the time.
	maxCounted = 2_000_000
)

// getStatistics counts what the log has: GET …/statistics.
func (a *api) getStatistics(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	namespace := r.PathValue("namespace")
	f := store.LogFilter{
		Namespace: namespace, Webhook: q.text("webhook", 253), Integration: q.integration(namespace), Since: q.time("since"), Till: q.time("till"),
	}
	step, n := q.steps(&f, time.Now())
	err := q.err
	var answer *client.Statistics
	if err == nil {
		answer, err = a.count(r, f, step, n)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	if f.Webhook == "" {
		for i := range answer.Steps {
			a.addQueue(&f, &answer.Steps[i], step)
		}
	}
	writeJSON(w, http.StatusOK, mediaJSON, answer)
}

// steps fills in the span and says into how many steps it is divided, and how long these
// are.
func (q *query) steps(f *store.LogFilter, now time.Time) (step time.Duration, n int) {
	switch {
	case f.Till.IsZero() && f.Since.IsZero():
		f.Till = now.Truncate(time.Second).Add(time.Second)
		f.Since = f.Till.Add(-usualSpan)
	case f.Till.IsZero():
		f.Till = now
	case f.Since.IsZero():
		f.Since = f.Till.Add(-usualSpan)
	}
	span := f.Till.Sub(f.Since)
	if span <= 0 {
		q.wrong("since", "must be before till, which is now if it is left out")
		return time.Second, 0
	}
	usual := max(1, int((span+usualSteps*time.Second-1)/(usualSteps*time.Second)))
	step = time.Duration(q.number("step", usual, 1, 366*24*3600)) * time.Second
	if (span+step-1)/step > maxSteps {
		q.wrong("step", "is too short: there can be at most %d steps between since and till", maxSteps)
		return step, 0
	}
	return step, int((span + step - 1) / step)
}

// count counts rows, as many as there is time for.
func (a *api) count(r *http.Request, f store.LogFilter, step time.Duration, n int) (*client.Statistics, error) {
	select {
	case a.pages <- struct{}{}:
		defer func() { <-a.pages }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	answer := &client.Statistics{Since: f.Since.UTC(), Till: f.Till.UTC(), StepSeconds: int(step / time.Second)}
	counter := statistics.New(f.Since, step, n)
	counted, until := 0, time.Now().Add(pageBudget)
	err := a.rows.LogEntries(r.Context(), f, func(e *store.LogEntry) bool {
		if counted == maxCounted || counted%1024 == 1023 && time.Now().After(until) {
			answer.Partial, answer.CountedTill = true, optionalTime(e.Begun)
			return false
		}
		counted++
		counter.Add(e)
		return true
	})
	answer.Steps = counter.Steps()
	return answer, err
}

// addQueue adds to a step what waited within it.
func (a *api) addQueue(f *store.LogFilter, step *client.StatisticsStep, length time.Duration) {
	waiting, oldest, ok := a.queues.Peak(f.Namespace, f.Integration, step.At, step.At.Add(length))
	if ok {
		seconds := oldest.Seconds()
		step.Waiting, step.OldestDueSeconds = &waiting, &seconds
	}
}
