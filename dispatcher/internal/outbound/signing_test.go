package outbound

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// signingSecret returns the text of a signing secret, each seed another, and its key.
func signingSecret(t testing.TB, seed byte) (string, plan.Secret) {
	t.Helper()
	text := "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{seed, 0xff, '.'}, 11))
	key, err := plan.ParseSigningKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return text, key
}

// verifier is a receiver with a signing secret, which takes what the reference library
// of Standard Webhooks verifies.
type verifier struct {
	*receiver
	mu   sync.Mutex
	seen []signed
}

// signed is a request that came.
type signed struct {
	id, timestamp, body string
}

func newVerifier(t testing.TB, secret string) *verifier {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	v := &verifier{}
	v.receiver = receive(t, nil, false, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if errors.Join(err, webhook.Verify(body, r.Header)) != nil {
			w.WriteHeader(http.StatusForbidden)
		}
		v.mu.Lock()
		defer v.mu.Unlock()
		v.seen = append(v.seen, signed{r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), string(body)})
	})
	return v
}

// ends returns the first and the last request that came.
func (v *verifier) ends() (first, last signed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen[0], v.seen[len(v.seen)-1]
}

// signing gives an integration signing keys.
func signing(keys ...plan.Secret) func(*plan.Integration) {
	return func(in *plan.Integration) { in.SigningKeys = keys }
}

// What is sent is verified by the reference library, whichever of two keys the
// receiver knows, with a body and without.
func TestSigningIsVerified(t *testing.T) {
	oldSecret, oldKey := signingSecret(t, 1)
	newSecret, newKey := signingSecret(t, 2)
	unknown, _ := signingSecret(t, 3)
	s := newSenderOf(t, loopback)
	withoutBody := func(p *Parts) { p.Method, p.HasBody, p.Body = http.MethodGet, false, nil }
	emptyBody := func(p *Parts) { p.Body = nil }
	for _, change := range []func(*Parts){func(*Parts) {}, withoutBody, emptyBody} {
		for secret, accepted := range map[string]bool{oldSecret: true, newSecret: true, unknown: false} {
			v := newVerifier(t, secret)
			_, got := send(t, s, routed(t, s, integration(v.URL, signing(newKey, oldKey))), change)
			if (got.Reason == plan.ReasonSuccess) != accepted || got.StatusCode == 0 {
				t.Errorf("%s, want it accepted: %v", got.Message, accepted)
			}
			_, got = send(t, s, routed(t, s, integration(v.URL)), change)
			check(t, "without keys", got, plan.ReasonClientError, "the receiver answered 403 Forbidden", false)
		}
	}
}

// Two attempts of a call have one id and one body, and each the time at which it is made.
func TestSigningOfTwoAttempts(t *testing.T) {
	secret, key := signingSecret(t, 1)
	v := newVerifier(t, secret)
	s := newSenderOf(t, loopback)
	route := routed(t, s, integration(v.URL, signing(key)))
	_, got := send(t, s, route)
	ok(t, "first", got)
	// Until the next second, which is what a timestamp counts.
	await(t, "another timestamp", func() bool {
		_, got := send(t, s, route)
		ok(t, "second", got)
		first, last := v.ends()
		return last.timestamp != first.timestamp
	})
	first, last := v.ends()
	if first.id != "019b0c2e-7d7a-7cc0-8000-0123456789ab" || first.id != last.id || first.body != "hello" || first.body != last.body {
		t.Errorf("the attempts are %+v and %+v", first, last)
	}
}

// The signature is over what is sent with an access token beside it, and made when
// the token is there.
func TestSigningWithAToken(t *testing.T) {
	secret, key := signingSecret(t, 1)
	v, tokens := newVerifier(t, secret), newTokenServer(t, nil)
	s := newSenderOf(t, loopback)
	r, got := send(t, s, routed(t, s, integration(v.URL, signing(key), tokens.client())))
	ok(t, "POST", got)
	var names []string
	for _, h := range r.Headers {
		names = append(names, h.Name)
	}
	if want := []string{"Content-Type", "User-Agent", "Authorization", "webhook-id", "webhook-timestamp", "webhook-signature"}; !slices.Equal(names, want) {
		t.Errorf("sent %q, want %q", names, want)
	}
}

// Where requests are signed nobody else sets these headers; elsewhere they are free.
func TestSigningHeadersAreReserved(t *testing.T) {
	_, key := signingSecret(t, 1)
	s := newSenderOf(t, loopback)
	for _, name := range []string{"webhook-signature", "Webhook-Id", "WEBHOOK-TIMESTAMP"} {
		own := Parts{Method: http.MethodGet, Own: []plan.RenderedHeader{{Name: name, Value: "x"}}}
		inherited := func(in *plan.Integration) { in.Headers = []plan.Header{{Name: name, Value: plan.NewSecret("x")}} }
		signed := routed(t, s, integration("http://receiver.example", signing(key)))
		want := "header " + name + " is set by the integration's signing"
		if _, err := signed.Build(own); err == nil || err.Error() != want {
			t.Errorf("own: %v", err)
		}
		if _, err := routed(t, s, integration("http://receiver.example", signing(key), inherited)).Build(Parts{Method: http.MethodGet}); err == nil || err.Error() != want {
			t.Errorf("inherited: %v", err)
		}
		if _, err := routed(t, s, integration("http://receiver.example", inherited)).Build(own); err != nil {
			t.Errorf("without keys: %v", err)
		}
	}
}
