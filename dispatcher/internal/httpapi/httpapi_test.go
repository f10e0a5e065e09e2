package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// backend is what the API works on: one answer to everything.
type backend struct {
	entry    *store.Entry
	err      error
	result   *store.Result
	repeat   bool
	full     error // of Admit
	admitted int64
	released int

	data     string
	requests []intake.Request
	events   []*trigger.Event
	matching func(namespace string, e *trigger.Event) []intake.EventResult
}

func (b *backend) Accept(_ context.Context, _ plan.Key, r intake.Request) intake.Result {
	b.data = string(r.Data)
	b.requests = append(b.requests, r)
	if b.err != nil {
		return intake.Result{Err: b.err}
	}
	return intake.Result{Entry: b.entry, Repeat: b.repeat}
}

func (b *backend) AcceptAll(ctx context.Context, key plan.Key, requests []intake.Request) []intake.Result {
	var results []intake.Result
	for _, r := range requests {
		results = append(results, b.Accept(ctx, key, r))
	}
	return results
}

func (b *backend) Admit(size int64) (func(), error) {
	b.admitted = size
	return func() { b.released++ }, b.full
}

func (b *backend) LoadDurable(uuid.UUID) (*store.Entry, error) { return b.entry, b.err }

func (b *backend) Result(uuid.UUID) (*store.Result, error) {
	if b.result == nil {
		return nil, store.ErrNotFound
	}
	return b.result, nil
}

func (b *backend) Ended(store.EndedFilter, uuid.UUID) ([]uuid.UUID, uuid.UUID, bool, error) {
	return nil, uuid.Nil, false, b.err
}

func (b *backend) AcceptEvents(_ context.Context, namespace string, events []*trigger.Event, _ string) []intake.EventResults {
	b.events = append(b.events, events...)
	results := make([]intake.EventResults, len(events))
	for n, e := range events {
		results[n].Err = b.err
		if b.matching != nil && b.err == nil {
			results[n].Webhooks = b.matching(namespace, e)
		}
	}
	return results
}

func (b *backend) Knows(plan.Key) error { return b.err }

func (b *backend) Preview(context.Context, plan.Key, []byte) (*store.Call, error) {
	return &b.entry.Call, b.err
}

const calls = "/v1/namespaces/ns/webhooks/wh/calls"

// serve performs a request and returns the answer and the API's log.
func serve(b *backend, method, path, contentType string, body io.Reader) (*httptest.ResponseRecorder, string) {
	var log bytes.Buffer
	api := New(Options{Intake: b, Admission: b, Calls: b, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	r := httptest.NewRequest(method, path, body)
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w, log.String()
}

// TestErrors: every error has its problem, is wrapped or not, and only an
// unexpected one is logged. None of those tells a caller what is inside.
func TestErrors(t *testing.T) {
	tests := []struct {
		err    error
		status int
		kind   string
		retry  bool
		logged bool
	}{
		{intake.ErrNotConfigured, 503, client.ProblemNotConfigured, true, true},
		{intake.ErrUnknownWebhook, 404, client.ProblemUnknownWebhook, false, false},
		{engine.ErrDeleted, 404, client.ProblemUnknownWebhook, false, false},
		{&intake.NotReadyError{Reason: "r"}, 503, client.ProblemNotReady, true, true},
		{&intake.DataError{Err: io.ErrUnexpectedEOF}, 400, client.ProblemInvalidData, false, false},
		{engine.ErrTooManyWaiting, 429, client.ProblemTooManyWaiting, true, true},
		{intake.ErrKeyReused, 422, client.ProblemKeyReused, false, false},
		{intake.ErrKeyInvalid, 400, client.ProblemInvalidKey, false, false},
		{admission.ErrBusy, 429, client.ProblemOverloaded, true, true},
		{admission.ErrDiskFull, 507, client.ProblemDiskFull, true, true},
		{context.Canceled, 503, client.ProblemInternal, true, true},
		{context.DeadlineExceeded, 503, client.ProblemInternal, true, true},
		{errors.New("disk /var/lib/secret is gone"), 500, client.ProblemInternal, false, true},
	}
	for _, test := range tests {
		w, log := serve(&backend{err: fmt.Errorf("take in: %w", test.err)}, "POST", calls, "", strings.NewReader("{}"))
		var p client.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if w.Code != test.status || p.Status != test.status || p.Type != test.kind || p.Title == "" || p.Detail == "" {
			t.Errorf("%v: answered %d %+v", test.err, w.Code, p)
		}
		if got := w.Header().Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%v: Content-Type is %q", test.err, got)
		}
		if (w.Header().Get("Retry-After") != "") != test.retry || (log != "") != test.logged || strings.Contains(p.Detail, "/var/lib") {
			t.Errorf("%v: Retry-After %q, logged %q, detail %q", test.err, w.Header().Get("Retry-After"), log, p.Detail)
		}
	}
}

func TestBodies(t *testing.T) {
	entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "ns", Name: "wh"}}}
	full := `{"a": "` + strings.Repeat("x", MaxBody-9) + `"}`
	tests := map[string]struct {
		contentType string
		body        io.Reader
		status      int
	}{
		"no type":        {"", strings.NewReader("{}"), 202},
		"parameter":      {"application/json; charset=utf-8", strings.NewReader("{}"), 202},
		"upper case":     {"Application/JSON", strings.NewReader("{}"), 202},
		"as large":       {"application/json", strings.NewReader(full), 202},
		"larger":         {"application/json", strings.NewReader(full + " "), 413},
		"another type":   {"application/jsonl", strings.NewReader("{}"), 415},
		"malformed type": {"application/json; =", strings.NewReader("{}"), 415},
		"broken off":     {"application/json", io.MultiReader(strings.NewReader("{"), iotest.ErrReader(io.ErrUnexpectedEOF)), 400},
	}
	for name, test := range tests {
		b := &backend{entry: entry}
		w, log := serve(b, "POST", calls, test.contentType, test.body)
		if w.Code != test.status || (b.data != "") != (test.status == 202) || log != "" {
			t.Errorf("%s: answered %d %s; intake got %d bytes; log %q", name, w.Code, w.Body, len(b.data), log)
		}
	}
}

// TestCallOnTheWire: every field of a call's form, while it waits and after.
func TestCallOnTheWire(t *testing.T) {
	at := time.Date(2026, 11, 23, 18, 0, 0, 5, time.FixedZone("elsewhere", 3600))
	id := uuid.MustParse("019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11")
	call := store.Call{ID: id, Webhook: plan.Key{Namespace: "ns", Name: "wh"}, CreatedAt: at}
	const head = `{"transactionId":"019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11","namespace":"ns","webhook":"wh",`
	const created = `"createdAt":"2026-11-23T17:00:00.000000005Z",`
	for want, state := range map[string]store.State{
		head + `"state":"Waiting",` + created + `"attempts":0}`: {},
		head + `"state":"Waiting",` + created + `"attempts":1,"nextAttemptAt":"2026-11-23T17:00:00.000000005Z","statusCode":503,"message":"m"}`: {
			Attempts: 1, Due: at, StatusCode: 503, Message: "m"},
		head + `"state":"Finished",` + created + `"attempts":1,"outcome":"Rejected","success":false,"endedAt":"2026-11-23T17:00:00.000000005Z","statusCode":404,"branch":"no"}`: {
			Attempts: 1, Outcome: plan.OutcomeRejected, EndedAt: at, StatusCode: 404},
	} {
		w, _ := serve(&backend{entry: &store.Entry{Call: call, State: state}}, "GET", calls+"/"+id.String(), "", nil)
		if got := strings.TrimSpace(w.Body.String()); w.Code != http.StatusOK || got != want {
			t.Errorf("answered %d\n%s\nwant\n%s", w.Code, got, want)
		}
		if got := w.Header().Get("Content-Type") + " " + w.Header().Get("Cache-Control"); got != "application/json no-store" {
			t.Errorf("headers %q", got)
		}
	}
}

// TestFreshCallOnTheWire: what is written by hand is what encoding/json writes.
func TestFreshCallOnTheWire(t *testing.T) {
	for _, at := range []time.Time{time.Now(), time.Date(2026, 11, 23, 18, 0, 0, 0, time.FixedZone("elsewhere", 3600))} {
		call := store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "a-1", Name: "b.c-2"}, CreatedAt: at}
		byHand, byJSON := httptest.NewRecorder(), httptest.NewRecorder()
		writeFresh(byHand, &call)
		writeJSON(byJSON, http.StatusAccepted, mediaJSON, callOf(&store.Entry{Call: call}, nil))
		if diff := cmp.Diff(byJSON.Body.String(), byHand.Body.String()); diff != "" || byHand.Code != byJSON.Code {
			t.Errorf("%d (-encoding/json +by hand):\n%s", byHand.Code, diff)
		}
		if diff := cmp.Diff(byJSON.Header(), byHand.Header()); diff != "" {
			t.Errorf("headers (-encoding/json +by hand):\n%s", diff)
		}
	}
}

func TestOtherMethods(t *testing.T) {
	w, _ := serve(&backend{}, "PATCH", calls+"/x", "", nil)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, DELETE" {
		t.Errorf("answered %d, Allow %q", w.Code, w.Header().Get("Allow"))
	}
}
