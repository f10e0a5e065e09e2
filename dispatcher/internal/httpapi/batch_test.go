package httpapi

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// accepting is a backend that accepts everything as the same call.
func accepting() *backend {
	return &backend{entry: &store.Entry{Call: store.Call{ID: uuid.MustParse("019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11")}}}
}

const ndjson = "application/x-ndjson; charset=utf-8"

func TestBatch(t *testing.T) {
	const ok = `"status":202,"transactionId":"019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"`
	const bad = `"status":400,"problem":{"type":"https://webhooks.maestra.io/problems/invalid-data","title":"Invalid data","status":400,"detail":`
	b := accepting()
	w, _ := serve(b, "POST", calls, ndjson, strings.NewReader(
		`{"data": {"a": "}{\"]\\"}, "idempotencyKey": "k\u00e9"}`+"\r\n\n \t\r\n"+`{"data":[1,{"b":"]"}]}`+"\nnonsense\n"+`{"idempotencyKey":"k","data":{}}`))
	want := `{"line":1,` + ok + "}\n" + `{"line":4,` + ok + "}\n" +
		`{"line":5,` + bad + `"a line is an object {\"data\": {…}} or {\"data\": {…}, \"idempotencyKey\": \"…\"}"}}` + "\n" +
		`{"line":6,` + ok + "}\n"
	if diff := cmp.Diff(want, w.Body.String()); w.Code != 200 || diff != "" {
		t.Errorf("answered %d (-want +got):\n%s", w.Code, diff)
	}
	if got := w.Header().Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("Content-Type %q", got)
	}
	wantRequests := []intake.Request{
		{Data: []byte(`{"a": "}{\"]\\"}`), Key: "ké", HasKey: true}, {Data: []byte(`[1,{"b":"]"}]`)}, {Data: []byte("{}"), Key: "k", HasKey: true},
	}
	if diff := cmp.Diff(wantRequests, b.requests); diff != "" {
		t.Errorf("intake got (-want +got):\n%s", diff)
	}
	if b.admitted == 0 || b.released != 1 {
		t.Errorf("admitted with %d bytes, released %d times", b.admitted, b.released)
	}
}

func TestAnswersToLines(t *testing.T) {
	for want, b := range map[string]*backend{
		`{"line":1,"status":202,"transactionId":"00000000-0000-0000-0000-000000000000","repeat":true,"outcome":"Succeeded"}`: {
			repeat: true, entry: &store.Entry{State: store.State{Outcome: plan.OutcomeSucceeded}}},
		`{"line":1,"status":429,"problem":{"type":"https://webhooks.maestra.io/problems/too-many-waiting","title":"Too many calls wait","status":429,` +
			`"detail":"as many calls, or bytes of them, wait for this integration as its maxWaiting or maxWaitingBytes allows; hand the call in again later"}}`: {
			err: engine.ErrTooManyWaiting},
	} {
		w, log := serve(b, "POST", calls, ndjson, strings.NewReader(`{"data":{}}`))
		if got := strings.TrimSpace(w.Body.String()); got != want || log != "" {
			t.Errorf("answered %s\nwant %s\nlog %q", got, want, log)
		}
	}
	w, log := serve(&backend{err: errors.New("disk /var/lib/secret is gone")}, "POST", calls, ndjson, strings.NewReader(`{"data":{}}`))
	if strings.Contains(w.Body.String(), "secret") || !strings.Contains(log, "secret") {
		t.Errorf("answered %s, log %q", w.Body, log)
	}
}

func TestWhatIsNoLine(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `{"data"}`, `{"data":}`, `{"data":{}`, `{"data":{}}}`, `{"data":{},}`, `{"data":{}} {}`, `{"data":{},"data":{}}`,
		`{"Data":{}}`, `{"data":{},"x":1}`, `{"data":{},"idempotencyKey":1}`, `{"data":{},"idempotencyKey":null}`,
		`{"data":{},"idempotencyKey":"a","idempotencyKey":"a"}`, `{"data":{},"idempotencyKey":"\x"}`, `{"data":"`, `{"data":"\`, `{"da`, `{`, `"`, "\x00",
	} {
		if r, err := parseLine([]byte(text)); err == nil {
			t.Errorf("%s: %+v, want an error", text, r)
		}
	}
}

func TestLargeBatches(t *testing.T) {
	one := `{"data":{}}` + "\n"
	full := fmt.Sprintf(`{"data":{"a":%q}}`, strings.Repeat("x", MaxBody-8))
	for name, test := range map[string]struct {
		body          string
		status, lines int
	}{
		"as many":          {strings.Repeat(one, MaxBatch), 200, MaxBatch},
		"with blank lines": {strings.Repeat(one+"\n", MaxBatch), 200, MaxBatch},
		"one more":         {strings.Repeat(one, MaxBatch+1), 413, 0},
		"as large":         {strings.Repeat(" ", MaxBatchBytes-len(one)) + one, 200, 1},
		"larger":           {strings.Repeat(" ", MaxBatchBytes) + one, 413, 0},
		"as large a call":  {full, 200, 1},
		"a larger call":    {strings.Replace(full, "x", "xx", 1), 200, 0},
		"nothing":          {"", 200, 0},
	} {
		b := accepting()
		w, _ := serve(b, "POST", calls, ndjson, strings.NewReader(test.body))
		if w.Code != test.status || len(b.requests) != test.lines {
			t.Errorf("%s: answered %d, intake got %d calls", name, w.Code, len(b.requests))
		}
	}
}

func TestNoRoom(t *testing.T) {
	for _, full := range []error{admission.ErrBusy, admission.ErrDiskFull} {
		b := accepting()
		b.full = full
		w, _ := serve(b, "POST", calls, "", strings.NewReader("{}"))
		if w.Code != problemOf(full).Status || w.Header().Get("Retry-After") == "" || len(b.requests) > 0 {
			t.Errorf("%v: answered %d, %d calls", full, w.Code, len(b.requests))
		}
	}
}

func TestIdempotencyKeyHeader(t *testing.T) {
	for name, test := range map[string]struct {
		keys   []string
		repeat bool
		status int
		want   intake.Request
	}{
		"none":  {nil, false, 202, intake.Request{Data: []byte("{}")}},
		"one":   {[]string{`"k 1"`}, true, 202, intake.Request{Data: []byte("{}"), Key: `"k 1"`, HasKey: true}},
		"empty": {[]string{""}, false, 202, intake.Request{Data: []byte("{}"), HasKey: true}}, // intake refuses it
		"two":   {[]string{"a", "a"}, false, 400, intake.Request{}},
	} {
		b := accepting()
		b.repeat = test.repeat
		api := New(Options{Intake: b, Admission: b, Calls: b})
		r := httptest.NewRequest("POST", calls, strings.NewReader("{}"))
		r.Header["Idempotency-Key"] = test.keys
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != test.status || (w.Header().Get("Idempotency-Replayed") == "true") != test.repeat {
			t.Errorf("%s: answered %d, %v", name, w.Code, w.Header())
		}
		if test.status == 202 {
			if diff := cmp.Diff([]intake.Request{test.want}, b.requests); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}

// FuzzLine: what is a line to us is one to encoding/json, with the same parts.
func FuzzLine(f *testing.F) {
	f.Add(`{"data": {"a": [1, "}"]}, "idempotencyKey": "k"}`)
	f.Add(`{"data": -1.5e3}`)
	f.Add(`{"idempotencyKey": "\"", "data": null}`)
	f.Fuzz(func(t *testing.T, text string) { checkLine(t, text) })
}
