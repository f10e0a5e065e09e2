package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/receiver"
	"github.com/maestra-io/webhook-operator/test/stack"
)

// shop is a service account that may send calls in its own namespace.
const shop = `
apiVersion: v1
kind: ServiceAccount
metadata: {name: NAME}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: NAME}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: webhook-operator-caller}
subjects:
  - {kind: ServiceAccount, name: NAME}
`

// caller makes a service account that may send calls in the namespace.
func (w *world) caller(name string) *client.Client {
	w.t.Helper()
	w.applyWith(shop, "NAME", name)
	c, err := w.ClientAs(w.t.Context(), w.namespace, name)
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// problemOf is what a call is refused with.
func (w *world) problemOf(_ *client.Call, err error) client.Problem {
	w.t.Helper()
	var problem *client.Problem
	if !errors.As(err, &problem) {
		w.t.Fatalf("the call was not refused: %v", err)
	}
	return *problem
}

// TestCallers: who may do what is what Kubernetes' roles say, and nobody else learns
// anything.
func TestCallers(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.ready()
	data := []byte(`{"customer": {"id": "c-1"}}`)
	shop := w.caller("shop")
	taken, err := shop.Call(t.Context(), w.namespace, "customer-read", data)
	if err != nil {
		t.Fatal(err)
	}
	w.received(1)

	forbidden := w.problemOf(shop.Get(t.Context(), w.namespace, "customer-read", taken.TransactionID))
	if forbidden.Status != http.StatusForbidden || forbidden.Type != client.ProblemForbidden {
		t.Errorf("a caller that may send and not read is answered %+v", forbidden)
	}
	w.kubectl("create", "namespace", w.namespace+"-other")
	for _, namespace := range []string{w.namespace + "-other", "none"} {
		for _, webhook := range []string{"customer-read", "none"} {
			got := w.problemOf(shop.Call(t.Context(), namespace, webhook, data))
			if got.RequestID == "" || got.RequestID == forbidden.RequestID {
				t.Errorf("the request ids are %q and %q", got.RequestID, forbidden.RequestID)
			}
			if got.RequestID = forbidden.RequestID; !cmp.Equal(got, forbidden) {
				t.Errorf("%s/%s is answered %+v, want %+v", namespace, webhook, got, forbidden)
			}
		}
	}
	if got := w.problemOf(shop.Call(t.Context(), w.namespace, "none", data)); got.Type != client.ProblemUnknownWebhook {
		t.Errorf("who may call all Webhooks is told of none by %+v", got)
	}

	for name, audience := range map[string]string{"another audience": "another", "no token": "", "broken": stack.Audience} {
		token := ""
		if audience != "" {
			if token, err = cluster.Token(t.Context(), w.namespace, "shop", audience); err != nil {
				t.Fatal(err)
			}
		}
		if name == "broken" {
			token = token[:len(token)-8] + "AAAAAAAA"
		}
		other := *shop
		other.Token = func(context.Context) (string, error) { return token, nil }
		if audience == "" {
			other.Token = nil
		}
		if got := w.problemOf(other.Call(t.Context(), w.namespace, "customer-read", data)); got.Status != http.StatusUnauthorized || got.Type != client.ProblemUnauthenticated {
			t.Errorf("%s is answered %+v", name, got)
		}
	}
	if n := len(w.receiver.Requests()); n != 1 {
		t.Errorf("the receiver got %d requests", n)
	}
}

// TestCallersWhileTheManagerIsAway: those that are known go on, others are told to
// come again, and are let in once it is back.
func TestCallersWhileTheManagerIsAway(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.ready()
	data := []byte(`{"customer": {"id": "c-1"}}`)
	known, other := w.caller("known"), w.caller("other")
	if _, err := known.Call(t.Context(), w.namespace, "customer-read", data); err != nil {
		t.Fatal(err)
	}
	if err := w.StopManager(); err != nil {
		t.Fatal(err)
	}
	if _, err := known.Call(t.Context(), w.namespace, "customer-read", data); err != nil {
		t.Errorf("a caller that is known: %v", err)
	}
	w.received(2)
	if got := w.problemOf(other.Call(t.Context(), w.namespace, "customer-read", data)); got.Status != http.StatusServiceUnavailable || got.Type != client.ProblemAccessUnavailable {
		t.Errorf("a new caller is answered %+v", got)
	}
	if err := w.StartManager(); err != nil {
		t.Fatal(err)
	}
	w.await("the new caller to be let in", func() bool {
		_, err := other.Call(t.Context(), w.namespace, "customer-read", data)
		return err == nil
	})
	w.received(3)
}

// TestServingCertificateIsRenewed: when its Secret is gone a new one is made and shown
// to new connections, by the same process, while those that stand go on.
func TestServingCertificateIsRenewed(t *testing.T) {
	w := newWorld(t, receiver.Options{})
	w.apply(objects)
	w.ready()
	data := []byte(`{"customer": {"id": "c-1"}}`)
	if _, err := w.Client.Call(t.Context(), w.namespace, "customer-read", data); err != nil {
		t.Fatal(err)
	}
	_, pid := w.PIDs()
	// serial is that of the certificate now, verified by the authority as published.
	serial := func() string {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM([]byte(w.kubectl("-n", stack.Namespace, "get", "configmap", "webhook-dispatcher-ca", "-o", `jsonpath={.data.ca\.crt}`)))
		connection, err := tls.Dial("tcp", strings.TrimPrefix(w.Client.BaseURL, "https://"), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13})
		if err != nil {
			return "none: " + err.Error()
		}
		defer func() { _ = connection.Close() }()
		return connection.ConnectionState().PeerCertificates[0].SerialNumber.String()
	}
	old := serial()
	w.kubectl("-n", stack.Namespace, "delete", "secret", "webhook-dispatcher-tls")
	w.await("a new certificate", func() bool { now := serial(); return now != old && !strings.HasPrefix(now, "none") })
	if _, err := w.Client.Call(t.Context(), w.namespace, "customer-read", data); err != nil {
		t.Errorf("the connection that stood: %v", err)
	}
	w.received(2)
	if _, now := w.PIDs(); now != pid {
		t.Error("the dispatcher was started anew")
	}
}
