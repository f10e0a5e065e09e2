package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

const (
	eventMedia = "application/cloudevents+json"
	batchMedia = "application/cloudevents-batch+json"
)

// send posts events and returns the answer; headers are "Name: value" lines.
func send(b *backend, headers, body string) *httptest.ResponseRecorder {
	api := New(Options{Intake: b, Admission: b, Calls: b, Logger: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest(http.MethodPost, client.EventsPath("ns"), strings.NewReader(body))
	for line := range strings.Lines(headers) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
			r.Header.Add(name, value)
		}
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// binaryEvent are the headers of an event in binaryEvent mode.
const binaryEvent = "Ce-Specversion: 1.0\nCe-Id: 42\nCe-Source: /shop\nCe-Type: paid\nContent-Type: application/json\n"

// structured is an event in structured mode with more members.
func structured(more string) string {
	return `{"specversion": "1.0", "id": "42", "source": "/shop", "type": "paid"` + more + `}`
}

func TestEventsAreDecoded(t *testing.T) {
	at := time.Date(2026, 3, 1, 22, 15, 0, 5e8, time.UTC)
	for name, test := range map[string]struct {
		headers, body string
		want          *trigger.Event
	}{
		"binary": {
			binaryEvent + "Ce-Subject: caf%C3%A9 %\nCe-Time: 2026-03-01T22:15:00.5Z\nCe-Dataschema: https://example.com/s\nCe-Tenant: \"a \\\"b\\\"\"\nCe-Sampledrate: 3\n", `{"total": 1}`,
			&trigger.Event{Subject: "café %", Time: at, DataSchema: "https://example.com/s", DataContentType: "application/json",
				Extensions: map[string]string{"tenant": `a "b"`, "sampledrate": "3"}, Data: []byte(`{"total": 1}`)},
		},
		"binary, no data":        {binaryEvent, ``, &trigger.Event{DataContentType: "application/json"}},
		"binary, text":           {strings.ReplaceAll(binaryEvent, "application/json", "text/plain"), `{`, &trigger.Event{DataContentType: "text/plain", Data: []byte("{")}},
		"binary, without a type": {strings.ReplaceAll(binaryEvent, "Content-Type: application/json", ""), `[1]`, &trigger.Event{Data: []byte("[1]")}},
		"structured": {
			"Content-Type: " + eventMedia + "; charset=UTF-8\n", structured(`, "subject": "s", "time": "2026-03-01T22:15:00.5Z", "dataschema": "https://example.com/s",
				"datacontenttype": "application/json", "tenant": "a", "attempt": 3, "vip": true, "absent": null, "data": {"total": 1}`),
			&trigger.Event{Subject: "s", Time: at, DataSchema: "https://example.com/s", DataContentType: "application/json",
				Extensions: map[string]string{"tenant": "a", "attempt": "3", "vip": "true"}, Data: []byte(`{"total": 1}`)},
		},
		"structured, data first": {"Content-Type: " + eventMedia + "\n", `{"data": "<a>\n", "datacontenttype": "text/xml", ` + structured("")[1:], &trigger.Event{DataContentType: "text/xml", Data: []byte("<a>\n")}},
		"structured, base64":     {"Content-Type: " + eventMedia + "\n", structured(`, "datacontenttype": "image/png", "data_base64": "iVBORw=="`), &trigger.Event{DataContentType: "image/png", Data: []byte("\x89PNG")}},
		"structured, no data":    {"Content-Type: " + eventMedia + "\n", structured(`, "data_base64": null`), &trigger.Event{}},
		"structured, null":       {"Content-Type: " + eventMedia + "\n", structured(`, "data": null`), &trigger.Event{Data: []byte("null")}},
		"structured wins":        {"Content-Type: " + eventMedia + "\nCe-Id: other\n", structured(""), &trigger.Event{}},
		"batch of one":           {"Content-Type: " + batchMedia + "\n", "[" + structured("") + "]", &trigger.Event{}},
	} {
		t.Run(name, func(t *testing.T) {
			b := &backend{}
			w := send(b, test.headers, test.body)
			if w.Code != http.StatusAccepted || w.Body.Len() > 0 || w.Header().Get("Content-Type") != "" || b.released != 1 {
				t.Fatalf("answered %d %v %s", w.Code, w.Header(), w.Body)
			}
			want := test.want
			want.ID, want.Source, want.Type = "42", "/shop", "paid"
			if diff := cmp.Diff([]*trigger.Event{want}, b.events, cmpopts.IgnoreUnexported(trigger.Event{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformedEvents(t *testing.T) {
	deep := strings.Repeat("[", 100_000)
	for _, test := range []struct {
		headers, body string
		status        int
		kind, detail  string
	}{
		{"", "", 415, client.ProblemUnsupportedType, "an event must be sent with ce- headers"},
		{"Content-Type: application/json", structured(""), 415, client.ProblemUnsupportedType, "an event must be sent with ce- headers"},
		{"Content-Type: application/x-ndjson", structured(""), 415, client.ProblemUnsupportedType, ""},
		{"Content-Type: application/cloudevents+avro", "", 415, client.ProblemUnsupportedType, ""},
		{"Content-Type: application/cloudevents+json; charset=utf-16", "", 415, client.ProblemUnsupportedType, ""},
		{"Content-Type: application/cloudevents+json\nContent-Type: text/plain", "", 415, client.ProblemUnsupportedType, ""},
		{"Content-Encoding: gzip\n" + binaryEvent, "", 415, client.ProblemUnsupportedEncoding, ""},

		{strings.ReplaceAll(binaryEvent, "Ce-Specversion", "X-S"), "", 400, client.ProblemInvalidEvent, "the event cannot be used: specversion is missing"},
		{strings.ReplaceAll(binaryEvent, "1.0", "0.3"), "", 400, client.ProblemInvalidEvent, "specversion is not supported; it must be 1.0"},
		{strings.ReplaceAll(binaryEvent, "Ce-Id", "X-Id"), "", 400, client.ProblemInvalidEvent, "id is missing or empty"},
		{strings.ReplaceAll(binaryEvent, "/shop", ""), "", 400, client.ProblemInvalidEvent, "source is missing or empty"},
		{strings.ReplaceAll(binaryEvent, "paid", " "), "", 400, client.ProblemInvalidEvent, "type is missing or empty"},
		{strings.ReplaceAll(binaryEvent, "/shop", "%00"), "", 400, client.ProblemInvalidEvent, "source has a control character"},
		{strings.ReplaceAll(binaryEvent, "/shop", "%ff"), "", 400, client.ProblemInvalidEvent, "source is not valid UTF-8"},
		{strings.ReplaceAll(binaryEvent, "/shop", ":"), "", 400, client.ProblemInvalidEvent, "source is no URI reference"},
		{binaryEvent + "Ce-Id: 43", "", 400, client.ProblemInvalidEvent, "id is given twice"},
		{binaryEvent + "Content-Type: text/plain", "", 400, client.ProblemInvalidEvent, "datacontenttype is given twice"},
		{binaryEvent + "Ce-Datacontenttype: text/plain", "", 400, client.ProblemInvalidEvent, "datacontenttype is sent as Content-Type"},
		{binaryEvent + "Ce-Time: yesterday", "", 400, client.ProblemInvalidEvent, "time is no time by RFC 3339"},
		{binaryEvent + "Ce-Dataschema: a b", "", 400, client.ProblemInvalidEvent, "dataschema is no absolute URI"},
		{binaryEvent + "Ce-My-Name: x", "", 400, client.ProblemInvalidEvent, "a name is none of an attribute"},
		{binaryEvent + "Ce-: x", "", 400, client.ProblemInvalidEvent, "a name is none of an attribute"},
		{binaryEvent + "Ce-Data: x", "", 400, client.ProblemInvalidEvent, "data"},
		{binaryEvent, "{", 400, client.ProblemInvalidEvent, "its data is not JSON in UTF-8"},
		{binaryEvent, "\"\xff\"", 400, client.ProblemInvalidEvent, "its data is not JSON in UTF-8"},
		{strings.ReplaceAll(binaryEvent, "Content-Type: application/json", ""), `{`, 400, client.ProblemInvalidEvent, "its data is no JSON; say in Content-Type what it is"},
		{strings.ReplaceAll(binaryEvent, "paid", "io.maestra.webhooks.call.Failed"), "", 422, client.ProblemReservedEventType, "io.maestra.webhooks."},
		{binaryEvent, strings.Repeat(" ", MaxBody+1), 413, client.ProblemTooLarge, "1048576"},

		{"Content-Type: " + eventMedia, "", 400, client.ProblemInvalidEvent, "it is no JSON object"},
		{"Content-Type: " + eventMedia, "[]", 400, client.ProblemInvalidEvent, "it is no JSON object"},
		{"Content-Type: " + eventMedia, structured("") + "x", 400, client.ProblemInvalidEvent, "it is no JSON object"},
		{"Content-Type: " + eventMedia, structured("") + "\xff", 400, client.ProblemInvalidEvent, "it is not valid UTF-8"},
		{"Content-Type: " + eventMedia, deep, 400, client.ProblemInvalidEvent, "it is no JSON object"},
		{"Content-Type: " + eventMedia, structured(`, "": 1`), 400, client.ProblemInvalidEvent, "a name is none of an attribute"},
		{"Content-Type: " + eventMedia, structured(`, "Tenant": "a"`), 400, client.ProblemInvalidEvent, "a name is none of an attribute"},
		{"Content-Type: " + eventMedia, structured(`, "id": "43"`), 400, client.ProblemInvalidEvent, "id is given twice"},
		{"Content-Type: " + eventMedia, structured(`, "\u0064ata": 1, "data": 2`), 400, client.ProblemInvalidEvent, "data is given twice"},
		{"Content-Type: " + eventMedia, structured(`, "subject": 1`), 400, client.ProblemInvalidEvent, "subject must be a string"},
		{"Content-Type: " + eventMedia, structured(`, "subject": ""`), 400, client.ProblemInvalidEvent, "subject cannot be what it is"},
		{"Content-Type: " + eventMedia, structured(`, "tenant": {}`), 400, client.ProblemInvalidEvent, "an extension must be a string, a whole number or a boolean"},
		{"Content-Type: " + eventMedia, structured(`, "tenant": 1.5`), 400, client.ProblemInvalidEvent, "an extension must be a string, a whole number or a boolean"},
		{"Content-Type: " + eventMedia, structured(`, "tenant": "a\u0000"`), 400, client.ProblemInvalidEvent, "an extension has a control character"},
		{"Content-Type: " + eventMedia, structured(`, "datacontenttype": ";"`), 400, client.ProblemInvalidEvent, "datacontenttype is no media type"},
		{"Content-Type: " + eventMedia, structured(`, "data": 1, "data_base64": "AA=="`), 400, client.ProblemInvalidEvent, "it has both data and data_base64"},
		{"Content-Type: " + eventMedia, structured(`, "data_base64": "!"`), 400, client.ProblemInvalidEvent, "data_base64 is not base64"},
		{"Content-Type: " + eventMedia, structured(`, "data_base64": 1`), 400, client.ProblemInvalidEvent, "data_base64 is not base64"},
		{"Content-Type: " + eventMedia, structured(`, "data_base64": "ew=="`), 400, client.ProblemInvalidEvent, "its data is not JSON in UTF-8"},
		{"Content-Type: " + eventMedia, structured(`, "datacontenttype": "text/plain", "data": {}`), 400, client.ProblemInvalidEvent, "data must be a string, since datacontenttype is not JSON"},

		{"Content-Type: " + batchMedia, structured(""), 400, client.ProblemInvalidEvent, "a batch is a JSON array of events"},
		{"Content-Type: " + batchMedia, "[" + structured("") + "," + structured("") + ",{}]", 400, client.ProblemInvalidEvent, "events[2] of the batch cannot be used, so none was accepted: specversion is missing"},
		{"Content-Type: " + batchMedia, "[" + structured("") + ",1]", 400, client.ProblemInvalidEvent, "events[1] of the batch cannot be used, so none was accepted: it is no JSON object"},
		{"Content-Type: " + batchMedia, "[" + structured(`, "data": "`+strings.Repeat("x", MaxBody)+`"`) + "]", 413, client.ProblemTooLarge, "1048576"},
		{"Content-Type: " + batchMedia, "[" + strings.Repeat(structured("")+",", MaxBatch) + structured("") + "]", 413, client.ProblemTooLarge, "at most 10000 events"},
		{"Content-Type: " + batchMedia, strings.Repeat(" ", MaxBatchBytes+1), 413, client.ProblemTooLarge, "16777216"},
	} {
		b := &backend{}
		w := send(b, test.headers, test.body)
		var p client.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatalf("%.200q %.200q: answered %d %s", test.headers, test.body, w.Code, w.Body)
		}
		if w.Code != test.status || p.Type != test.kind || !strings.Contains(p.Detail, test.detail) || strings.Contains(p.Detail, "\n") || len(b.events) > 0 {
			t.Errorf("%.200q %.200q: answered %d %+v, want %d %s %q", test.headers, test.body, w.Code, p, test.status, test.kind, test.detail)
		}
	}
}

// matched is what became of an event for a webhook.
func matched(name string, err error) intake.EventResult {
	r := intake.EventResult{Webhook: plan.Key{Namespace: "ns", Name: name}, Result: intake.Result{Err: err}}
	if err == nil {
		r.Entry = &store.Entry{Call: store.Call{ID: uuid.MustParse("0197a5b0-0000-7000-8000-000000000000")}}
	}
	return r
}

func TestTheWorstProblemIsAnswered(t *testing.T) {
	notReady := &intake.NotReadyError{Webhook: plan.Key{Namespace: "ns", Name: "b"}, Reason: "r"}
	for _, test := range []struct {
		errs   []error
		status int
		kind   string
	}{
		{[]error{nil, engine.ErrDeleted}, 202, ""},
		{[]error{nil, intake.ErrKeyReused, nil}, 422, client.ProblemKeyReused},
		{[]error{intake.ErrKeyReused, engine.ErrTooManyWaiting}, 429, client.ProblemTooManyWaiting},
		{[]error{engine.ErrTooManyWaiting, notReady, intake.ErrKeyReused}, 503, client.ProblemNotReady},
	} {
		b := &backend{matching: func(string, *trigger.Event) []intake.EventResult {
			var results []intake.EventResult
			for n, err := range test.errs {
				results = append(results, matched(fmt.Sprint("w", n), err))
			}
			return results
		}}
		w := send(b, binaryEvent+"Prefer: return=minimal\n", "{}")
		var p client.Problem
		if w.Body.Len() > 0 {
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
		}
		retry := w.Header().Get("Retry-After") != ""
		if w.Code != test.status || p.Type != test.kind || test.kind != "" && !strings.Contains(p.Detail, "sent again") || retry != (test.status == 429 || test.status == 503) {
			t.Errorf("%v: answered %d %+v", test.errs, w.Code, p)
		}
	}
	if w := send(&backend{err: intake.ErrNotConfigured}, binaryEvent, "{}"); w.Code != 503 {
		t.Errorf("answered %d before the configuration", w.Code)
	}
	if w := send(&backend{err: errors.New("the disk is gone")}, binaryEvent, "{}"); w.Code != 500 {
		t.Errorf("answered %d with a broken store", w.Code)
	}
}

func TestTheCallsAreShownOnRequest(t *testing.T) {
	b := &backend{matching: func(namespace string, e *trigger.Event) []intake.EventResult {
		if namespace != "ns" || e.ID == "43" {
			return nil
		}
		repeat := matched("b", nil)
		repeat.Repeat, repeat.Entry.State.Outcome = true, plan.OutcomeRenderFailed
		return []intake.EventResult{matched("a", nil), repeat}
	}}
	body := "[" + structured("") + "," + strings.Replace(structured(""), "42", "43", 1) + "]"
	w := send(b, "Content-Type: "+batchMedia+"\nPrefer: respond-async, return=representation; x=y\n", body)
	const want = `{"events":[{"id":"42","source":"/shop","calls":[{"webhook":"a","transactionId":"0197a5b0-0000-7000-8000-000000000000"},` +
		`{"webhook":"b","transactionId":"0197a5b0-0000-7000-8000-000000000000","repeat":true,"outcome":"RenderFailed"}]},{"id":"43","source":"/shop","calls":[]}]}` + "\n"
	if w.Code != 202 || w.Body.String() != want || w.Header().Get("Preference-Applied") != "return=representation" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
	}
	for _, prefer := range []string{"return=minimal, return=representation", "return=Representation", "return", "wait=1"} {
		if w := send(&backend{}, binaryEvent+"Prefer: "+prefer+"\n", "{}"); w.Body.Len() > 0 {
			t.Errorf("%s: answered %s", prefer, w.Body)
		}
	}
}

// FuzzEvents: whatever is sent, the answer is 202 without a body or a problem, and
// what was accepted is an event.
func FuzzEvents(f *testing.F) {
	f.Add("application/json", "ce-id", "42", "ce-subject", "%C3%A9", []byte(`{}`))
	f.Add("text/plain", "ce-time", "2026-03-01T22:15:00Z", "ce-x", `"a\""`, []byte("\xff"))
	for _, more := range []string{``, `, "data": {"a": [1, "]"]}`, `, "data_base64": "AA=="`, `, "data_base64": 1`, `, "": 1`, `, "time": "2026-13-01T22:15:00Z"`, `, "data": "\ud800"`, `, "x": -1`} {
		f.Add(eventMedia, "", "", "", "", []byte(structured(more)))
		f.Add(batchMedia, "", "", "", "", []byte("["+structured(more)+","+structured("")+"]"))
	}
	f.Fuzz(func(t *testing.T, media, name1, value1, name2, value2 string, body []byte) {
		b := &backend{}
		api := New(Options{Intake: b, Admission: b, Calls: b, Logger: slog.New(slog.DiscardHandler)})
		r := httptest.NewRequest(http.MethodPost, client.EventsPath("ns"), strings.NewReader(string(body)))
		r.Header.Set("Content-Type", media)
		for name, value := range map[string]string{"ce-specversion": "1.0", "ce-id": "1", "ce-source": "s", "ce-type": "t", name1: value1, name2: value2} {
			if !strings.HasPrefix(media, "application/cloudevents") {
				r.Header.Set(name, value)
			}
		}
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code == http.StatusAccepted {
			for _, e := range b.events {
				if e.ID == "" || e.Source == "" || e.Type == "" || e.JSON() && !json.Valid(e.Data) {
					t.Errorf("accepted %+v", e)
				}
			}
			return
		}
		var p client.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code || w.Code >= 500 || len(b.events) > 0 {
			t.Errorf("answered %d %s (%v) with %d events accepted", w.Code, w.Body, err, len(b.events))
		}
		_, _ = io.Copy(io.Discard, w.Body)
	})
}
