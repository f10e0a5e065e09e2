package e2e

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// mutual is an integration by mutual TLS.
const mutual = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: mutual}
spec:
  url: RECEIVER
  retry: {retries: 20, delay: 1s}
  tls:
    caBundleFrom: {configMapKeyRef: {name: authority, key: ca.crt}}
    clientCertificate: {secretRef: {name: client}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: mutual}
spec:
  integrationRef: {name: mutual}
  body: '{"id": "${WebhookRequest.TransactionalId}"}'
`

// TestMutualTLSIsRotated: a receiver that changes its authority and that of its
// clients from one handshake to the next is reached again as soon as the Secret
// and the ConfigMap have followed, by what waited as by what comes then.
func TestMutualTLSIsRotated(t *testing.T) {
	first, second := newGeneration(t, "first"), newGeneration(t, "second")
	var server peer.Identity
	server.Set(first.server, first.authority)
	w := newWorld(t, receiver.Options{TLS: server.Config(), Answer: func(answer http.ResponseWriter, _ receiver.Request) {
		answer.Header().Set("Connection", "close") // each request needs a handshake
	}})
	shown := func(n int) string {
		return w.received(n)[n-1].TLS.PeerCertificates[0].Subject.CommonName
	}
	w.apply(first.manifests() + mutual)
	w.ready()
	w.succeeds("mutual", `{}`)
	if got := shown(1); got != "first client" {
		t.Errorf("the receiver was shown the certificate of %q", got)
	}

	server.Set(second.server, second.authority)
	waiting := w.call("mutual", `{}`)
	w.await("an attempt to fail", func() bool { return w.get("mutual", waiting).Attempts > 0 })
	if got := w.get("mutual", waiting); got.State != client.StateWaiting || !strings.Contains(got.Message, "certificate") {
		t.Errorf("after the receiver changed the call is %+v, want it to wait and speak of the certificate", got)
	}
	w.apply(second.manifests())
	if got := w.ended("mutual", waiting); got.Outcome != "Succeeded" || got.Attempts < 2 {
		t.Errorf("the call that waited is %+v", got)
	}
	if got := shown(2); got != "second client" {
		t.Errorf("after the rotation the receiver was shown the certificate of %q", got)
	}
	if got := w.succeeds("mutual", `{}`); got.Attempts != 1 || shown(3) != "second client" {
		t.Errorf("the call after the rotation is %+v, with the certificate of %q", got, shown(3))
	}
	w.showsNot(first.client.Key, second.client.Key)
}

// generation is an authority with what it has certified.
type generation struct {
	authority      *peer.Authority
	server, client peer.Certificate
}

// newGeneration makes an authority, a server at 127.0.0.1 and a client.
func newGeneration(t *testing.T, name string) generation {
	t.Helper()
	authority, err := peer.NewAuthority(name + " authority")
	if err != nil {
		t.Fatal(err)
	}
	g := generation{authority: authority}
	if g.server, err = authority.Certify(name+" server", "127.0.0.1"); err != nil {
		t.Fatal(err)
	}
	if g.client, err = authority.Certify(name + " client"); err != nil {
		t.Fatal(err)
	}
	return g
}

// manifests are the ConfigMap authority and the Secret client.
func (g generation) manifests() string {
	return manifest("ConfigMap", "authority", "", map[string]string{"ca.crt": g.authority.PEM}) +
		manifest("Secret", "client", "kubernetes.io/tls", map[string]string{"tls.crt": g.client.PEM, "tls.key": g.client.Key})
}

// tokened is an integration with a header from a Secret. Its Webhook has a part of
// its own in each place.
const tokened = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: tokened}
spec:
  url: RECEIVER/api
  retry: {retries: 20, delay: 1s}
  headers:
  - name: X-Token
    valueFrom: {secretKeyRef: {name: token, key: token}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: tokened}
spec:
  integrationRef: {name: tokened}
  url: /${n}
  headers: [{name: X-Own, value: 'own-${n}'}]
  body: '{"n": ${n}, "id": "${WebhookRequest.TransactionalId}"}'
`

// TestARetryTakesTheNewSecret: the attempt after a Secret was rotated has the new
// value, and is otherwise the same to the byte.
func TestARetryTakesTheNewSecret(t *testing.T) {
	const before, after = "the-value-of-before", "the-value-of-after!"
	w := newWorld(t, receiver.Options{Answer: func(answer http.ResponseWriter, r receiver.Request) {
		if r.Header.Get("X-Token") != after {
			answer.WriteHeader(http.StatusServiceUnavailable)
			_, _ = answer.Write([]byte("not with " + r.Header.Get("X-Token")))
		}
	}})
	secret := func(value string) string {
		return manifest("Secret", "token", "Opaque", map[string]string{"token": value + "\n"})
	}
	w.apply(secret(before) + tokened)
	w.ready()
	waiting := w.call("tokened", `{"n": 7}`)
	w.received(1)
	w.apply(secret(after))
	if got := w.ended("tokened", waiting); got.Outcome != "Succeeded" {
		t.Fatalf("the call that waited is %+v", got)
	}
	requests := w.receiver.Requests()
	first, last := string(requests[0].Raw), string(requests[len(requests)-1].Raw)
	if diff := cmp.Diff(strings.Replace(first, "X-Token: "+before, "X-Token: "+after, 1), last); diff != "" {
		t.Errorf("beside the header the attempts differ (-first +last):\n%s", diff)
	}
	for _, own := range []string{"POST /api/7 ", "X-Own: own-7\r\n", `"id": "` + waiting + `"}`} {
		if !strings.Contains(last, own) {
			t.Errorf("the last attempt lacks %q: %s", own, last)
		}
	}
	w.shows("tokened", waiting, "outcome") // is written
	w.showsNot(before, after)
}

// manifest makes a Secret or ConfigMap, as one of several documents.
func manifest(kind, name, secretType string, data map[string]string) string {
	object := map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]string{"name": name}}
	if kind == "Secret" {
		object["type"], object["stringData"] = secretType, data
	} else {
		object["data"] = data
	}
	text, err := json.Marshal(object)
	if err != nil {
		panic(err) // texts alone
	}
	return "---\n" + string(text) + "\n---\n"
}

// call hands in a call and returns its id.
func (w *world) call(webhook, data string) string {
	w.t.Helper()
	call, err := w.Client.Call(w.t.Context(), w.namespace, webhook, []byte(data))
	if err != nil {
		w.t.Fatal(err)
	}
	return call.TransactionID
}

// get returns a call as it is.
func (w *world) get(webhook, id string) *client.Call {
	w.t.Helper()
	call, err := w.Client.Get(w.t.Context(), w.namespace, webhook, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return call
}

// ended waits for the end of a call.
func (w *world) ended(webhook, id string) *client.Call {
	w.t.Helper()
	var call *client.Call
	w.await("the end of call "+id+" of "+webhook, func() bool {
		call = w.get(webhook, id)
		return call.State == client.StateFinished
	})
	return call
}

// succeeds makes a call, which must succeed, and returns its end.
func (w *world) succeeds(webhook, data string) *client.Call {
	w.t.Helper()
	call := w.ended(webhook, w.call(webhook, data))
	if call.Outcome != "Succeeded" {
		w.t.Errorf("a call of %s ended as %+v", webhook, call)
	}
	return call
}

// showsNot checks that no object of the operator's, no event, no log and no file of
// the store has one of the values.
func (w *world) showsNot(values ...string) {
	w.t.Helper()
	shown := map[string]string{
		"an object or an event": w.kubectl("get", "webhooks,webhookintegrations,events", "-o", "yaml"),
		"a log":                 w.log.String(),
	}
	// Pebble compresses its tables, not its log, where all begins.
	err := fs.WalkDir(os.DirFS(w.StoreDir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || path == "ballast" {
			return err
		}
		content, err := os.ReadFile(filepath.Join(w.StoreDir, path))
		shown["the store's "+path] = string(content)
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
	for i, value := range values {
		for line := range strings.Lines(value) {
			for where, text := range shown {
				if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") && strings.Contains(text, line) {
					w.t.Errorf("private value %d shows in %s", i+1, where)
				}
			}
		}
	}
}
