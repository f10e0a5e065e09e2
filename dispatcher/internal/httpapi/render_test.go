package httpapi

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func keyOf(name string) plan.Key { return plan.Key{Namespace: "ns", Name: name} }

// TestRender: a preview is what a call sends, but for private values, and sends and
// stores nothing.
func TestRender(t *testing.T) {
	w := newWorld(t)
	e := w.options.Engine.(*engine.Engine)
	const secret = "s3cr3t-value"
	w.must(e.SetIntegration(&plan.Integration{
		Key: keyOf("signed"), URL: w.receiver.URL() + "/", MaxConcurrency: 1, MaxWaiting: 10, Timeout: patience, Suspend: true,
		Headers:     []plan.Header{{Name: "X-Secret", Value: plan.NewSecret(secret), Private: true}, {Name: "X-Open", Value: plan.NewSecret("open")}},
		OAuth2:      &plan.OAuth2{TokenURL: w.receiver.URL() + "/token", ClientID: "id", ClientSecret: plan.NewSecret("client-secret")},
		SigningKeys: []plan.Secret{plan.NewSecret(strings.Repeat("k", 32))},
	}))
	p := plan.Webhook{
		Key: keyOf("signed"), UID: "uid", Integration: keyOf("signed"), SystemName: "signed", Method: "PUT", HasKey: true,
		Suffix: "/${a}/${WebhookRequest.TransactionalId}", HasBody: true, Body: "${a}", BodyContext: plan.BodyText,
		Headers: []plan.HeaderTemplate{{Name: "X-Echo", Value: "${a}"}, {Name: "Content-Type", Value: "text/plain"}},
	}
	compiled, err := catalog.Compile(p)
	w.must(err)
	e.SetWebhook(&p)
	w.catalog.Set(compiled)

	got, err := w.client.Render(t.Context(), "ns", "signed", []byte(`{"a": "`+secret+`"}`))
	w.must(err)
	body := "***"
	want := &client.Rendered{
		Method: "PUT", URL: w.receiver.URL() + "//***/00000000-0000-7000-8000-000000000000", IdempotencyKey: true, Body: &body,
		Notes: []string{"the integration is suspended, so its calls wait", "root URL and url join with // in the path"},
	}
	names := map[string]string{}
	for _, h := range got.Headers {
		names[h.Name] = h.Value
	}
	wantHeaders := map[string]string{
		"X-Secret": "***", "X-Open": "open", "X-Echo": "***", "Content-Type": "text/plain", "User-Agent": "webhook-operator",
		"Authorization": "***", "webhook-id": "00000000-0000-7000-8000-000000000000", "webhook-timestamp": names["webhook-timestamp"], "webhook-signature": "***",
	}
	if diff := cmp.Diff(wantHeaders, names); diff != "" || names["webhook-timestamp"] == "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	got.Headers = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if n := len(w.receiver.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
	if lanes, err := w.store.Lanes(); err != nil || len(lanes) != 0 {
		t.Errorf("stored: %+v, %v", lanes, err)
	}
}

// TestRenderIsWhatACallSends, byte by byte.
func TestRenderIsWhatACallSends(t *testing.T) {
	w := newWorld(t)
	got, err := w.client.Render(t.Context(), "ns", "wh", []byte(`{"path": "a b", "n": 7}`))
	w.must(err)
	w.ended("wh", "a b")
	sent := w.receiver.Requests()[0]
	if w.receiver.URL()+sent.URI != got.URL || sent.Method != got.Method || *got.Body != `{"n": 7}` || got.IdempotencyKey {
		t.Errorf("the preview is %+v, what was sent %s %s %s", got, sent.Method, sent.URI, sent.Body)
	}
	for _, h := range got.Headers {
		if h.Value != "***" && sent.Header.Get(h.Name) != h.Value {
			t.Errorf("header %+v was sent as %q", h, sent.Header.Get(h.Name))
		}
	}
}

// TestRenderErrors: each place is named, without the data.
func TestRenderErrors(t *testing.T) {
	w := newWorld(t)
	_, err := w.client.Render(t.Context(), "ns", "wh", []byte(`{"x": "canary"}`))
	var problem *client.Problem
	if !errors.As(err, &problem) || problem.Type != client.ProblemRenderFailed || len(problem.Errors) != 2 {
		t.Fatalf("%+v", err)
	}
	if first := problem.Errors[0]; first.Field != "url" || first.Line != 1 || first.Column < 2 || first.Message == "" || problem.Errors[1].Field != "body" {
		t.Errorf("%+v", problem.Errors)
	}
	if text, err := json.Marshal(problem); err != nil || strings.Contains(string(text), "canary") {
		t.Errorf("%s, %v", text, err)
	}
}
