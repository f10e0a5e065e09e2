package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// expect checks one expectation.
func (r *runner) expect(w *words) error {
	switch what := w.word(); what {
	case "request":
		return r.expectRequest(w)
	case "requests":
		return r.expectRequests(w)
	case "unknown":
		return r.expectUnknown(w)
	case "header", "no", "body":
		return r.expectPart(what, w)
	case "nothing":
		return r.nothing()
	case "rate", "concurrency", "waiting":
		return r.expectNumber(what, w)
	case "outcome", "waits":
		return r.expectState(what, w)
	case "log", "row":
		return r.expectLog(what, w)
	case "variable", "variables", "response":
		return r.expectResult(what, w)
	case "report":
		return r.expectReport(w)
	case "refused":
		return r.expectRefused(w)
	default:
		return fmt.Errorf("there is no expectation %q", what)
	}
}

// expectRequest expects the next request: NAME [METHOD URL].
func (r *runner) expectRequest(w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	q, err := r.next(c, r.world.since())
	if err != nil || w.text == "" {
		return err
	}
	if want := c.id(w.rest()); q.method+" "+q.url != want {
		return fmt.Errorf("the request is %s %s, want %s", q.method, q.url, want)
	}
	return nil
}

// expectAny expects so many requests, of whichever calls.
func (r *runner) expectAny(w *words) error {
	want, err := w.number()
	if err != nil {
		return err
	}
	pending := r.world.receiver.pending()
	if len(pending) != want {
		return fmt.Errorf("%d requests have come, want %d", len(pending), want)
	}
	for _, q := range pending {
		q.expected = true
	}
	return nil
}

// expectRequests expects requests in order: NAMES from 0s every 200ms.
func (r *runner) expectRequests(w *words) error {
	if w.take("any") {
		return r.expectAny(w)
	}
	var names []string
	for w.text != "" && !w.take("from") {
		names = append(names, expand(w.word())...)
	}
	at, every := r.world.since(), time.Duration(0)
	var err error
	if w.text != "" {
		if at, err = w.duration(); err != nil {
			return err
		}
	}
	if w.take("every") {
		if every, err = w.duration(); err != nil {
			return err
		}
	}
	for _, name := range names {
		c, err := r.named(name)
		if err != nil {
			return err
		}
		if _, err := r.next(c, at); err != nil {
			return fmt.Errorf("the request of %s: %w", name, err)
		}
		at += every
	}
	return nil
}

// next takes the next request, which is of a call and came at a time. Those that
// came at one moment out of one command have no order: each attempt is a
// goroutine of its own.
func (r *runner) next(c *call, at time.Duration) (*request, error) {
	pending := r.world.receiver.pending()
	if len(pending) == 0 {
		return nil, errors.New("no request has come")
	}
	var why error
	for _, q := range pending {
		if !q.at.Equal(pending[0].at) || q.step != pending[0].step {
			break
		}
		if why = c.sent(q, r.world.roots); why == nil {
			pending[0] = q
			break
		}
	}
	q := pending[0]
	if why != nil {
		return nil, fmt.Errorf("the next request is %s %s of %v: %w", q.method, q.url, r.world.at(q.at), why)
	}
	if came := r.world.at(q.at); came != at {
		return nil, fmt.Errorf("the request came at %v, want %v", came, at)
	}
	q.expected = true
	c.requests = append(c.requests, q)
	return q, nil
}

// at returns a time as the time since the story began.
func (w *world) at(when time.Time) time.Duration { return when.Sub(w.began) }

// sent returns an error unless a request has the parts that were rendered when
// the call was taken in, byte for byte.
func (c *call) sent(q *request, roots []string) error {
	switch {
	case q.method != c.accepted.Method || !slices.ContainsFunc(roots, func(root string) bool { return q.url == root+c.accepted.Suffix }):
		return fmt.Errorf("the call's part of the URL is %s %s", c.accepted.Method, c.accepted.Suffix)
	case !bytes.Equal(q.body, c.accepted.Body):
		return fmt.Errorf("its body is %s, that of the call %s", q.body, c.accepted.Body)
	}
	for _, h := range c.accepted.Headers {
		if !slices.ContainsFunc(q.headers, func(got plan.RenderedHeader) bool { return got.Name == h.Name && got.Value == h.Value }) {
			return fmt.Errorf("it lacks the call's header %s: %s", h.Name, h.Value)
		}
	}
	return nil
}

// nothing expects that there is no further request.
func (r *runner) nothing() error {
	if pending := r.world.receiver.pending(); len(pending) > 0 {
		q := pending[0]
		return fmt.Errorf("%d requests were not expected; the first is %s %s of %v", len(pending), q.method, q.url, r.world.at(q.at))
	}
	return nil
}

// expectPart looks at the newest request of a call.
func (r *runner) expectPart(what string, w *words) error {
	if what == "no" && !w.take("header") {
		return errors.New(`it is "expect no header"`)
	}
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	if len(c.requests) == 0 {
		return errors.New("no request of it was expected")
	}
	q := c.requests[len(c.requests)-1]
	if what == "body" {
		if want := c.id(w.rest()); string(q.body) != want {
			return fmt.Errorf("the body is %s, want %s", q.body, want)
		}
		return nil
	}
	var got []string
	name, want := w.rest(), ""
	if what == "header" {
		name, want, _ = strings.Cut(name, ":")
	}
	for _, h := range q.headers {
		if strings.EqualFold(h.Name, name) {
			got = append(got, h.Value)
		}
	}
	want = c.id(strings.TrimSpace(want))
	if what == "no" && len(got) > 0 || what == "header" && !slices.Equal(got, []string{want}) {
		return fmt.Errorf("the values of header %s are %q", name, got)
	}
	return nil
}

// expectNumber expects a number: rate N, concurrency N, waiting WEBHOOK N.
func (r *runner) expectNumber(what string, w *words) error {
	webhook := ""
	if what == "waiting" {
		webhook = w.word()
	}
	want, err := w.number()
	if err != nil {
		return err
	}
	var got int
	switch what {
	case "rate":
		return r.world.receiver.rate(want)
	case "concurrency":
		r.world.receiver.mu.Lock()
		defer r.world.receiver.mu.Unlock()
		got = r.world.receiver.highest
	case "waiting":
		if got, err = r.world.waiting(key(webhook)); err != nil {
			return err
		}
	}
	if got != want {
		return fmt.Errorf("it is %d, want %d", got, want)
	}
	return nil
}

// expectState expects what has become of a call.
func (r *runner) expectState(what string, w *words) error {
	c, err := r.named(w.word())
	if err != nil {
		return err
	}
	l, err := r.world.up()
	if err != nil {
		return err
	}
	entry, err := l.store.Load(c.accepted.ID)
	if err != nil {
		return err
	}
	state, want := entry.State, ""
	if what == "outcome" {
		want = w.word()
	}
	if string(state.Outcome) != want {
		return fmt.Errorf("the call is %s, want %q", r.tell(state), want)
	}
	for w.text != "" {
		var got string
		field := w.word()
		switch want = w.word(); field {
		case "attempts":
			got = strconv.Itoa(state.Attempts)
		case "series":
			got = strconv.Itoa(state.Series)
		case "status":
			got = strconv.Itoa(state.StatusCode)
		case "due":
			got = r.clock(state.Due)
		case "message":
			want = strings.TrimSpace(want + " " + w.rest())
			if got = state.Message; strings.Contains(got, want) {
				got = want
			}
		default:
			return fmt.Errorf("there is no %q of a call", field)
		}
		if got != want {
			return fmt.Errorf("the call is %s, want %s %s", r.tell(state), field, want)
		}
	}
	return nil
}

// expectRefused expects that the dispatcher refuses an integration: NAME TEXT.
func (r *runner) expectRefused(w *words) error {
	name, want := w.word(), w.rest()
	if got := r.world.refused[name]; want == "" || !strings.Contains(got, want) {
		return fmt.Errorf("it is refused with %q, want %q", got, want)
	}
	delete(r.world.refused, name)
	return nil
}

// clock writes a time as the time since the story began; "never" for none.
func (r *runner) clock(when time.Time) string {
	if when.IsZero() {
		return "never"
	}
	return r.world.at(when).String()
}

// tell writes a state down.
func (r *runner) tell(s store.State) string {
	return fmt.Sprintf("%q attempts %d status %d due %s message %s", s.Outcome, s.Attempts, s.StatusCode, r.clock(s.Due), s.Message)
}

// expectReport expects the newest report of a webhook.
func (r *runner) expectReport(w *words) error {
	r.world.mu.Lock()
	report, ok := r.world.reports[key(w.word())]
	r.world.mu.Unlock()
	want := w.rest()
	got := "none"
	if ok {
		got = fmt.Sprintf("%s failures %d lastSuccess %s", report.Outcome, report.ConsecutiveFailures, r.clock(report.LastSuccess))
	}
	if got != want {
		return fmt.Errorf("the report is %q, want %q", got, want)
	}
	return nil
}
