package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// objects are a Secret, an integration and two Webhooks of it.
const objects = `
apiVersion: v1
kind: Secret
metadata: {name: credentials}
stringData: {authorization: Bearer canary-of-the-secret}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: crm}
spec:
  url: RECEIVER/api
  requestsPerSecond: 50
  headers:
  - name: Authorization
    valueFrom: {secretKeyRef: {name: credentials, key: authorization}}
  - {name: Content-Type, value: application/json}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: customer-registered}
spec:
  integrationRef: {name: crm}
  url: /customers?transactionId=${WebhookRequest.TransactionalId}
  inheritedHeaders: [{name: Authorization, use: false}]
  headers: [{name: webhookHeader, value: test}]
  body: '{"id": "${customer.id}"}'
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: customer-read}
spec:
  integrationRef: {name: crm}
  method: GET
  url: /customers/${customer.id}
`

func TestFromApplyToStatus(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.ready()

	post, err := w.Client.Call(t.Context(), w.namespace, "customer-registered", []byte(`{"customer": {"id": "c-1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	w.received(1)
	read, err := w.Client.Call(t.Context(), w.namespace, "customer-read", []byte(`{"customer": {"id": "c-1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	requests := w.received(2)

	host := strings.TrimPrefix(w.receiver.URL(), "http://")
	want := fmt.Sprintf("POST /api/customers?transactionId=%s HTTP/1.1\r\nHost: %s\r\nUser-Agent: webhook-operator/dev\r\n"+
		"Content-Length: 13\r\nContent-Type: application/json\r\nwebhookHeader: test\r\n\r\n{\"id\": \"c-1\"}", post.TransactionID, host)
	if diff := cmp.Diff(want, string(requests[0].Raw)); diff != "" {
		t.Errorf("the first request (-want +got):\n%s", diff)
	}
	want = fmt.Sprintf("GET /api/customers/c-1 HTTP/1.1\r\nHost: %s\r\nUser-Agent: webhook-operator/dev\r\n"+
		"Authorization: Bearer canary-of-the-secret\r\nContent-Type: application/json\r\n\r\n", host)
	if diff := cmp.Diff(want, string(requests[1].Raw)); diff != "" {
		t.Errorf("the second request (-want +got):\n%s", diff)
	}

	for webhook, id := range map[string]string{"customer-registered": post.TransactionID, "customer-read": read.TransactionID} {
		w.kubectl("wait", "webhook/"+webhook, "--for=jsonpath={.status.lastCall.transactionId}="+id, "--timeout=30s")
		if got := w.status(webhook, ".lastCall.outcome") + w.status(webhook, ".lastCall.statusCode"); got != "Succeeded200" {
			t.Errorf("the status of %s shows %s", webhook, got)
		}
	}
	if got, want := w.status("customer-registered", ".urlView"), w.receiver.URL()+"/api/customers?transactionId=${WebhookRequest.TransactionalId}"; got != want {
		t.Errorf("urlView is %s, want %s", got, want)
	}
	w.kubectl("wait", "webhooks,webhookintegrations", "--all", "--for=condition=Healthy", "--timeout=30s")
	table := w.kubectl("get", "webhooks", "-o", "wide")
	header := strings.Join(strings.Fields(strings.SplitN(table, "\n", 2)[0]), " ")
	if header != "NAME INTEGRATION METHOD READY HEALTHY LAST CODE LAST CALL URL VIEW REASON AGE" {
		t.Errorf("kubectl get webhooks -o wide shows the columns %s", header)
	}
	shown := w.kubectl("get", "webhooks,webhookintegrations,events", "-o", "yaml") + w.log.String()
	if strings.Contains(shown, "canary-of-the-secret") {
		t.Error("the secret shows in an object, an event or a log")
	}
}

func TestManagerAway(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.ready()
	send := func() *client.Call {
		t.Helper()
		call, err := w.Client.Call(t.Context(), w.namespace, "customer-read", []byte(`{"customer": {"id": "c-1"}}`))
		if err != nil {
			t.Fatal(err)
		}
		return call
	}
	send() // so that the caller is known
	if err := w.StopManager(); err != nil {
		t.Fatal(err)
	}
	call := send()
	w.received(2)
	if err := w.StartManager(); err != nil {
		t.Fatal(err)
	}
	w.kubectl("wait", "webhook/customer-read", "--for=jsonpath={.status.lastCall.transactionId}="+call.TransactionID, "--timeout=30s")
}

func TestSuspendKeepsCallsUntilResume(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.kubectl("patch", "webhook", "customer-read", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	w.kubectl("wait", "webhook/customer-read", "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Suspended", "--timeout=30s")
	w.ready()
	waiting, err := w.Client.Call(t.Context(), w.namespace, "customer-read", []byte(`{"customer": {"id": "waits"}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Client.Call(t.Context(), w.namespace, "customer-registered", []byte(`{"customer": {"id": "goes"}}`)); err != nil {
		t.Fatal(err)
	}
	if got := w.received(1); got[0].Body != `{"id": "goes"}` {
		t.Errorf("the receiver got %s", got[0].Raw)
	}
	if call, err := w.Client.Get(t.Context(), w.namespace, "customer-read", waiting.TransactionID); err != nil || call.State != "Waiting" {
		t.Fatalf("the suspended call is %+v (%v)", call, err)
	}
	w.kubectl("patch", "webhook", "customer-read", "--type=merge", "-p", `{"spec":{"suspend":false}}`)
	if got := w.received(2); got[1].URI != "/api/customers/waits" {
		t.Errorf("after resume the receiver got %s", got[1].Raw)
	}
}

func TestDeletedIntegrationKeepsCalls(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.kubectl("patch", "webhookintegration", "crm", "--type=merge", "-p", `{"spec":{"suspend":true}}`)
	w.kubectl("wait", "webhook/customer-read", "--for=jsonpath={.status.conditions[?(@.type==\"Ready\")].reason}=Suspended", "--timeout=30s")
	w.ready()
	call, err := w.Client.Call(t.Context(), w.namespace, "customer-read", []byte(`{"customer": {"id": "c-1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	w.kubectl("delete", "webhookintegration", "crm")
	w.kubectl("wait", "webhook/customer-read", "--for=condition=Ready=False", "--timeout=30s")
	if message := w.status("customer-read", `.conditions[?(@.type=="ResolvedRefs")].message`); !strings.Contains(message, `crm`) {
		t.Errorf("the condition does not name the missing integration: %s", message)
	}
	if got, err := w.Client.Get(t.Context(), w.namespace, "customer-read", call.TransactionID); err != nil || got.State != "Waiting" {
		t.Errorf("the call of the deleted integration is %+v (%v), want it kept", got, err)
	}
	w.apply(objects)
	if got := w.received(1); got[0].URI != "/api/customers/c-1" {
		t.Errorf("after the integration came back the receiver got %s", got[0].Raw)
	}
}

// noted are an integration whose Content-Type is TYPE, and a Webhook whose body
// comes from a ConfigMap.
const noted = `
apiVersion: v1
kind: ConfigMap
metadata: {name: templates}
data: {note: '{"note": "${note}"}'}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: notes}
spec:
  url: RECEIVER/notes
  headers: [{name: Content-Type, value: TYPE}]
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: noted}
spec:
  integrationRef: {name: notes}
  bodyFrom: {configMapKeyRef: {name: templates, key: note}}
`

// TestContentTypeDecidesHowValuesAreWritten: whatever a value holds, the receiver
// gets a body of the announced type; a change of the type in the integration
// applies to the calls that follow.
func TestContentTypeDecidesHowValuesAreWritten(t *testing.T) {
	const note = "say \"hi\"\n& {go}"
	w := newWorld(t, receiver.Options{})
	call := func(contentType string) {
		t.Helper()
		w.apply(strings.Replace(noted, "TYPE", contentType, 1))
		w.kubectl("wait", "webhook/noted", "--for=jsonpath={.status.headersView[0]}=Content-Type: "+contentType, "--timeout=30s")
		w.ready()
		data, err := json.Marshal(map[string]string{"note": note})
		if err == nil {
			_, err = w.Client.Call(t.Context(), w.namespace, "noted", data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	call("application/json")
	var got struct{ Note string }
	if body := w.received(1)[0].Body; json.Unmarshal([]byte(body), &got) != nil || got.Note != note {
		t.Errorf("the receiver got %s, want JSON with the note", body)
	}
	call("application/x-www-form-urlencoded")
	if body, want := w.received(2)[1].Body, `{"note": "say%20%22hi%22%0A%26%20%7Bgo%7D"}`; body != want {
		t.Errorf("the receiver got %s, want %s", body, want)
	}
}
