package e2e

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/maestra-io/webhook-operator/test/receiver"
)

// signed is an integration that signs with KEYS, and a Webhook.
const signed = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: signed}
spec:
  url: RECEIVER
  signing: {secretKeyRefs: [KEYS]}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: signed}
spec:
  integrationRef: {name: signed}
  body: '{"n": ${n}}'
`

const (
	oldKey = "{name: signing, key: old}"
	newKey = "{name: signing, key: new}"
)

// TestSigningSecretsAreRotatedWithoutAGap: while calls flow, the new secret is
// added, named first, and the old one taken out; the receiver changes over in
// between. It knows one secret at any time and verifies every request with the
// Standard Webhooks library.
func TestSigningSecretsAreRotatedWithoutAGap(t *testing.T) {
	was, is := signingSecret('o'), signingSecret('n')
	var v verifier
	v.knows(t, was)
	w := newWorld(t, receiver.Options{Answer: v.answer})
	spec := func(keys ...string) string { return strings.Replace(signed, "KEYS", strings.Join(keys, ", "), 1) }
	secret := func(secrets map[string]string) string { return manifest("Secret", "signing", "Opaque", secrets) }
	w.apply(secret(map[string]string{"old": was}) + spec(oldKey))
	w.ready()

	load, stop := context.WithCancel(t.Context())
	var calls sync.WaitGroup
	defer func() { stop(); calls.Wait() }()
	ids := make(chan []string, 1)
	calls.Go(func() { ids <- w.flow(load, "signed") })
	// signatures waits for requests with so many signatures.
	signatures := func(n int) {
		t.Helper()
		since := len(w.receiver.Requests())
		w.await(fmt.Sprintf("requests with %d signatures", n), func() bool {
			requests := w.receiver.Requests()
			return len(requests) > since+5 && len(strings.Fields(requests[len(requests)-1].Header.Get("webhook-signature"))) == n
		})
	}
	signatures(1)
	w.apply(secret(map[string]string{"old": was, "new": is}))
	w.apply(spec(newKey, oldKey))
	signatures(2)
	v.knows(t, is)
	signatures(2)
	w.apply(spec(newKey))
	signatures(1)
	w.apply(secret(map[string]string{"new": is}))
	signatures(1)
	stop()
	calls.Wait()
	made := <-ids
	for _, id := range made {
		w.ended("signed", id)
	}
	requests := len(w.receiver.Requests())
	if bad := v.refused(); len(bad) > 0 || requests != len(made) {
		t.Errorf("of %d calls %d requests came, and %d were not verified, the first: %s", len(made), requests, len(bad), first(bad))
	}
	t.Logf("%d calls in all", len(made))
	w.showsNot(was, is)
}

// flow makes calls one after the other, at most 100 a second, and returns their
// ids.
func (w *world) flow(ctx context.Context, webhook string) []string {
	var ids []string
	pace := time.NewTicker(10 * time.Millisecond)
	defer pace.Stop()
	for {
		select {
		case <-ctx.Done():
			return ids
		case <-pace.C:
		}
		call, err := w.Client.Call(w.t.Context(), w.namespace, webhook, fmt.Appendf(nil, `{"n": %d}`, len(ids)))
		if err != nil {
			w.t.Errorf("call %d: %v", len(ids), err)
			return ids
		}
		ids = append(ids, call.TransactionID)
	}
}

// signingSecret is a secret of Standard Webhooks.
func signingSecret(fill byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{fill, 0xfe}, 16))
}

// verifier is a receiver's half of Standard Webhooks.
type verifier struct {
	mu   sync.Mutex
	with *standardwebhooks.Webhook
	bad  []string
}

// knows makes it verify with a secret, and with no other.
func (v *verifier) knows(t *testing.T, secret string) {
	t.Helper()
	with, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.with = with
}

// answer answers what cannot be verified with 400.
func (v *verifier) answer(answer http.ResponseWriter, r receiver.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err := v.with.Verify([]byte(r.Body), r.Header); err != nil {
		v.bad = append(v.bad, fmt.Sprintf("%v: %s", err, r.Raw))
		answer.WriteHeader(http.StatusBadRequest)
	}
}

// refused are the requests that could not be verified.
func (v *verifier) refused() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return append([]string(nil), v.bad...)
}

// first is the first of the texts, if there is one.
func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}
