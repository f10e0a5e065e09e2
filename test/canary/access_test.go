//go:build linux

package canary

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/test/stack"
)

// servingSecret is the Secret with the dispatcher's certificate.
const servingSecret = "canary-serving"

// plantAccess plants the key of the dispatcher's certificate, the token of the caller,
// and one that nobody knows. Of a token the signature is the secret.
func (w *world) plantAccess(t *testing.T) {
	t.Helper()
	w.serving = newIdentity(t, "serving")
	w.canaries.add("key of the dispatcher's certificate", string(w.serving.seed))
	kubectl(t, "-n", stack.Namespace, "create", "secret", "generic", servingSecret, "--type=kubernetes.io/tls",
		"--from-file=tls.crt="+write(t, w.serving.certificate), "--from-file=tls.key="+write(t, w.serving.key), "--from-file=ca.crt="+write(t, w.serving.certificate))
	kubectl(t, "-n", stack.Namespace, "create", "serviceaccount", stack.Caller)
	kubectl(t, "create", "clusterrolebinding", "canary-metrics", "--clusterrole=webhook-operator-metrics-reader", "--serviceaccount="+stack.Namespace+":"+stack.Caller)
	var err error
	if w.token, err = cluster.Token(t.Context(), stack.Namespace, stack.Caller, stack.Audience); err != nil {
		t.Fatal(err)
	}
	w.canaries.add("token of a caller", w.token[strings.LastIndex(w.token, ".")+1:])
	w.canaries.plant("token that nobody knows", headerName)
	w.canaries.plant("broken key of the dispatcher's certificate", anyText)
}

// breakServing makes the Secret of the dispatcher's certificate unusable for a while,
// which an event and the log tell.
func (w *world) breakServing() {
	w.t.Helper()
	put := func(key string) {
		w.t.Helper()
		kubectl(w.t, "-n", stack.Namespace, "patch", "secret", servingSecret, "--type=merge", "-p", `{"data":{"tls.key":`+jsonOf(base64.StdEncoding.EncodeToString([]byte(key)))+`}}`)
	}
	told := func(text string) {
		w.t.Helper()
		eventually(w.t, func() string {
			if strings.Contains(w.eventsOf(stack.Namespace), text) {
				return ""
			}
			return "an event with " + text
		})
	}
	put("-----BEGIN PRIVATE KEY-----\n" + w.value("broken key of the dispatcher's certificate") + "\n-----END PRIVATE KEY-----\n")
	told("ServingCertificateBroken")
	put(w.serving.key)
	told("ServingCertificateUsable")
}

// callNewRoutes asks the routes that are not used to send calls or read one, each for a
// success and for an error. A call waits, another has ended.
func (w *world) callNewRoutes(waiting, ended *call) {
	w.t.Helper()
	base, secret := w.stack.Client.BaseURL, w.ofCaller()
	calls := client.CallsPath(namespace, ended.webhook)
	webhook := client.WebhookPath(namespace, ended.webhook)
	data := object("way", "plain", "data", secret, "own", "x")
	window := object("since", time.Now().Add(-time.Hour).UTC().Format(time.RFC3339))
	for _, r := range []struct {
		method, path, body string
		good               bool
	}{
		{"DELETE", client.CallsPath(namespace, waiting.webhook) + "/" + waiting.id, "", true},
		{"DELETE", calls + "/" + ended.id, "", false},
		{"POST", calls + "/" + ended.id + "/redeliver", "", true},
		{"POST", calls + "/" + escaped(secret) + "/redeliver", "", false},
		{"POST", calls + "/00000000-0000-7000-8000-000000000000/redeliver", "", false},
		{"POST", webhook + "/redeliver", window, true},
		{"POST", webhook + "/redeliver", object("since", secret, secret, secret), false},
		{"POST", webhook + "/render", data, true},
		{"POST", webhook + "/render", "{" + jsonOf(secret), false},
		{"POST", client.EventsPath(namespace), object("specversion", "1.0", "id", "1", "source", "/x", "type", "t", "subject", "x", "data", secret), true},
		{"POST", client.EventsPath(namespace), object("specversion", secret, "id", secret, "source", "/x", "type", secret), false},
		{"POST", client.EventsPath(namespace), object("specversion", "1.0", "id", "1", "source", "/x", "type", "t", secret, secret, "time", secret), false},
		{"GET", "/openapi.json", "", true},
		{"GET", "/openapi.json?" + escaped(secret), "", false},
	} {
		media := "application/json"
		if strings.HasSuffix(r.path, "/events") {
			media = "application/cloudevents+json"
		}
		status := w.request(r.method, base+r.path, r.body, map[string]string{"Authorization": "Bearer " + w.token, "Content-Type": media})
		if (status < 400) != r.good {
			w.t.Errorf("%s %s is answered %d", r.method, r.path, status)
		}
	}
}

// scrape searches the metrics of both processes, in both of their formats.
func (w *world) scrape() {
	w.t.Helper()
	const protobuf = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	for _, base := range []string{w.stack.Client.BaseURL, "https://" + w.stack.ManagerMetrics} {
		for _, accept := range []string{"", protobuf} {
			eventually(w.t, func() string {
				if status := w.request(http.MethodGet, base+"/metrics", "", map[string]string{"Authorization": "Bearer " + w.token, "Accept": accept}); status != http.StatusOK {
					return fmt.Sprintf("the metrics of %s to be shown; the answer is %d", base, status)
				}
				return ""
			})
		}
		unknown := w.value("token that nobody knows")
		for _, authorization := range []string{"", unknown, "Bearer " + unknown, "Bearer " + w.token + "A"} {
			if status := w.request(http.MethodGet, base+"/metrics", "", map[string]string{"Authorization": authorization}); status != http.StatusUnauthorized {
				w.t.Errorf("a scrape with a wrong token is answered %d", status)
			}
		}
	}
}

// callWithoutRights shows tokens in all the wrong ways.
func (w *world) callWithoutRights(path string) {
	w.t.Helper()
	unknown := w.value("token that nobody knows")
	base := w.stack.Client.BaseURL
	for _, authorization := range []string{
		"Bearer " + unknown, "Bearer " + unknown + " " + unknown, "Basic " + unknown, unknown, "Bearer " + w.token + "A", w.token,
		"Bearer " + w.token + ", Bearer " + w.token, "Bearer " + strings.Repeat(unknown, 500),
	} {
		if status := w.request(http.MethodPost, base+path, "{}", map[string]string{"Authorization": authorization}); status != http.StatusUnauthorized {
			w.t.Errorf("a request with a wrong token is answered %d", status)
		}
	}
	authorized := map[string]string{"Authorization": "Bearer " + w.token}
	for _, path := range []string{
		"/" + w.token, "/v1/namespaces/" + w.token + "/webhooks/x/calls", client.CallsPath(namespace, w.token), client.CallsPath(namespace, "x") + "?access_token=" + w.token,
		client.CallsPath(namespace, "x") + "/" + w.token,
	} {
		w.request(http.MethodGet, base+path, "", authorized)
		w.request(http.MethodPost, base+path, "{}", authorized)
	}
}
