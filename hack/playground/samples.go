package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// sample is a Webhook of config/samples and what a call of it must look like at
// the receiver.
type sample struct {
	webhook string
	// data is what is sent: a call's data, or an event if isEvent is set. It is empty
	// for a Webhook that the outcome of the one before triggers.
	data    string
	isEvent bool
	// method, uri and body are those of the request; %s in uri is the
	// transaction id.
	method, uri, body string
	// headers are all header lines but those of HTTP itself and User-Agent.
	headers []string
	// signingSecret is the secret of the signature that the request must have
	// beside headers; empty for none.
	signingSecret string
	// urlView is what the status shows.
	urlView string
}

// samples are all of config/samples, in the order they are called.
var samples = []sample{
	{
		webhook: "order-shipped", data: `{"order": {"id": "A-17", "city": "Oslo"}}`,
		method: "POST", uri: "/api/orders/shipped", body: `{"order": "A-17", "city": "Oslo"}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/orders/shipped",
	},
	{
		webhook: "order-paid", data: `{"order": {"id": "A-17", "total": "49.90"}}`,
		method: "POST", uri: "/api/orders?transactionId=%s", body: `{"order": "A-17", "total": "49.90"}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/orders?transactionId=${WebhookRequest.TransactionalId}",
	},
	{
		webhook: "order-confirmed",
		data:    `{"order": {"id": "A-17", "total": 1049.9, "items": [{"sku": "12\" LP", "count": 2}, {"sku": "B-2", "count": 1}]}}`,
		method:  "POST", uri: "/api/orders/A-17/confirmation?transactionId=%s",
		body: `{"order": "A-17", "total": "1,049.90",` + "\n" +
			` "items": [{"sku": "12\" LP", "count": 2},{"sku": "B-2", "count": 1}]}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/orders/${order.id}/confirmation?transactionId=${WebhookRequest.TransactionalId}",
	},
	{
		webhook: "order-returned", data: `{"order": {"id": "A-17"}}`,
		method: "POST", uri: "/api/events?source=maestra&transactionId=%s&order=A-17", body: `{"order": "A-17", "state": "returned"}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/events?source=maestra&transactionId=${WebhookRequest.TransactionalId}&order=${order.id}",
	},
	{
		webhook: "customer-updated", data: `{"customer": {"id": "c-1", "email": "ada@example.com"}}`,
		method: "PUT", uri: "/crm/customers/c-1", body: `{"email": "ada@example.com"}`,
		headers: []string{
			"Authorization: Bearer this-is-a-sample-and-not-a-real-token", "Content-Type: application/json",
			"X-Account: account-4711", "X-Region: eu-north",
		},
		urlView: "http://127.0.0.1:9090/crm/customers/${customer.id}",
	},
	{
		webhook: "customer-registered", data: `{"customer": {"id": "c-1", "email": "ada@example.com"}}`,
		method: "POST", uri: "/crm/customers?transactionId=%s", body: `{"id": "c-1", "email": "ada@example.com"}`,
		headers: []string{"Content-Type: application/json", "webhookHeader: test"},
		urlView: "http://127.0.0.1:9090/crm/customers?transactionId=${WebhookRequest.TransactionalId}",
	},
	{
		webhook: "invoice-paid", data: `{"invoice": {"number": "2026-1", "amount": 49.9}}`,
		method: "POST", uri: "/billing/invoices/2026-1/paid", body: `{"amount": 49.9}`,
		headers: []string{"Authorization: Basic bWFlc3RyYTp0aGlzLWlzLWEtc2FtcGxl", "Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/billing/invoices/${invoice.number}/paid",
	},
	{
		webhook: "points-earned", data: `{"customer": {"id": "c-1"}, "points": 12}`,
		method: "POST", uri: "/loyalty/customers/c-1/points", body: `{"points": 12}`,
		headers: []string{"Authorization: Bearer this-is-a-sample-token", "Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/loyalty/customers/${customer.id}/points",
	},
	{
		webhook: "stock-changed", data: `{"sku": "B-2", "count": 7}`,
		method: "POST", uri: "/warehouse/stock", body: `{"sku": "B-2", "count": 7}`,
		headers:       []string{"Content-Type: application/json"},
		signingSecret: "whsec_dGhpcy1pcy1hLXNhbXBsZS1hbmQtbm90LXNlY3JldA==",
		urlView:       "http://127.0.0.1:9090/warehouse/stock",
	},
	{
		webhook: "message-sent", data: `{"customer": {"phone": "+4790000000"}, "text": "Your order is on its way"}`,
		method: "POST", uri: "/messaging/messages", body: `{"to": "+4790000000", "text": "Your order is on its way"}`,
		headers: []string{"Authorization: Bearer this-is-a-sample-of-another-team", "Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/messaging/messages",
	},
	{
		webhook: "large-order-placed", isEvent: true,
		data: `{"specversion": "1.0", "id": "4711", "source": "/shop/eu", "type": "com.example.order.placed",` +
			` "data": {"order": {"id": "A-17", "total": 149.9}}}`,
		method: "POST", uri: "/api/orders/large", body: `{"order": "A-17", "total": 149.9, "event": "4711", "from": "/shop/eu"}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/orders/large",
	},
	{
		webhook: "promocode-requested", data: `{"customer": {"id": "c-1", "email": "ada@example.com"}}`,
		method: "POST", uri: promocodesPath + "?transactionId=%s", body: `{"customer": "c-1"}`,
		headers: []string{"Accept: application/json", "Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/promocodes?transactionId=${WebhookRequest.TransactionalId}",
	},
	{
		webhook: "promocode-sent",
		method:  "POST", uri: "/api/messages?transactionId=%s",
		body:    `{"to": "ada@example.com",` + "\n" + ` "text": "Your code is SPRING-7"}`,
		headers: []string{"Content-Type: application/json"},
		urlView: "http://127.0.0.1:9090/api/messages?transactionId=${WebhookRequest.TransactionalId}",
	},
}

// promocodesPath is where flow.yaml asks for a promo code, and promocode the answer.
const (
	promocodesPath = "/api/promocodes"
	promocode      = `{"promocode": {"promocodeValue": "SPRING-7", "issued": true}}`
)

const (
	// readyTimeout is what the samples may take to be ready.
	readyTimeout = 30 * time.Second
	// arriveTimeout is what the calls may take to arrive.
	arriveTimeout = 30 * time.Second
	// statusTimeout is what the outcomes may take to show in the status.
	statusTimeout = 30 * time.Second
)

// demonstrate applies the samples, sends each a call, and shows the result.
func (p *playground) demonstrate(ctx context.Context) error {
	p.step("kubectl apply -k config/samples")
	if _, _, err := p.cluster.Kubectl(ctx, "apply", "-k", "config/samples"); err != nil {
		return err
	}
	if _, _, err := p.cluster.Kubectl(ctx, "wait", "--for=condition=Ready", "--timeout="+readyTimeout.String(),
		"webhookintegrations,webhooks", "--all"); err != nil {
		return err
	}
	p.step("all samples are ready")
	p.calls = map[string]string{}
	for i, s := range samples {
		if err := p.send(ctx, s); err != nil {
			return err
		}
		arrive, cancel := context.WithTimeout(ctx, arriveTimeout)
		_, err := p.receiver.Wait(arrive, i+1)
		cancel()
		if err != nil {
			return err
		}
	}
	if err := p.awaitStatus(ctx); err != nil {
		return err
	}
	p.step("kubectl get webhooks -o wide")
	table, _, err := p.cluster.Kubectl(ctx, "get", "webhooks", "-o", "wide")
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, "\n%s\n", table)
	return nil
}

// send sends the sample's call or event, if it has one.
func (p *playground) send(ctx context.Context, s sample) error {
	switch {
	case s.data == "":
		p.step("its outcome triggers %s", s.webhook)
	case s.isEvent:
		p.step("%s", p.curl(s))
		answer, err := p.stack.Client.SendEvent(ctx, namespace, json.RawMessage(s.data))
		if err != nil {
			return fmt.Errorf("send an event for %s: %w", s.webhook, err)
		}
		if len(answer.Calls) != 1 {
			return fmt.Errorf("the event for %s makes %d calls, want one", s.webhook, len(answer.Calls))
		}
		p.calls[s.webhook] = answer.Calls[0].TransactionID
	default:
		p.step("%s", p.curl(s))
		call, err := p.stack.Client.Call(ctx, namespace, s.webhook, []byte(s.data))
		if err != nil {
			return fmt.Errorf("send a call to %s: %w", s.webhook, err)
		}
		p.calls[s.webhook] = call.TransactionID
	}
	return nil
}

// curl is the command that sends the sample's call or event.
func (p *playground) curl(s sample) string {
	media, path := "application/json", client.CallsPath(namespace, s.webhook)
	if s.isEvent {
		media, path = "application/cloudevents+json", client.EventsPath(namespace)
	}
	return fmt.Sprintf(`curl --cacert %s -H "Authorization: Bearer $(cat %s)" -H 'Content-Type: %s' -d '%s' %s%s`,
		p.stack.CA, p.stack.Token, media, s.data, p.stack.Client.BaseURL, path)
}

// awaitStatus waits until every sample's status shows its call.
func (p *playground) awaitStatus(ctx context.Context) error {
	for _, s := range samples {
		shown := "{.status.lastCall.transactionId}"
		if id := p.calls[s.webhook]; id != "" { // of a triggered one the status tells the id
			shown += "=" + id
		}
		_, _, err := p.cluster.Kubectl(ctx, "wait", "webhook/"+s.webhook, "--timeout="+statusTimeout.String(), "--for=jsonpath="+shown)
		if err == nil {
			p.calls[s.webhook], _, err = p.cluster.Kubectl(ctx, "get", "webhook", s.webhook, "-o", "jsonpath={.status.lastCall.transactionId}")
		}
		if err != nil {
			return fmt.Errorf("the outcome of the call to %s did not reach its status: %w", s.webhook, err)
		}
	}
	return nil
}

// check compares what the receiver got and what the status shows with what the
// samples promise.
func (p *playground) check(ctx context.Context) error {
	var errs []error
	requests := p.receiver.Requests()
	if len(requests) != len(samples) {
		errs = append(errs, fmt.Errorf("the receiver got %d requests for %d calls", len(requests), len(samples)))
	}
	for i, s := range samples {
		if i < len(requests) {
			errs = append(errs, s.checkRequest(requests[i], p.calls[s.webhook]))
		}
		status, _, err := p.cluster.Kubectl(ctx, "get", "webhook", s.webhook, "-o",
			"jsonpath={.status.lastCall.outcome} {.status.lastCall.statusCode} {.status.urlView}")
		if err != nil {
			errs = append(errs, err)
		} else if want := "Succeeded 200 " + s.urlView; status != want {
			errs = append(errs, fmt.Errorf("the status of %s shows %q, want %q", s.webhook, status, want))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	p.step("checked: %d requests arrived as the samples promise, and the status shows them", len(samples))
	return nil
}

// checkRequest compares one request with the sample.
func (s sample) checkRequest(got receiver.Request, id string) error {
	uri := strings.ReplaceAll(s.uri, "%s", id)
	without := []string{"Host", "User-Agent", "Content-Length"}
	if s.signingSecret != "" {
		without = append(without, signatureHeaders...)
		if err := verify(got, id, s.signingSecret); err != nil {
			return fmt.Errorf("the request of %s: %w", s.webhook, err)
		}
	}
	headers := got.HeaderLines(without...)
	switch {
	case got.Method != s.method || got.URI != uri:
		return fmt.Errorf("the request of %s is %s %s, want %s %s", s.webhook, got.Method, got.URI, s.method, uri)
	case strings.TrimSpace(got.Body) != s.body:
		return fmt.Errorf("the request of %s has the body %q, want %q", s.webhook, got.Body, s.body)
	case !slices.Equal(headers, s.headers):
		return fmt.Errorf("the request of %s has the headers %q, want %q", s.webhook, headers, s.headers)
	}
	return nil
}

// explain says what can be done now.
func (p *playground) explain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, `All of it stays up until Ctrl-C. In another terminal:

  export KUBECONFIG=%s
  %s/kubectl get webhooks -o wide
  %s/kubectl explain webhook.spec
  curl --cacert %s -H "Authorization: Bearer $(cat %s)" '%s/v1/namespaces/%s/deliveries/export?format=csv'
  %s

The first curl exports the delivery log, the second sends a call. The web page is %s/ui/;
log in with the token in %s. It is for an hour. Change a sample and apply it again, or try bad data. The processes log to
%s and dispatcher.log
beside it. Requests appear here.

`, p.cluster.Kubeconfig, p.bin, p.bin, p.stack.CA, p.stack.Token, p.stack.Client.BaseURL, namespace,
		p.curl(samples[0]), p.stack.Client.BaseURL, p.stack.Token, p.logs[0].Name())
}
