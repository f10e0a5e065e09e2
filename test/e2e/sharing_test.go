package e2e

import (
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
		w.becomes("webhook/"+name, "Ready", "IntegrationNotFound")
	}
	// told is all that the guest is shown and answered, with the names taken out.
	told := func(name string) string {
		w.await("the events of "+name, func() bool { return strings.Contains(w.events("webhook", name), "IntegrationNotFound") })
		_, err := w.Client.Call(t.Context(), w.namespace, name, []byte(`{"n": 0}`))
		status := w.kubectl("get", "webhook", name, "-o", `jsonpath={range .status.conditions[*]}{.type} {.status} {.reason} {.message}{"\n"}{end}{.status.urlView}{.status.headersView}`)
		text := fmt.Sprintf("%s%v\n%s", status, err, w.events("webhook", name))
		return strings.ReplaceAll(strings.ReplaceAll(text, `"`+name+`"`, "NAME"), "/"+name, "/NAME")
	}
	existing, missing := told("shared"), told("missing")
	if existing != missing || strings.Contains(existing, platform.receiver.URL()) {
		t.Errorf("of an integration that it may not use the guest is told\n%s\nand of none\n%s", existing, missing)
	}
	t.Log(existing)

	label := func(change string) { w.kubectl("label", "namespace", w.namespace, "--overwrite", change) }
	label("crm=allowed")
	w.kubectl("wait", "webhook/shared", "--for=condition=Ready", "--timeout=30s")
	w.succeeds("shared", `{"n": 1}`)
	if got := w.receiver.Requests()[0]; got.URI != "/1" || got.Header.Get("X-Token") != "the-token-of-the-platform" {
		t.Errorf("the receiver got %s", got.Raw)
	}

	w.kubectl("patch", "webhook", "shared", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	w.becomes("webhook/shared", "Ready", "Suspended")
	waiting := w.call("shared", `{"n": 2}`)
	label("crm-")
	w.becomes("webhook/shared", "Ready", "IntegrationNotFound")
	w.kubectl("patch", "webhook", "shared", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	w.await("the end of the suspension", func() bool {
		return w.status("shared", ".observedGeneration") == w.kubectl("get", "webhook", "shared", "-o", "jsonpath={.metadata.generation}")
	})
	var refused *client.Problem
	if _, err := w.Client.Call(t.Context(), w.namespace, "shared", []byte(`{"n": 3}`)); !errors.As(err, &refused) || refused.Type != client.ProblemNotReady {
		t.Errorf("without the label a new call is answered %v", err)
	}
	if got := w.get("shared", waiting); got.State != client.StateWaiting || got.Attempts != 0 {
		t.Errorf("without the label the call that waits is %+v", got)
	}
	label("crm=allowed")
	if got := w.ended("shared", waiting); got.Outcome != "Succeeded" {
		t.Errorf("with the label the call that waited ended as %+v", got)
	}
	if got := w.receiver.Requests(); len(got) != 2 || got[1].URI != "/2" {
		t.Errorf("%d requests came, the last %s", len(got), got[len(got)-1].Raw)
	}
	w.showsNot("the-token-of-the-platform")
}

// events are the types, reasons and notes of an object's events, sorted by reason.
func (w *world) events(kind, name string) string {
	w.t.Helper()
	return w.kubectl("events", "--for", kind+"/"+name, "--no-headers", "-o", `jsonpath={range .items[*]}{.type} {.reason} {.message}{"\n"}{end}`)
}
