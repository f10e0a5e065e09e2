package engine

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// wire is an engine with everything that is real: a store, and HTTP to a receiver.
type wire struct {
	t       *testing.T
	store   *store.Pebble
	engine  *Engine
	reports chan plan.Report
	key     plan.Key
}

// newWire starts it. change adjusts the integration, whose retries come at once.
func newWire(t *testing.T, receiver http.HandlerFunc, inFlightBytes int64, change func(*plan.Integration)) *wire {
	w := &wire{t: t, reports: make(chan plan.Report, 1000), key: plan.Key{Namespace: "ns", Name: "wh"}}
	server := httptest.NewServer(receiver)
	t.Cleanup(server.Close)
	log := slog.New(slog.DiscardHandler)
	var err error
	if w.store, err = store.Open("store", store.Options{FS: vfs.NewMem(), Logger: log}); err != nil {
		t.Fatal(err)
	}
	out, err := outbound.New(outbound.Options{Policy: egress.Policy{AllowLoopback: true}})
	if err != nil {
		t.Fatal(err)
	}
	w.engine, err = New(Options{
		Store: w.store, Sender: out, Logger: log, Jitter: func() float64 { return 0 }, InFlightBytes: inFlightBytes,
		Report: func(r plan.Report) { w.reports <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		w.engine.Drain(ctx)
		_ = w.store.Close()
		out.Close()
	})
	w.engine.Complete()
	in := &plan.Integration{
		Key: w.key, URL: server.URL, MaxConcurrency: 8, MaxWaiting: 1000, MaxWaitingBytes: 1 << 30, Timeout: 10 * time.Second, Retry: plan.DefaultRetry(),
	}
	in.Retry.Delay = time.Millisecond
	if change != nil {
		change(in)
	}
	if err := w.engine.SetIntegration(in); err != nil {
		t.Fatal(err)
	}
	return w
}

// webhook sets what is read from answers.
func (w *wire) webhook(r *plan.Response) {
	w.engine.SetWebhook(&plan.Webhook{Key: w.key, Integration: w.key, Method: "POST", Response: r})
}

// call makes a call to a path and returns how it ended, with what was read.
func (w *wire) call(path string) (plan.Report, *store.Result) {
	w.t.Helper()
	entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: w.key, CreatedAt: time.Now(), HasKey: true, Method: "POST", Suffix: path}}
	if err := w.engine.Reserve(w.key, entry.Call.Size()); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Accept(context.Background(), entry); err != nil {
		w.t.Fatal(err)
	}
	w.engine.Accepted(w.key, entry)
	report := <-w.reports
	result, err := w.store.Result(entry.Call.ID)
	if err != nil {
		return report, nil
	}
	return report, result
}

// one is a response with one variable, and perhaps a condition.
func one(path string, conditions ...plan.Condition) *plan.Response {
	return &plan.Response{Variables: []plan.Variable{{Name: "code", Path: path, Required: true}}, Conditions: conditions}
}

// TestAnswersAreRead: what a receiver answers, over HTTP, and what becomes of the call.
func TestAnswersAreRead(t *testing.T) {
	const document = `{"code": "A-1", "price": 1.50, "id": 12345678901234567890, "list": [ {"a": 1.0} ]}`
	var body string
	var zipped bool
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept"); got != "application/json" {
			t.Errorf("Accept: %q", got)
		}
		if !zipped {
			_, _ = io.WriteString(w, body)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zip := gzip.NewWriter(w)
		_, _ = io.WriteString(zip, body)
		_ = zip.Close()
	}, 0, nil)
	condition := func(operator plan.Operator, value string) plan.Condition {
		return plan.Condition{Variable: "CODE", Operator: operator, Value: value}
	}
	const used, unusable = plan.OutcomeSucceeded, plan.OutcomeResponseUnusable
	for name, tt := range map[string]struct {
		response *plan.Response
		body     string
		outcome  plan.Outcome
		code     string
	}{
		"a text":            {one("code"), document, used, "A-1"},
		"its digits":        {one("price"), document, used, "1.50"},
		"a long id":         {one("$.id"), document, used, "12345678901234567890"},
		"a part":            {one("list"), document, used, `[{"a":1.0}]`},
		"several":           {one("..a"), document, used, "[1.0]"},
		"exists":            {one("code", condition(plan.OperatorExists, "")), document, used, "A-1"},
		"equals":            {one("code", condition(plan.OperatorEquals, "A-1")), document, used, "A-1"},
		"equals not":        {one("code", condition(plan.OperatorEquals, "a-1")), document, unusable, "A-1"},
		"differs":           {one("code", condition(plan.OperatorNotEquals, "B")), document, used, "A-1"},
		"differs not":       {one("code", condition(plan.OperatorNotEquals, "A-1")), document, unusable, "A-1"},
		"contains":          {one("code", condition(plan.OperatorContains, "-")), document, used, "A-1"},
		"contains not":      {one("code", condition(plan.OperatorContains, "B")), document, unusable, "A-1"},
		"lacks":             {one("code", condition(plan.OperatorNotContains, "B")), document, used, "A-1"},
		"lacks not":         {one("code", condition(plan.OperatorNotContains, "A")), document, unusable, "A-1"},
		"begins":            {one("code", condition(plan.OperatorStartsWith, "A")), document, used, "A-1"},
		"begins not":        {one("code", condition(plan.OperatorStartsWith, "1")), document, unusable, "A-1"},
		"nothing there":     {one("other"), document, unusable, ""},
		"null":              {one("code"), `{"code": null}`, unusable, ""},
		"empty":             {one("code"), "", unusable, ""},
		"no JSON":           {one("code"), "<html>", unusable, ""},
		"ends too early":    {one("code"), document[:len(document)-1], unusable, ""},
		"no UTF-8":          {one("code"), "{\"code\": \"\xff\"}", unusable, ""},
		"more than 1 MiB":   {one("code"), document + strings.Repeat(" ", 1<<20), unusable, ""},
		"nearly 1 MiB":      {one("code"), document + strings.Repeat(" ", 1<<20-len(document)), used, "A-1"},
		"too large a text":  {one("code"), `{"code": "` + strings.Repeat("x", plan.MaxVariables) + `"}`, unusable, ""},
		"too large a whole": {&plan.Response{Full: true}, `"` + strings.Repeat("x", plan.MaxFullResponse) + `"`, unusable, ""},
	} {
		for _, zipped = range []bool{false, true} {
			body = tt.body
			w.webhook(tt.response)
			report, result := w.call("/")
			code := ""
			if result != nil {
				code = result.Variables[0].Value
			}
			if report.Outcome != tt.outcome || code != tt.code || report.Attempts != 1 || report.StatusCode != 200 {
				t.Errorf("%s, compressed %v: %s after %d: %s: %.50q", name, zipped, report.Outcome, report.Attempts, report.Message, code)
			}
		}
	}
}

// TestAnswersThatBreakOff are repeated, those that are too late too.
func TestAnswersThatBreakOff(t *testing.T) {
	attempts := 0
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		attempts++
		switch attempts {
		case 1:
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, `{"code":`)
		case 2:
			_, _ = io.WriteString(w, `{"code":`)
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		default:
			_, _ = io.WriteString(w, `{"code": "A-1"}`)
		}
	}, 0, func(p *plan.Integration) { p.Timeout = 200 * time.Millisecond })
	w.webhook(one("code"))
	report, result := w.call("/")
	if report.Outcome != plan.OutcomeSucceeded || report.Attempts != 3 || result == nil || result.Variables[0].Value != "A-1" {
		t.Errorf("%s after %d: %s: %v", report.Outcome, report.Attempts, report.Message, result)
	}
	id := uuid.MustParse(report.TransactionID)
	rows, err := w.store.Attempts(id)
	if err != nil || len(rows) != 3 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, want := range []plan.Reason{plan.ReasonNetworkError, plan.ReasonTimeout, plan.ReasonSuccess} {
		if rows[i].Reason != want || rows[i].StatusCode != 200 || i < 2 && (string(rows[i].ResponseBody) != `{"code":` || !rows[i].ResponseCut) {
			t.Errorf("row %d: %s, status %d, %q, cut %v", i+1, rows[i].Reason, rows[i].StatusCode, rows[i].ResponseBody, rows[i].ResponseCut)
		}
	}
}

// TestEchoesAreMasked: conditions see what the receiver wrote, nobody else does.
func TestEchoesAreMasked(t *testing.T) {
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"echo": "`+r.Header.Get("Authorization")+`", "number": 9876543210987, "s3cret-canary": ["\u00733cret-canary", 9876543210987]}`)
	}, 0, func(p *plan.Integration) {
		p.Headers = []plan.Header{
			{Name: "Authorization", Value: plan.NewSecret("Bearer s3cret-canary"), Private: true}, {Name: "X-Number", Value: plan.NewSecret("9876543210987"), Private: true},
		}
	})
	w.webhook(&plan.Response{
		Variables:  []plan.Variable{{Name: "echo", Path: "echo"}, {Name: "number", Path: "number"}, {Name: "list", Path: "['s3cret-canary']"}},
		Conditions: []plan.Condition{{Variable: "echo", Operator: plan.OperatorEquals, Value: "Bearer s3cret-canary"}},
		Full:       true,
	})
	report, result := w.call("/")
	want := &store.Result{
		Variables: []store.Variable{{Name: "echo", Value: "***"}, {Name: "number", Value: "***"}, {Name: "list", Value: `["***","***"]`}},
		Response:  []byte(`{"echo":"***","number":"***","***":["***","***"]}`),
	}
	if diff := cmp.Diff(want, result); report.Outcome != plan.OutcomeSucceeded || diff != "" {
		t.Errorf("%s: %s (-want +got):\n%s", report.Outcome, report.Message, diff)
	}
	rows, err := w.store.Attempts(uuid.MustParse(report.TransactionID))
	if err != nil || bytes.Contains(rows[0].ResponseBody, []byte("canary")) {
		t.Errorf("the log has %q, %v", rows[0].ResponseBody, err)
	}
}

// TestAnswersFindNoRoom: an answer that there is no memory for is asked for again.
func TestAnswersFindNoRoom(t *testing.T) {
	w := newWire(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"code": "A-1"}`+strings.Repeat(" ", 100<<10))
	}, 1<<20, nil) // a quarter of it for answers, and this one takes 16, 64 and 256 KiB
	w.webhook(one("code"))
	report, result := w.call("/")
	if report.Outcome != plan.OutcomeExhausted || report.Attempts != 4 || result != nil || report.Message != "there was no memory for the answer, which is awaited whole" {
		t.Errorf("%s after %d: %s: %v", report.Outcome, report.Attempts, report.Message, result)
	}
	if n := w.engine.answerBytes.Load(); n != 0 {
		t.Errorf("%d bytes are still taken", n)
	}
}

// TestAnswersAtTheEndOfTheGracePeriod: one of which a part is missing then is none, and
// its call waits for the next start, also if no retry is left.
func TestAnswersAtTheEndOfTheGracePeriod(t *testing.T) {
	w := newWire(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `{"code":`+strings.Repeat(" ", 8<<10))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}, 0, func(p *plan.Integration) { p.Retry.Retries = 0 })
	w.webhook(one("code"))
	entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: w.key, CreatedAt: time.Now(), HasKey: true, Method: "POST"}}
	if err := w.engine.Reserve(w.key, entry.Call.Size()); err != nil {
		t.Fatal(err)
	}
	if err := w.store.Accept(context.Background(), entry); err != nil {
		t.Fatal(err)
	}
	w.engine.Accepted(w.key, entry)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for w.engine.answerBytes.Load() == 0 { // until there is memory for it
		<-tick.C
	}
	over, cancel := context.WithCancel(context.Background())
	cancel()
	w.engine.Drain(over)
	kept, err := w.store.Load(entry.Call.ID)
	if err != nil || kept.State != (store.State{}) {
		t.Errorf("the call is %+v, %v", kept.State, err)
	}
}

// TestUnreadableWebhooks are not ready: the catalog has refused them.
func TestUnreadableWebhooks(t *testing.T) {
	w := newWire(t, func(http.ResponseWriter, *http.Request) { t.Error("a request has come") }, 0, nil)
	w.webhook(one("["))
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	if got := w.engine.lanes[w.key].plan.NotReady; !strings.HasPrefix(got, "variables[code]: ") {
		t.Errorf("it is not ready: %q", got)
	}
}
