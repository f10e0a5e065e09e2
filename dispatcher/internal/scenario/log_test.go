package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// expectLog expects the rows of the log: NAME 503 Timeout, or a field of one:
// NAME 1 url http://receiver/x.
func (r *runner) expectLog(what string, w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	l, err := r.world.up()
	if err != nil {
		return err
	}
	all, err := l.store.Attempts(c.accepted.ID)
	if err != nil {
		return err
	}
	rows, _ := attemptsOf(all)
	if what == "row" {
		return r.expectRow(c, rows, w)
	}
	want := w.rest()
	got := make([]string, len(rows))
	for i, row := range rows {
		if row.Number != i+1 {
			return fmt.Errorf("row %d is that of attempt %d", i+1, row.Number)
		}
		if got[i] = string(row.Reason); row.StatusCode != 0 {
			got[i] = strconv.Itoa(row.StatusCode)
		}
	}
	if text := strings.Join(got, " "); text != want {
		return fmt.Errorf("the log is %q, want %q", text, want)
	}
	return nil
}

// attemptsOf are the rows of attempts among those of a call, and the row of an end
// without one.
func attemptsOf(all []store.Attempt) (rows []store.Attempt, end store.Attempt) {
	if len(all) > 0 && all[0].Number == 0 {
		return all[1:], all[0]
	}
	return all, end
}

// expectRow expects a field of a row.
func (r *runner) expectRow(c *call, rows []store.Attempt, w *words) error {
	n, err := w.number()
	if err != nil {
		return err
	}
	if n < 1 || n > len(rows) {
		return fmt.Errorf("there are %d rows", len(rows))
	}
	row := rows[n-1]
	field := w.word()
	got, ok := map[string]string{
		"reason": string(row.Reason), "url": row.URL, "message": row.Message, "body": string(row.ResponseBody),
		"begun": r.clock(row.Begun), "took": row.Duration.String(), "integration": row.Integration.Name,
		"generation": strconv.FormatInt(row.IntegrationGeneration, 10),
		"masked":     strings.Trim(fmt.Sprint(row.RequestBodyMask), "[]"),
	}[field]
	want := c.id(w.rest())
	switch field {
	case "request":
		return hasHeader(row.RequestHeaders, want)
	case "response":
		return hasHeader(row.ResponseHeaders, want)
	}
	if !ok {
		return fmt.Errorf("there is no field %q", field)
	}
	if got != want {
		return fmt.Errorf("it is %q, want %q", got, want)
	}
	return nil
}

// hasHeader returns an error unless a header is among others.
func hasHeader(headers []store.Header, want string) error {
	all := make([]string, len(headers))
	for i, h := range headers {
		all[i] = h.Name + ": " + h.Value
	}
	if !slices.Contains(all, want) {
		return fmt.Errorf("the headers are %q, want %q among them", all, want)
	}
	return nil
}

// end expects what holds at the end of every story: no request is left over, a
// call without the key was sent at most once for each delivery, a finished call has a row of the
// log for each attempt that it counts, and the engine holds what the store does.
func (r *runner) end() error {
	if err := r.nothing(); err != nil {
		return err
	}
	for name, why := range r.world.refused {
		return fmt.Errorf("the dispatcher refuses integration %s: %s", name, why)
	}
	l := r.world.life
	if l == nil || l.drained != nil {
		return errors.New("the dispatcher is down")
	}
	for name, c := range r.calls {
		entry, err := l.store.Load(c.accepted.ID)
		if err != nil {
			return fmt.Errorf("call %s: %w", name, err)
		}
		sent := slices.DeleteFunc(slices.Clone(c.requests), func(q *request) bool { return q.unsent })
		if !entry.Call.HasKey && len(sent) > 1+entry.State.Series {
			return fmt.Errorf("call %s has no key and was sent %d times", name, len(sent))
		}
		all, err := l.store.Attempts(c.accepted.ID)
		if err != nil {
			return fmt.Errorf("the log of call %s: %w", name, err)
		}
		rows, end := attemptsOf(all)
		if len(rows) != entry.State.Attempts {
			return fmt.Errorf("call %s has %d rows in the log, and %d attempts", name, len(rows), entry.State.Attempts)
		}
		if outcome := entry.State.Outcome; outcome != "" && end.Outcome != outcome && (len(rows) == 0 || rows[len(rows)-1].Outcome != outcome) {
			return fmt.Errorf("call %s ended as %s, and no row of the log says so", name, outcome)
		}
	}
	return r.held(l)
}

// held compares the engine's idea of what waits with the store's.
func (r *runner) held(l *life) error {
	lanes, err := l.store.Lanes()
	if err != nil {
		return err
	}
	held := l.engine.Held()
	for _, lane := range lanes {
		if !slices.ContainsFunc(held, func(ref plan.Ref) bool { return ref.Key == lane.Webhook }) {
			return fmt.Errorf("the engine has forgotten the calls of %s", lane.Webhook)
		}
	}
	if len(lanes) == 0 && len(held) > 0 {
		return fmt.Errorf("no call waits, and the engine holds %v", held)
	}
	return nil
}

// expectUnknown expects that the store has never heard of a call.
func (r *runner) expectUnknown(w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	l, err := r.world.up()
	if err != nil {
		return err
	}
	if entry, err := l.store.Load(c.accepted.ID); !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the call is there: %v (%w)", entry, err)
	}
	delete(r.calls, c.name)
	return nil
}
