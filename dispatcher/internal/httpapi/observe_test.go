package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/admission"
)

// lines parses a log of JSON.
func lines(t *testing.T, log *bytes.Buffer) (all []map[string]any) {
	t.Helper()
	for line := range strings.Lines(log.String()) {
		fields := map[string]any{}
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("the log has %q: %v", line, err)
		}
		all = append(all, fields)
	}
	return all
}

// TestRequestIDs: every answer has an id, the caller's if it is a good one, and problem
// documents repeat it.
func TestRequestIDs(t *testing.T) {
	made := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	long := strings.Repeat("a", 128)
	for _, test := range []struct {
		sent []string
		kept bool
	}{
		{nil, false},
		{[]string{"a"}, true},
		{[]string{long}, true},
		{[]string{"AZaz09-._~"}, true},
		{[]string{long + "a"}, false},
		{[]string{""}, false},
		{[]string{"a b"}, false},
		{[]string{"a/b"}, false},
		{[]string{"a@b"}, false},
		{[]string{"a\x10"}, false},
		{[]string{"\u00e4"}, false},
		{[]string{"a", "b"}, false},
	} {
		for _, path := range []string{calls, "/nothing", "/openapi.json", "/a//b"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			if test.sent != nil {
				r.Header["X-Request-Id"] = test.sent
			}
			w := httptest.NewRecorder()
			New(Options{}).ServeHTTP(w, r)
			id := w.Header().Get("X-Request-Id")
			if test.kept && id != test.sent[0] || !test.kept && !made.MatchString(id) {
				t.Errorf("%s with %q has the id %q", path, test.sent, id)
			}
			var p client.Problem
			if w.Code != http.StatusOK && (json.Unmarshal(w.Body.Bytes(), &p) != nil || p.RequestID != id) {
				t.Errorf("%s: the problem of request %q is %s", path, id, w.Body)
			}
		}
	}
	var log bytes.Buffer
	w := httptest.NewRecorder()
	Overloaded(slog.New(slog.NewJSONHandler(&log, nil)))(w, httptest.NewRequest(http.MethodPost, calls, nil))
	if id := w.Header().Get("X-Request-Id"); !made.MatchString(id) || !strings.Contains(w.Body.String(), id) {
		t.Errorf("a request that there is no place for has the id %q, and is answered %s", id, w.Body)
	}
	if have := lines(t, &log); len(have) != 1 || have[0]["status"] != 429.0 || have[0]["error"] == nil {
		t.Errorf("the log is %s", log.String())
	}
}

// TestRefusalsAreLogged: one line each, without the query and the headers, and not one
// for each of a flood.
func TestRefusalsAreLogged(t *testing.T) {
	var log bytes.Buffer
	o := Options{
		Access: &judge{user: "someone"}, Intake: &backend{err: fmt.Errorf("take in: %w", admission.ErrDiskFull)},
		Admission: &backend{}, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	}
	api := New(o)
	post := func(id string) {
		r := httptest.NewRequest(http.MethodPost, calls, strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer s3cr3t-token")
		r.Header.Set("X-Request-Id", id)
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		api.ServeHTTP(httptest.NewRecorder(), r)
	}
	post("mine")
	have := lines(t, &log)
	if len(have) != 1 {
		t.Fatalf("%d lines: %s", len(have), log.String())
	}
	for name, want := range map[string]any{
		"level": "WARN", "msg": "request refused", "requestId": "mine", "method": "POST", "status": 507.0, "caller": "someone", "webhook": "ns/wh",
		"route": "/v1/namespaces/{namespace}/webhooks/{webhook}/calls", "error": "take in: " + admission.ErrDiskFull.Error(),
		"traceId": "0af7651916cd43dd8448eb211c80319c",
	} {
		if have[0][name] != want {
			t.Errorf("%s is %v, want %v", name, have[0][name], want)
		}
	}
	if strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("the log shows the token: %s", log.String())
	}
	for range 500 {
		post("flood")
	}
	if n := len(lines(t, &log)); n < refusalsBurst || n > 4*refusalsBurst {
		t.Errorf("501 refusals are %d lines", n)
	}
}

// TestRequestsAreLoggedAtDebug: what succeeds, or is the caller's mistake, is told only
// to who asks for all.
func TestRequestsAreLoggedAtDebug(t *testing.T) {
	for level, want := range map[slog.Level]int{slog.LevelInfo: 0, slog.LevelDebug: 2} {
		var log bytes.Buffer
		api := New(Options{Access: &judge{err: access.ErrForbidden}, Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: level}))})
		for _, path := range []string{"/openapi.json?x=s3cr3t", calls + "/none"} {
			r := httptest.NewRequest(http.MethodGet, path, nil)
			r.Header.Set("Authorization", "Bearer s3cr3t-token")
			api.ServeHTTP(httptest.NewRecorder(), r)
		}
		have := lines(t, &log)
		if len(have) != want || strings.Contains(log.String(), "s3cr3t") {
			t.Errorf("at %s the log is %s", level, log.String())
		}
	}
}

// TestAFailureSaysWhyInTheLogOnly: that of the dispatcher itself is an error.
func TestAFailureSaysWhyInTheLogOnly(t *testing.T) {
	var log bytes.Buffer
	api := New(Options{
		Intake: &backend{err: errors.New("the disk is gone")}, Admission: &backend{}, Logger: slog.New(slog.NewJSONHandler(&log, nil)),
	})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest(http.MethodPost, calls, strings.NewReader("{}")))
	have := lines(t, &log)
	if len(have) != 1 || have[0]["level"] != "ERROR" || have[0]["msg"] != "request failed" || have[0]["error"] != "the disk is gone" || have[0]["requestId"] != w.Header().Get("X-Request-Id") {
		t.Errorf("the log is %s", log.String())
	}
	if strings.Contains(w.Body.String(), "disk") {
		t.Errorf("the answer is %s", w.Body)
	}
}

// TestStreamsPassTheObserver: answers can be sent piece by piece, and be broken off.
func TestStreamsPassTheObserver(t *testing.T) {
	var log bytes.Buffer
	o := Options{Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	server := httptest.NewServer(observed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("a"))
		w.(http.Flusher).Flush()
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		panic(http.ErrAbortHandler)
	}), &o))
	answer, err := server.Client().Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	piece := make([]byte, 2)
	if n, _ := answer.Body.Read(piece); n != 1 {
		t.Errorf("%d bytes came first", n)
	}
	_ = answer.Body.Close()
	server.Close()
	if have := lines(t, &log); len(have) != 1 || have[0]["status"] != 200.0 {
		t.Errorf("the log is %s", log.String())
	}
}

// counted is a Counter that keeps what it is told of requests that follow each other.
type counted struct {
	begun    int
	problems []string
	ended    chan string
}

func (c *counted) RequestBegun()       { c.begun++ }
func (c *counted) Problem(kind string) { c.problems = append(c.problems, kind) }
func (c *counted) RequestEnded(route, method string, status int, _ time.Duration) {
	c.ended <- fmt.Sprint(method, " ", route, " ", status)
}

// TestRequestsAreCounted: by the path of the route's pattern and never by that of the
// request, also those that are cut off.
func TestRequestsAreCounted(t *testing.T) {
	w := newWorld(t)
	c := &counted{ended: make(chan string, 1)}
	base := w.serve(func(o *Options) { o.Counter, o.Log = c, &endless{failure: errors.New("no more"), chunks: 2} })
	for _, test := range [][2]string{
		{"GET /openapi.json", "GET /openapi.json 200"},
		{"POST /v1/namespaces/ns/webhooks/secret/calls", "POST /v1/namespaces/{namespace}/webhooks/{webhook}/calls 404"},
		{"BREW /v1/namespaces/ns/webhooks/wh/calls", "BREW /v1/namespaces/{namespace}/webhooks/{webhook}/calls 405"},
		{"GET /secret", "GET / 404"},
		{"GET " + deliveriesPath + "/export", "GET /v1/namespaces/{namespace}/deliveries/export 200"},
	} {
		method, path, _ := strings.Cut(test[0], " ")
		if answer, err := http.DefaultTransport.RoundTrip(request(t, method, base+path, "")); err == nil {
			_, _ = io.Copy(io.Discard, answer.Body) // one is cut off
			_ = answer.Body.Close()
		}
		if got := <-c.ended; got != test[1] {
			t.Errorf("%s is counted as %s, want %s", test[0], got, test[1])
		}
	}
	if c.begun != 5 || len(c.problems) != 1 {
		t.Errorf("%d requests have begun, with %d problems", c.begun, len(c.problems))
	}
}

// TestTooLargeBodiesEndTheConnection, of which the rest would else have to be read.
func TestTooLargeBodiesEndTheConnection(t *testing.T) {
	w := newWorld(t)
	body := io.MultiReader(strings.NewReader(strings.Repeat(" ", MaxBody+1))) // of no known length
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.serve(func(*Options) {})+"/v1/namespaces/ns/webhooks/wh/calls", body)
	w.must(err)
	answer, err := http.DefaultTransport.RoundTrip(r)
	w.must(err)
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusRequestEntityTooLarge || !answer.Close {
		t.Errorf("%d, and the connection ends: %t", answer.StatusCode, answer.Close)
	}
}
