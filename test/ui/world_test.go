package ui

import (
	"bytes"
	"compress/gzip"
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// timeout is what a test waits for something that should come at once.
const timeout = 30 * time.Second

// The tokens that the manager of a world knows. A reader may get, and only in the
// namespace shop.
const (
	token       = "operator-token"
	readerToken = "reader-token"
)

// private is a value that nobody may see.
const private = "Bearer hunter2-hunter2"

// world is a dispatcher with callers, Webhooks and a receiver.
type world struct {
	t        *testing.T
	server   *control.Server
	receiver *receiver.Receiver
	client   *client.Client
	url      string
}

// newWorld starts one without configuration.
func newWorld(t *testing.T, answer func(http.ResponseWriter, receiver.Request)) *world {
	t.Helper()
	dir, err := os.MkdirTemp("", "ui-") // short: a socket's path has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &world{t: t}
	if w.receiver, err = receiver.Start(receiver.Options{Answer: answer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.receiver.Close() })
	socket := filepath.Join(dir, "control.sock")
	w.manage(socket)
	w.dispatch(dispatcher.Options{
		StoreDir: filepath.Join(dir, "store"), ControlSocket: socket, Listen: "127.0.0.1:0", InsecureHTTP: true, AllowLoopback: true,
		DrainTimeout: time.Second, Version: "test", Logger: slog.New(slog.DiscardHandler),
	})
	return w
}

// manage starts a manager's half.
func (w *world) manage(socket string) {
	w.server = control.NewServer(control.ServerOptions{
		Logger: slog.New(slog.DiscardHandler), Changed: func(plan.Ref) {}, Review: review,
		Outcomes: func(reports []plan.Report) { w.server.Done(reports) },
	})
	w.run(func(ctx context.Context) error { return w.server.Serve(ctx, socket) })
}

// review judges callers as Kubernetes does.
func review(_ context.Context, r control.Review) (control.Verdict, error) {
	switch r.Token.Reveal() {
	case token:
		return control.Verdict{Authenticated: true, Allowed: r.Namespace == "shop" || r.Namespace == "crm", User: "system:serviceaccount:shop:operator"}, nil
	case readerToken:
		return control.Verdict{Authenticated: true, Allowed: r.Namespace == "shop" && r.Verb == "get", User: "system:serviceaccount:shop:reader"}, nil
	}
	return control.Verdict{}, nil
}

// dispatch starts the dispatcher.
func (w *world) dispatch(o dispatcher.Options) {
	w.t.Helper()
	d, err := dispatcher.Open(o)
	if err != nil {
		w.t.Fatal(err)
	}
	w.url = "http://" + d.Address()
	w.client = &client.Client{BaseURL: w.url, Token: func(context.Context) (string, error) { return token, nil }}
	w.run(d.Run)
}

// run runs something until the test ends.
func (w *world) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	w.t.Cleanup(sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}))
}

// spec is the manifest of the Webhook order-shipped.
const spec = `{"integrationRef":{"name":"parcels"},"systemName":"orderShipped","method":"POST","url":"/orders/${id}",` +
	`"body":"{\"id\": \"${id}\", \"name\": \"${name}\"}","sampleData":{"id":12345678901234567890,"name":"Ada"}}`

// configure sends an integration and the Webhook order-shipped that uses it; change
// adjusts them and names more Webhooks.
func (w *world) configure(change func(*plan.Integration, *plan.Webhook) []plan.Webhook) {
	w.t.Helper()
	in := plan.Integration{
		Key: plan.Key{Namespace: "shop", Name: "parcels"}, DisplayName: "Parcel service", Description: "What the parcel service is told",
		URL: w.receiver.URL() + "/v2", MaxConcurrency: 8, MaxWaiting: 1000, RequestsPerSecond: 50, Timeout: 5 * time.Second, Retry: plan.DefaultRetry(),
		Headers: []plan.Header{{Name: "Authorization", Value: plan.NewSecret(private), Private: true}},
	}
	wh := plan.Webhook{
		Key: plan.Key{Namespace: "shop", Name: "order-shipped"}, UID: "uid-1", Integration: in.Key, DisplayName: "Tell that an order was shipped",
		SystemName: "orderShipped", Method: "POST", Suffix: "/orders/${id}", HasBody: true, BodyContext: plan.BodyJSON, Body: `{"id": "${id}", "name": "${name}"}`, Manifest: zipped(w.t, spec),
	}
	var more []plan.Webhook
	if change != nil {
		more = change(&in, &wh)
	}
	w.server.SetIntegration(in)
	w.server.SetWebhook(wh)
	for _, m := range more {
		w.server.SetWebhook(m)
	}
	w.server.Open()
	w.await("the configuration to be acknowledged", func() bool {
		for _, m := range append(more, wh) {
			if !w.server.State(m.Ref()).Answered {
				return false
			}
		}
		return w.server.State(in.Ref()).Answered
	})
}

// withKey makes a Webhook retry: the receiver can recognise a repeat.
func withKey(wh *plan.Webhook) {
	wh.HasKey = true
	wh.Headers = []plan.HeaderTemplate{{Name: "X-Request-Id", Value: "${WebhookRequest.TransactionalId}"}}
}

// zipped compresses a text, as manifests are.
func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	zip := gzip.NewWriter(&b)
	if _, err := zip.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// await waits until the condition holds.
func (w *world) await(what string, condition func() bool) {
	w.t.Helper()
	await(w.t, what, condition)
}

// await waits until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(timeout)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s in vain for %s", timeout, what)
		}
	}
}

// call hands in a call and waits for its outcome.
func (w *world) call(data string) *client.Call {
	w.t.Helper()
	call, err := w.client.CallAndWait(w.t.Context(), "shop", "order-shipped", []byte(data), 20*time.Second)
	if err != nil {
		w.t.Fatal(err)
	}
	return call
}

// state is a call's state now.
func (w *world) state(id string) *client.Call {
	w.t.Helper()
	call, err := w.client.Get(w.t.Context(), "shop", "order-shipped", id)
	if err != nil {
		w.t.Fatal(err)
	}
	return call
}

// callPath is the view of a call of order-shipped.
func callPath(id string) string { return "#/ns/shop/webhooks/order-shipped/calls/" + id }

// failing answers with an error and a text that wants to be a script.
func failing(rw http.ResponseWriter, r receiver.Request) {
	rw.Header().Set("Content-Type", "text/html")
	if strings.Contains(r.URI, "/fine") {
		return
	}
	rw.WriteHeader(http.StatusServiceUnavailable)
	_, _ = rw.Write([]byte(`<script>alert(1)</script>`))
}
