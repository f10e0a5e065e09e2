package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// shared is an integration with a Secret, for namespaces with a label.
const shared = `
apiVersion: v1
kind: Secret
metadata: {name: shared}
stringData: {token: the-token-of-the-platform}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: shared}
spec:
  url: RECEIVER
  headers: [{name: X-Token, valueFrom: {secretKeyRef: {name: shared, key: token}}}]
  allowedNamespaces: {from: Selector, selector: {matchLabels: {crm: allowed}}}
`

// guest is a Webhook NAME of another namespace's integration INTEGRATION.
const guest = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: NAME}
spec:
  integrationRef: {name: INTEGRATION, namespace: PLATFORM}
  url: '/${n}'
`

// TestAnotherNamespace: whoever may not use an integration learns no more about
// it than about one that is not there. A label of the namespace gives the right
// and takes it away; calls wait in between.
func TestAnotherNamespace(t *testing.T) {
	platform := newWorld(t, receiver.Options{})
	other := *platform
	w := &other
	w.namespace = platform.namespace + "-guest"
	w.kubectl("create", "namespace", w.namespace)
	platform.apply(shared)
	platform.ready()
	for _, name := range []string{"shared", "missing"} {
		w.applyWith(guest, "NAME", name, "INTEGRATION", name, "PLATFORM", platform.namespace)
		w.becomes("webhooks/"+name, "Ready", "IntegrationNotFound")
		w.hears("Webhook", name, "IntegrationNotFound")
	}
	// told is all that the guest is shown and answered, with the names taken out.
	told := func(name string) string {
		var answer *client.Problem
		w.await("the dispatcher to know "+name, func() bool {
			answer = w.refusal(name)
			return answer == nil || answer.Type != client.ProblemUnknownWebhook
		})
		status, _ := w.find("webhooks/" + name).Object["status"].(map[string]any)
		conditions, _ := status["conditions"].([]any)
		for _, condition := range conditions {
			delete(condition.(map[string]any), "lastTransitionTime")
		}
		shown, _ := json.MarshalIndent(status, "", " ") // came as JSON
		text := fmt.Sprintf("%s\n%v\n%s", shown, answer, w.events("Webhook", name))
		return strings.NewReplacer("/"+name, "/NAME", `"`+name+`"`, "NAME").Replace(text)
	}
	existing, missing := told("shared"), told("missing")
	if existing != missing || strings.Contains(existing, platform.receiver.URL()) {
		t.Errorf("of an integration that it may not use the guest is told\n%s\nand of none\n%s", existing, missing)
	}

	label := func(change string) { w.kubectl("label", "namespace", w.namespace, "--overwrite", change) }
	label("crm=allowed")
	w.becomes("webhooks/shared", "Ready", "Ready")
	w.succeeds("shared", `{"n": 1}`)
	if got := w.receiver.Requests()[0]; got.URI != "/1" || got.Header.Get("X-Token") != "the-token-of-the-platform" {
		t.Errorf("the receiver got %s", got.Raw)
	}

	w.kubectl("patch", "webhook", "shared", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	w.becomes("webhooks/shared", "Ready", "Suspended")
	waiting := w.call("shared", `{"n": 2}`)
	label("crm-")
	w.becomes("webhooks/shared", "Ready", "IntegrationNotFound")
	w.kubectl("patch", "webhook", "shared", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	w.becomes("webhooks/shared", "Ready", "IntegrationNotFound") // of the spec as it is now
	w.await("new calls to be refused", func() bool {
		answer := w.refusal("shared")
		return answer != nil && answer.Type == client.ProblemNotReady
	})
	if got := w.get("shared", waiting); got.State != client.StateWaiting || got.Attempts != 0 {
		t.Errorf("without the label the call that waits is %+v", got)
	}
	label("crm=allowed")
	if got := w.ended("shared", waiting); got.Outcome != "Succeeded" {
		t.Errorf("with the label the call that waited ended as %+v", got)
	}
	arrived := 0
	for _, request := range w.receiver.Requests() {
		if request.URI == "/2" {
			arrived++
		}
	}
	if arrived != 1 {
		t.Errorf("the call that waited arrived %d times", arrived)
	}
	w.showsNot("the-token-of-the-platform")
}

// refusal is what a call is answered that is not taken in; nil if it is.
func (w *world) refusal(webhook string) *client.Problem {
	w.t.Helper()
	_, err := w.Client.Call(w.t.Context(), w.namespace, webhook, []byte(`{"n": 0}`))
	var problem *client.Problem
	if err != nil && !errors.As(err, &problem) {
		w.t.Fatal(err)
	}
	return problem
}
