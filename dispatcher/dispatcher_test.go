package dispatcher_test

import (
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

func TestACallArrivesByteForByte(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, wh *plan.Webhook) {
		in.Headers = []plan.Header{
			{Name: "Authorization", Value: plan.NewSecret("token"), Private: true},
			{Name: "Content-Type", Value: plan.NewSecret("application/json")},
		}
		wh.InheritedOff = []string{"authorization"}
		wh.Headers = []plan.HeaderTemplate{{Name: "webhookHeader", Value: "test"}}
		wh.Suffix = "/${id}?transactionId=${WebhookRequest.TransactionalId}"
		wh.HasKey = true
	})
	accepted := h.call(`{"id": 12345678901234567890, "name": "Ada"}`)
	request := h.received(1)[0]
	host := strings.TrimPrefix(h.receiver.URL(), "http://")
	want := "POST /root/12345678901234567890?transactionId=" + accepted.TransactionID + " HTTP/1.1\r\n" +
		"Host: " + host + "\r\n" +
		"User-Agent: webhook-operator/test\r\n" +
		"Content-Length: 15\r\n" +
		"Content-Type: application/json\r\n" +
		"webhookHeader: test\r\n" +
		"\r\n" +
		`{"name": "Ada"}`
	if diff := cmp.Diff(want, string(request.Raw)); diff != "" {
		t.Errorf("the request (-want +got):\n%s", diff)
	}
	call := h.finished(accepted.TransactionID)
	if call.Outcome != "Succeeded" || !*call.Success || call.StatusCode != 200 || call.Attempts != 1 {
		t.Errorf("the call is %+v", call)
	}
	if report := <-h.reports; report.TransactionID != accepted.TransactionID || report.Outcome != plan.OutcomeSucceeded {
		t.Errorf("the manager was told %+v", report)
	}
}

func TestAcceptedAnswer(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend = true })
	response, err := http.Post(h.client.BaseURL+client.CallsPath("ns", "wh"), "application/json", strings.NewReader(`{"id": 1, "name": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		t.Fatal(err)
	}
	location := response.Header.Get("Location")
	pattern := regexp.MustCompile(`^/v1/namespaces/ns/webhooks/wh/calls/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	if response.StatusCode != http.StatusAccepted || !pattern.MatchString(location) {
		t.Fatalf("answered %d with Location %q", response.StatusCode, location)
	}
	if status, body := get(t, h.client.BaseURL+location); status != http.StatusOK || !strings.Contains(body, `"state":"Waiting"`) {
		t.Errorf("GET of Location: %d %s", status, body)
	}
}

func TestProblems(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend, in.MaxWaiting = true, 1 })
	h.server.SetWebhook(plan.Webhook{Key: plan.Key{Namespace: "ns", Name: "broken"}, NotReady: "the integration is missing"})
	broken := plan.Ref{Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "broken"}}
	h.await("the broken webhook", func() bool { return h.server.State(broken).Answered })
	waiting := h.call(`{"id": 1, "name": "x"}`)

	const wh = "/v1/namespaces/ns/webhooks/wh/calls"
	tests := []struct {
		name, method, path, contentType, body string
		status                                int
		kind, detail                          string
	}{
		{"unknown webhook", "POST", "/v1/namespaces/ns/webhooks/none/calls", "application/json", "{}", 404, client.ProblemUnknownWebhook, `no Webhook "none" in namespace "ns"`},
		{"unknown namespace", "POST", "/v1/namespaces/other/webhooks/wh/calls", "application/json", "{}", 404, client.ProblemUnknownWebhook, `in namespace "other"`},
		{"array", "POST", wh, "application/json", "[1]", 400, client.ProblemInvalidData, "object"},
		{"no JSON", "POST", wh, "application/json", "hello", 400, client.ProblemInvalidData, ""},
		{"nothing", "POST", wh, "application/json", "", 400, client.ProblemInvalidData, ""},
		{"cut off", "POST", wh, "application/json", `{"id": 1`, 400, client.ProblemInvalidData, ""},
		{"two documents", "POST", wh, "application/json", `{} {}`, 400, client.ProblemInvalidData, ""},
		{"too large", "POST", wh, "application/json", `{"id": "` + strings.Repeat("x", 1<<20) + `"}`, 413, client.ProblemTooLarge, "1048576"},
		{"form", "POST", wh, "application/x-www-form-urlencoded", "id=1", 415, client.ProblemUnsupportedType, "application/json"},
		{"not ready", "POST", "/v1/namespaces/ns/webhooks/broken/calls", "application/json", "{}", 503, client.ProblemNotReady, "the integration is missing"},
		{"too many", "POST", wh, "application/json", `{"id": 1, "name": "x"}`, 429, client.ProblemTooManyWaiting, ""},
		{"unknown call", "GET", wh + "/019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11", "", "", 404, client.ProblemUnknownCall, ""},
		{"no id", "GET", wh + "/1", "", "", 404, client.ProblemUnknownCall, ""},
		{"call of another webhook", "GET", "/v1/namespaces/ns/webhooks/broken/calls/" + waiting.TransactionID, "", "", 404, client.ProblemUnknownCall, ""},
		{"method", "PUT", wh, "application/json", "{}", 405, client.ProblemMethod, "POST"},
		{"path", "GET", "/v1/nothing", "", "", 404, client.ProblemNotFound, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, header, problem := h.problem(test.method, test.path, test.contentType, test.body)
			if status != test.status || problem.Status != test.status || problem.Type != test.kind || !strings.Contains(problem.Detail, test.detail) {
				t.Errorf("answered %d %+v; want %d, type %s, detail with %q", status, problem, test.status, test.kind, test.detail)
			}
			if retry := header.Get("Retry-After"); (retry != "") != (test.status == 429 || test.status == 503) {
				t.Errorf("Retry-After is %q", retry)
			}
		})
	}
}

func TestBeforeTheConfigurationArrives(t *testing.T) {
	h := newHarness(t, nil)
	if _, _, problem := h.problem("POST", client.CallsPath("ns", "wh"), "application/json", "{}"); problem.Status != 503 || problem.Type != client.ProblemNotConfigured {
		t.Errorf("answered %+v, want 503 rather than 404", problem)
	}
	if status, _ := get(t, h.health+"/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answers %d: the startup probe must not wait for a session", status)
	}
	if status, _ := get(t, h.health+"/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}
	h.configure(nil)
	h.await("readiness", func() bool { status, _ := get(t, h.health+"/readyz"); return status == http.StatusOK })
}

func TestRenderFailure(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(nil)
	call := h.call(`{"id": 1}`)
	if call.State != client.StateFinished || call.Outcome != "RenderFailed" || !strings.Contains(call.Message, "name") {
		t.Errorf("the answer is %+v, want the outcome at once", call)
	}
	if report := <-h.reports; report.Outcome != plan.OutcomeRenderFailed || report.ConsecutiveFailures != 1 {
		t.Errorf("the manager was told %+v", report)
	}
	if got := h.finished(call.TransactionID); got.Outcome != "RenderFailed" {
		t.Errorf("read back: %+v", got)
	}
}

// TestHostileValues: without escaping a value can do no more than end its call.
func TestHostileValues(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(_ *plan.Integration, wh *plan.Webhook) {
		wh.Escaping = plan.EscapingNone
		wh.Headers = []plan.HeaderTemplate{{Name: "X-Name", Value: "${name}"}}
	})
	tests := []struct{ data, outcome string }{
		{`{"id": "../../admin", "name": "x"}`, "Blocked"},
		{`{"id": "%2e%2e/%2e%2e/admin", "name": "x"}`, "Blocked"},
		{`{"id": "a b", "name": "x"}`, "RenderFailed"},
		{`{"id": "1", "name": "x\r\nX-Injected: y"}`, "RenderFailed"},
	}
	for _, test := range tests {
		call := h.call(test.data)
		if got := h.finished(call.TransactionID); got.Outcome != test.outcome || got.Attempts != 0 {
			t.Errorf("%s: %+v, want %s without an attempt", test.data, got, test.outcome)
		}
	}
	if requests := h.receiver.Requests(); len(requests) != 0 {
		t.Errorf("%d requests were sent", len(requests))
	}
}

// TestEscapedValues: the same values suit their place, but for those that no
// escaping makes suit it.
func TestEscapedValues(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(_ *plan.Integration, wh *plan.Webhook) {
		wh.BodyContext = plan.BodyJSON
		wh.Headers = []plan.HeaderTemplate{{Name: "X-Id", Value: "${id}"}}
	})
	for _, test := range []struct{ data, outcome string }{
		{`{"id": "../../admin", "name": "x"}`, "Blocked"},
		{`{"id": "x\r\nX-Injected: y", "name": "x"}`, "RenderFailed"},
	} {
		call := h.call(test.data)
		if got := h.finished(call.TransactionID); got.Outcome != test.outcome || got.Attempts != 0 {
			t.Errorf("%s: %+v, want %s without an attempt", test.data, got, test.outcome)
		}
	}
	call := h.call(`{"id": "%2e%2e/a b?c#d", "name": "Ada \"the first\"\n"}`)
	if got := h.finished(call.TransactionID); got.Outcome != "Succeeded" {
		t.Fatalf("%+v, want it sent", got)
	}
	request := h.received(1)[0]
	if want := "/root/%252e%252e%2Fa%20b%3Fc%23d"; request.URI != want {
		t.Errorf("the URI is %s, want %s", request.URI, want)
	}
	if want := `{"name": "Ada \"the first\"\n"}`; request.Body != want {
		t.Errorf("the body is %s, want %s", request.Body, want)
	}
}

func TestAddressesAreJudged(t *testing.T) {
	h := newHarness(t, nil)
	h.stop()
	h.start(func(o *dispatcher.Options) { o.AllowLoopback = false })
	h.configure(nil)
	call := h.call(`{"id": 1, "name": "x"}`)
	if got := h.finished(call.TransactionID); got.Outcome != "Blocked" || !strings.Contains(got.Message, "loopback") {
		t.Errorf("a call to loopback ended as %+v", got)
	}
}

func TestWaitingCallsSurviveARestartWithoutTheManager(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend = true })
	first := h.call(`{"id": 1, "name": "x"}`)
	h.stop()
	h.stopServer()
	h.start(nil)
	if got, err := h.client.Get(t.Context(), "ns", "wh", first.TransactionID); err != nil || got.State != client.StateWaiting {
		t.Fatalf("after the restart the call is %+v (%v)", got, err)
	}
	h.startServer()
	h.configure(nil) // resumed
	if got := h.finished(first.TransactionID); got.Outcome != "Succeeded" {
		t.Errorf("the call ended as %+v", got)
	}
	if n := len(h.received(1)); n != 1 {
		t.Errorf("%d requests for one call", n)
	}
}

func TestDeletionWhileTheDispatcherWasAway(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend = true })
	call := h.call(`{"id": 1, "name": "x"}`)
	h.stop()
	h.server.Remove(plan.Ref{Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "wh"}})
	h.start(nil)
	if got := h.finished(call.TransactionID); got.Outcome != "Cancelled" {
		t.Errorf("the call of the deleted webhook ended as %+v", got)
	}
}

func TestCallsGoOnWithoutTheManager(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(nil)
	h.stopServer()
	call := h.call(`{"id": 1, "name": "x"}`)
	if got := h.finished(call.TransactionID); got.Outcome != "Succeeded" {
		t.Fatalf("the call ended as %+v", got)
	}
	h.startServer()
	h.configure(nil)
	select {
	case report := <-h.reports:
		if report.TransactionID != call.TransactionID {
			t.Errorf("the manager was told %+v", report)
		}
	case <-time.After(timeout):
		t.Error("the outcome was not kept for the manager")
	}
}

func TestDeletedWebhookIsUnknown(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(nil)
	h.server.Remove(plan.Ref{Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "wh"}})
	h.await("the webhook to be unknown", func() bool {
		_, err := h.client.Call(t.Context(), "ns", "wh", []byte(`{"id": 1, "name": "x"}`))
		var problem *client.Problem
		return errors.As(err, &problem) && problem.Type == client.ProblemUnknownWebhook
	})
}

func TestCallsWaitForARemovedIntegration(t *testing.T) {
	h := newHarness(t, nil)
	h.configure(func(in *plan.Integration, _ *plan.Webhook) { in.Suspend = true })
	call := h.call(`{"id": 1, "name": "x"}`)
	in := plan.Ref{Kind: plan.KindIntegration, Key: plan.Key{Namespace: "ns", Name: "in"}}
	h.server.Remove(in)
	another := plan.Integration{Key: plan.Key{Namespace: "ns", Name: "another"}, URL: "http://receiver", MaxConcurrency: 1}
	h.server.SetIntegration(another) // answered after the removal
	h.await("the removal", func() bool { return h.server.State(another.Ref()).Answered })
	if got, err := h.client.Get(t.Context(), "ns", "wh", call.TransactionID); err != nil || got.State != client.StateWaiting {
		t.Errorf("the call is %+v (%v), want it waiting", got, err)
	}
	h.configure(nil)
	if got := h.finished(call.TransactionID); got.Outcome != "Succeeded" {
		t.Errorf("after the integration came back the call ended as %+v", got)
	}
}

func TestStopLetsARequestEnd(t *testing.T) {
	proceed := make(chan struct{})
	h := newHarness(t, func(http.ResponseWriter, receiver.Request) { <-proceed })
	h.configure(nil)
	call := h.call(`{"id": 1, "name": "x"}`)
	h.received(1)
	stopped := make(chan struct{})
	go func() {
		h.stop()
		close(stopped)
	}()
	h.await("the API to be gone", func() bool {
		_, err := h.client.Get(t.Context(), "ns", "wh", call.TransactionID)
		return err != nil
	})
	close(proceed)
	<-stopped
	h.start(nil)
	if got := h.finished(call.TransactionID); got.Outcome != "Succeeded" || len(h.receiver.Requests()) != 1 {
		t.Errorf("the call is %+v after %d requests, want the answer to be kept", got, len(h.receiver.Requests()))
	}
}

func TestRotatedSecretAppliesToTheNextAttempt(t *testing.T) {
	h := newHarness(t, nil)
	for _, token := range []string{"first", "second"} {
		h.configure(func(in *plan.Integration, _ *plan.Webhook) {
			in.Headers = []plan.Header{{Name: "Authorization", Value: plan.NewSecret(token), Private: true}}
		})
		call := h.call(`{"id": 1, "name": "x"}`)
		h.finished(call.TransactionID)
	}
	requests := h.received(2)
	if a, b := requests[0].Header.Get("Authorization"), requests[1].Header.Get("Authorization"); a != "first" || b != "second" {
		t.Errorf("the requests carried %q and %q", a, b)
	}
}

// TestSecretIsNowhere plants a canary and looks for it in every channel of the
// dispatcher: the log, the API, the reports and the files of the store.
func TestSecretIsNowhere(t *testing.T) {
	const canary = "canary-81f3c2"
	h := newHarness(t, func(w http.ResponseWriter, _ receiver.Request) { w.WriteHeader(http.StatusBadGateway) })
	h.configure(func(in *plan.Integration, _ *plan.Webhook) {
		in.Headers = []plan.Header{{Name: "Authorization", Value: plan.NewSecret(canary), Private: true}}
	})
	call := h.call(`{"id": 1, "name": "x"}`)
	got := h.finished(call.TransactionID)
	if header := h.received(1)[0].Header.Get("Authorization"); header != canary {
		t.Fatalf("the receiver got %q", header)
	}
	report := <-h.reports
	h.stop()
	channels := map[string]string{"log": h.log.String(), "API": got.Message, "report": report.Message}
	err := filepath.WalkDir(h.storeDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		channels["store file "+filepath.Base(path)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range channels {
		if strings.Contains(content, canary) {
			t.Errorf("the secret is in the %s", name)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	good := func() dispatcher.Options {
		return dispatcher.Options{
			StoreDir: t.TempDir(), ControlSocket: "/tmp/none.sock", Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
		}
	}
	tests := map[string]struct {
		change func(*dispatcher.Options)
		want   string
	}{
		"no store":            {func(o *dispatcher.Options) { o.StoreDir = "" }, "--store-dir"},
		"no socket":           {func(o *dispatcher.Options) { o.ControlSocket = "" }, "--control-socket"},
		"a log of a moment":   {func(o *dispatcher.Options) { o.LogMaxAge = time.Minute }, "--log-max-age to 1h"},
		"a log of nothing":    {func(o *dispatcher.Options) { o.LogMaxBytes = 1 << 20 }, "--log-max-mib to 64"},
		"no port":             {func(o *dispatcher.Options) { o.Listen = "127.0.0.1" }, "host:port"},
		"the store is a file": {func(o *dispatcher.Options) { o.StoreDir = os.Args[0] }, ""},
		"an address in use":   {func(o *dispatcher.Options) { o.HealthAddress = "256.0.0.1:0" }, "health"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := good()
			test.change(&o)
			if _, err := dispatcher.Open(o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Open: %v; want an error with %q", err, test.want)
			}
		})
	}
	for _, listen := range []string{":0", "localhost:0", "[::1]:0"} {
		o := good()
		o.Listen = listen
		d, err := dispatcher.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOneDispatcherAStore(t *testing.T) {
	h := newHarness(t, nil)
	_, err := dispatcher.Open(dispatcher.Options{
		StoreDir: h.storeDir, ControlSocket: h.socket, Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second dispatcher over the same store: %v", err)
	}
}
