package e2e

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// proxied are two integrations behind PROXY, and two Webhooks of each. Nothing is
// retried, so what a failure of the proxy does is not a retry.
const proxied = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: plain}
spec:
  url: PLAIN
  retry: {retries: 0}
  egress: {proxy: {url: PROXY, secretRef: {name: proxy}}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: secure}
spec:
  url: RECEIVER
  retry: {retries: 0}
  tls: {caBundleFrom: {configMapKeyRef: {name: authority, key: ca.crt}}}
  egress: {proxy: {url: PROXY, secretRef: {name: proxy}}}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: plain}
spec: {integrationRef: {name: plain}, url: '/plain/${n}', body: '{}'}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: secure}
spec: {integrationRef: {name: secure}, url: '/secure/${n}', body: '{"id": "${WebhookRequest.TransactionalId}"}'}
`

// TestCallsWaitForTheProxy: http and https receivers are reached through a proxy
// with credentials. While it is away calls wait, with the key and without, and
// arrive once when it is back.
func TestCallsWaitForTheProxy(t *testing.T) {
	g := newGeneration(t, "the")
	var server peer.Identity
	server.Set(g.server, nil)
	w := newWorld(t, receiver.Options{TLS: server.Config()})
	plain, err := receiver.Start(receiver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = plain.Close() })
	options := peer.ProxyOptions{Username: "ada", Password: "the proxy's password"}
	proxy := startProxy(t, options)
	options.Address = proxy.Address()

	credentials := manifest("Secret", "proxy", "kubernetes.io/basic-auth", map[string]string{"username": options.Username, "password": options.Password})
	w.applyWith(credentials+g.manifests()+proxied, "PROXY", proxy.URL(), "PLAIN", plain.URL())
	w.ready()
	w.succeeds("plain", `{"n": 1}`)
	w.succeeds("secure", `{"n": 1}`)
	want := []string{strings.TrimPrefix(plain.URL(), "http://"), strings.TrimPrefix(w.receiver.URL(), "https://")}
	if diff := cmp.Diff(want, proxy.Tunnels()); diff != "" {
		t.Errorf("the tunnels (-want +got):\n%s", diff)
	}

	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	waiting := map[string]string{"plain": w.call("plain", `{"n": 2}`), "secure": w.call("secure", `{"n": 2}`)}
	for webhook, id := range waiting {
		w.await("an attempt of "+webhook+" to fail", func() bool { return w.get(webhook, id).Message != "" })
		got := w.get(webhook, id)
		if got.State != client.StateWaiting || got.NextAttemptAt == nil || got.Message != "connecting to the egress proxy failed: connection refused" {
			t.Errorf("without the proxy the call of %s is %+v", webhook, got)
		}
	}
	startProxy(t, options)
	for webhook, id := range waiting {
		if got := w.ended(webhook, id); got.Outcome != "Succeeded" {
			t.Errorf("with the proxy back the call of %s ended as %+v", webhook, got)
		}
	}
	for _, r := range []*receiver.Receiver{plain, w.receiver} {
		var uris []string
		for _, request := range r.Requests() {
			uris = append(uris, request.URI)
			if got := request.Header.Get("Proxy-Authorization"); got != "" {
				t.Errorf("the receiver sees the proxy's credentials: %s", got)
			}
		}
		name := map[bool]string{true: "/plain", false: "/secure"}[r == plain]
		if diff := cmp.Diff([]string{name + "/1", name + "/2"}, uris); diff != "" {
			t.Errorf("what arrived (-want +got):\n%s", diff)
		}
	}
	w.showsNot(options.Password)
}

// startProxy starts a proxy for as long as the test runs.
func startProxy(t *testing.T, o peer.ProxyOptions) *peer.Proxy {
	t.Helper()
	proxy, err := peer.StartProxy(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = proxy.Close() })
	return proxy
}

// narrowed is an integration with a receiver by name and the egress EGRESS.
const narrowed = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: narrowed}
spec:
  url: NAMED
  egress: {EGRESS}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: narrowed}
spec: {integrationRef: {name: narrowed}, body: '{}'}
`

// TestEgressIsNarrowed: an address that the integration's ranges do not have is
// found out when it is dialled, and the status says which rule it was; a host that
// its hosts do not have is found out before.
func TestEgressIsNarrowed(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	apply := func(egress string) {
		t.Helper()
		w.applyWith(narrowed, "NAMED", strings.Replace(w.receiver.URL(), "127.0.0.1", "localhost", 1), "EGRESS", egress)
	}
	apply("cidrs: [203.0.113.0/24, 2001:db8::/32]")
	w.ready()
	blocked := w.call("narrowed", `{}`)
	if got := w.ended("narrowed", blocked); got.Outcome != "Blocked" {
		t.Errorf("the call ended as %+v, want Blocked", got)
	}
	message := w.shows("narrowed", blocked, "message")
	if !strings.HasPrefix(message, "the receiver's address ") || !strings.HasSuffix(message, " is in none of the ranges that the integration's egress allows") {
		t.Errorf("the status says %q", message)
	}
	apply("hosts: [api.example.com]")
	w.becomes("webhookintegrations/narrowed", "Ready", "InvalidSpec")
	if got, want := w.condition("webhookintegrations/narrowed", "Ready", "message"), `egress.hosts does not have "localhost", the host of url; add it, or nothing can be sent`; got != want {
		t.Errorf("the condition says %q, want %q", got, want)
	}
	apply("hosts: [localhost], cidrs: [127.0.0.0/8, '::1/128']")
	w.ready()
	w.succeeds("narrowed", `{}`)
	if got := len(w.receiver.Requests()); got != 1 {
		t.Errorf("%d requests arrived, want that of the last call alone", got)
	}
}
