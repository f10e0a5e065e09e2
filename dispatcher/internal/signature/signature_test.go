package signature

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const id = "019b0c2e-7d7a-7cc0-8000-0123456789ab"

// secret returns the text of a signing secret, each seed another.
func secret(seed byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{seed, 0xff, '.'}, 11))
}

// keys decodes secrets.
func keys(t testing.TB, secrets ...string) []plan.Secret {
	t.Helper()
	var decoded []plan.Secret
	for _, text := range secrets {
		key, err := plan.ParseSigningKey(text)
		if err != nil {
			t.Fatal(err)
		}
		decoded = append(decoded, key)
	}
	return decoded
}

// receive sends a signed request over HTTP and returns what the reference
// library says of it as a receiver with the secret.
func receive(t *testing.T, text string, headers []plan.RenderedHeader, body []byte) error {
	t.Helper()
	webhook, err := standardwebhooks.NewWebhook(text)
	if err != nil {
		t.Fatal(err)
	}
	var verified error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, err := io.ReadAll(r.Body)
		verified = errors.Join(err, webhook.Verify(got, r.Header))
	}))
	defer server.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		request.Header[h.Name] = append(request.Header[h.Name], h.Value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return verified
}

func TestTheReferenceReceiverVerifies(t *testing.T) {
	bodies := map[string][]byte{
		"JSON":      []byte(`{"event":"käse","n":1.50}`),
		"empty":     {},
		"none":      nil,
		"binary":    {0, 255, '\r', '\n', '.', 0},
		"one MiB":   bytes.Repeat([]byte("0123456789abcdef"), 1<<16),
		"full stop": []byte("."),
	}
	for name, body := range bodies {
		t.Run(name, func(t *testing.T) {
			headers := Headers(id, time.Now(), body, keys(t, secret(1)))
			if err := receive(t, secret(1), headers, body); err != nil {
				t.Error(err)
			}
			if err := receive(t, secret(2), headers, body); !errors.Is(err, standardwebhooks.ErrNoMatchingSignature) {
				t.Errorf("with another secret: %v", err)
			}
		})
	}
}

func TestTheReferenceReceiverRefusesChanges(t *testing.T) {
	body := []byte(`{"a":1}`)
	now := time.Now()
	set := func(name, value string) func([]plan.RenderedHeader, []byte) {
		return func(headers []plan.RenderedHeader, _ []byte) {
			for i := range headers {
				if headers[i].Name == name {
					headers[i].Value = value
				}
			}
		}
	}
	changes := map[string]func([]plan.RenderedHeader, []byte){
		"body":      func(_ []plan.RenderedHeader, body []byte) { body[0] = '[' },
		"id":        set(plan.SigningID, id+"0"),
		"timestamp": set(plan.SigningTimestamp, strconv.FormatInt(now.Unix()+1, 10)),
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			headers, sent := Headers(id, now, body, keys(t, secret(1))), bytes.Clone(body)
			change(headers, sent)
			if err := receive(t, secret(1), headers, sent); !errors.Is(err, standardwebhooks.ErrNoMatchingSignature) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// While keys are changed a receiver with either verifies, and the newest is first.
func TestTwoKeys(t *testing.T) {
	body := []byte(`{"a":1}`)
	now := time.Now()
	headers := Headers(id, now, body, keys(t, secret(2), secret(1)))
	for _, seed := range []byte{1, 2} {
		if err := receive(t, secret(seed), headers, body); err != nil {
			t.Errorf("secret %d: %v", seed, err)
		}
	}
	if err := receive(t, secret(3), headers, body); err == nil {
		t.Error("a third secret verifies")
	}
	newest := Headers(id, now, body, keys(t, secret(2)))[2].Value
	oldest := Headers(id, now, body, keys(t, secret(1)))[2].Value
	if got, want := headers[2].Value, newest+" "+oldest; got != want {
		t.Errorf("signatures %q, want %q", got, want)
	}
}

// The reference libraries hold themselves to these values. The time has a part
// of a second and a zone, of which nothing is sent.
func TestPublishedVector(t *testing.T) {
	at := time.Unix(1614265330, 999_999_999).In(time.FixedZone("", 3600))
	got := Headers("msg_p5jXN8AQM9LWM0D4loKWxJek", at, []byte(`{"test": 2432232314}`), keys(t, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	want := []plan.RenderedHeader{
		{Name: "webhook-id", Value: "msg_p5jXN8AQM9LWM0D4loKWxJek"},
		{Name: "webhook-timestamp", Value: "1614265330"},
		{Name: "webhook-signature", Value: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", Private: true},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for i, name := range plan.SigningHeaders {
		if got[i].Name != name {
			t.Errorf("header %d is %s, want %s", i, got[i].Name, name)
		}
	}
}

// A receiver refuses what was signed long ago or is to come.
func TestTimestamps(t *testing.T) {
	tests := []struct {
		off  time.Duration
		want error
	}{
		{-4 * time.Minute, nil}, {4 * time.Minute, nil},
		{-6 * time.Minute, standardwebhooks.ErrMessageTooOld}, {6 * time.Minute, standardwebhooks.ErrMessageTooNew},
	}
	for _, tt := range tests {
		headers := Headers(id, time.Now().Add(tt.off), nil, keys(t, secret(1)))
		if err := receive(t, secret(1), headers, nil); !errors.Is(err, tt.want) {
			t.Errorf("signed %v from now: %v, want %v", tt.off, err, tt.want)
		}
	}
}

func TestNoKeysNoHeaders(t *testing.T) {
	if got := Headers(id, time.Now(), []byte("a"), nil); len(got) != 0 {
		t.Errorf("headers %v", got)
	}
}

// Signing costs the same memory however long the body is.
func TestTheBodyIsNotCopied(t *testing.T) {
	body := bytes.Repeat([]byte("a"), 1<<20)
	pair := keys(t, secret(1), secret(2))
	now := time.Now()
	const rounds = 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range rounds {
		Headers(id, now, body, pair)
	}
	runtime.ReadMemStats(&after)
	if each := (after.TotalAlloc - before.TotalAlloc) / rounds; each > 8<<10 {
		t.Errorf("%d bytes an attempt, want at most 8 KiB", each)
	}
	if strings.Count(Headers(id, now, body, pair)[2].Value, " ") != 1 {
		t.Error("there are not two signatures")
	}
}
