package e2e

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// constant are integrations with credentials that do not change by themselves.
const constant = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: basic}
spec:
  url: RECEIVER/basic
  auth: {basic: {secretRef: {name: person}}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: basic}
spec: {integrationRef: {name: basic}, method: GET}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: bearer}
spec:
  url: RECEIVER/bearer
  auth: {bearer: {secretKeyRef: {name: bearer, key: token}}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: bearer}
spec: {integrationRef: {name: bearer}, method: GET}
`

// TestCredentials: what a receiver gets of basic and bearer, also after a rotation,
// and what everybody else sees.
func TestCredentials(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	person := func(password string) string {
		return manifest("Secret", "person", "kubernetes.io/basic-auth", map[string]string{"username": "ada", "password": password})
	}
	bearer := func(token string) string {
		return manifest("Secret", "bearer", "Opaque", map[string]string{"token": token})
	}
	w.apply(person("pass:wörd of old") + bearer("token-of-old") + constant)
	w.ready()
	sent := func(webhook string) string {
		w.succeeds(webhook, `{}`)
		requests := w.receiver.Requests()
		return requests[len(requests)-1].Header.Get("Authorization")
	}
	basic := func(password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte("ada:"+password))
	}
	if got := sent("basic"); got != basic("pass:wörd of old") {
		t.Errorf("the receiver got %s", got)
	}
	if got := sent("bearer"); got != "Bearer token-of-old" {
		t.Errorf("the receiver got %s", got)
	}
	for _, webhook := range []string{"basic", "bearer"} {
		if got, _, _ := unstructured.NestedStringSlice(w.find("webhooks/"+webhook).Object, "status", "headersView"); !cmp.Equal(got, []string{"Authorization: ***"}) {
			t.Errorf("status.headersView of %s is %s", webhook, got)
		}
	}
	w.apply(person("pass:wörd of now") + bearer("token-of-now"))
	w.await("the new password", func() bool { return sent("basic") == basic("pass:wörd of now") })
	w.await("the new token", func() bool { return sent("bearer") == "Bearer token-of-now" })
	w.showsNot("pass:wörd of old", "pass:wörd of now", "token-of-old", "token-of-now", basic("pass:wörd of now"))
}

// fetched is an integration with access tokens of TOKENS, and a Webhook of each
// manner.
const fetched = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: fetched}
spec:
  url: RECEIVER
  retry: {retries: 3, delay: 1s}
  auth:
    oauth2ClientCredentials:
      tokenURL: TOKENS
      clientID: web:hooks
      clientSecret: {secretKeyRef: {name: client, key: secret}}
      scopes: [orders.write]
      parameters: [{name: audience, value: https://crm.example.com}]
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: with-key}
spec:
  integrationRef: {name: fetched}
  body: '{"id": "${WebhookRequest.TransactionalId}"}'
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: without-key}
spec:
  integrationRef: {name: fetched}
  body: '{}'
`

// TestAccessTokens: one token serves many calls. When it is revoked, a call with
// the key gets another one and arrives with its next attempt, one without ends as
// Rejected, and the call after that has a new token.
func TestAccessTokens(t *testing.T) {
	const clientSecret = "the client's secret & more"
	tokens, err := peer.StartTokens(peer.TokensOptions{ClientID: "web:hooks", ClientSecret: clientSecret})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tokens.Close() })
	w := newWorld(t, receiver.Options{Answer: func(answer http.ResponseWriter, r receiver.Request) {
		if !tokens.Admits(r.Header) {
			answer.WriteHeader(http.StatusUnauthorized)
		}
	}})
	w.applyWith(manifest("Secret", "client", "Opaque", map[string]string{"secret": clientSecret})+fetched, "TOKENS", tokens.URL())
	w.ready()
	var ids []string
	for range 20 {
		ids = append(ids, w.call("without-key", `{}`), w.call("with-key", `{}`))
	}
	for i, id := range ids {
		if got := w.ended([]string{"without-key", "with-key"}[i%2], id); got.Outcome != "Succeeded" || got.Attempts != 1 {
			t.Errorf("call %d ended as %+v", i, got)
		}
	}
	requests := tokens.Requests()
	if len(requests) != 1 || tokens.Refused() != 0 {
		t.Fatalf("40 calls made %d token requests and %d that were refused", len(requests), tokens.Refused())
	}
	want := map[string][]string{"grant_type": {"client_credentials"}, "scope": {"orders.write"}, "audience": {"https://crm.example.com"}}
	if diff := cmp.Diff(want, map[string][]string(requests[0])); diff != "" {
		t.Errorf("the token request (-want +got):\n%s", diff)
	}

	tokens.Revoke()
	if got := w.ended("without-key", w.call("without-key", `{}`)); got.Outcome != "Rejected" || got.StatusCode != http.StatusUnauthorized || got.Attempts != 1 {
		t.Errorf("the call without the key and with a revoked token ended as %+v", got)
	} else {
		t.Log(got.Message)
	}
	w.succeeds("without-key", `{}`)
	tokens.Revoke()
	if got := w.succeeds("with-key", `{}`); got.Attempts != 2 {
		t.Errorf("the call with the key and a revoked token ended as %+v, want a second attempt", got)
	}
	if got := len(tokens.Requests()); got != 3 {
		t.Errorf("%d tokens were got in all, want 3", got)
	}
	w.showsNot(clientSecret, "access-token-number-")
}
