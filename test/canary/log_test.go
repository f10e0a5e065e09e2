//go:build linux

package canary

import (
	"bufio"
	"bytes"
	"context"
	"net/http"
	"net/http/httputil"
	"strings"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// readLog asks everything that shows the log and the webhooks, in each format, for a
// success and for an error. All calls that were made before are in it.
func (w *world) readLog(t *testing.T) {
	t.Helper()
	base, secret := w.stack.Client.BaseURL, w.ofCaller()
	ns, webhook := "/v1/namespaces/"+namespace+"/", client.WebhookPath(namespace, "headers")
	page, err := w.stack.Client.Deliveries(t.Context(), namespace, client.DeliveryFilter{Webhook: "headers"}, 1, "")
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("the log has %+v (%v)", page, err)
	}
	call := webhook + "/calls/" + page.Items[0].TransactionID
	odd := "?" + escaped(secret) + "=" + escaped(secret)
	for path, good := range map[string]bool{
		"/v1/namespaces": true, "/v1/namespaces" + odd: false,
		ns + "webhooks?limit=1000": true, ns + "webhooks?cursor=" + escaped(secret): false,
		webhook: true, webhook + odd: false,
		webhook + "/manifest": true, webhook + "/manifest?name=" + escaped(secret): false,
		ns + "integrations": true, ns + "integrations" + odd: false,
		ns + "deliveries?limit=500": true, ns + "deliveries?limit=" + escaped(secret): false, ns + "deliveries" + odd: false,
		ns + "deliveries/export?details=true&format=ndjson": true, ns + "deliveries/export?details=true&format=csv": true,
		ns + "deliveries/export?details=true&format=json": true, ns + "deliveries/export?details=true&format=xml": true,
		ns + "deliveries/export?format=" + escaped(secret): false, ns + "deliveries/export?after=" + escaped(secret): false,
		ns + "deliveries/tail?statusCode=" + escaped(secret): false,
		ns + "statistics": true, ns + "statistics?since=" + escaped(secret): false,
		call + "/attempts": true, call + "/attempts" + odd: false,
	} {
		status := w.request(http.MethodGet, base+path, "", map[string]string{"Authorization": "Bearer " + w.token})
		if (status < 400) != good {
			t.Errorf("GET %s is answered %d", path, status)
		}
	}
	w.watchLog(t, ns+"deliveries/tail?last=500")
	w.logIn(t)
}

// watchLog reads a live tail until the newest rows are there.
func (w *world) watchLog(t *testing.T, path string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.stack.Client.BaseURL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+w.token)
	answer, err := w.requests.secured().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	in := bufio.NewReader(answer.Body)
	var text bytes.Buffer
	for rows := 0; rows < 10; {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatalf("the live tail ends: %v", err)
		}
		text.WriteString(line)
		if strings.HasPrefix(line, "data: ") {
			rows++
		}
	}
	w.searcher.search("HTTP answers", text.Bytes())
	w.requests.note(request, answer)
}

// logIn begins and ends a session. The one answer that has a token is that which gives it
// back to its holder as a cookie.
func (w *world) logIn(t *testing.T) {
	t.Helper()
	base := w.stack.Client.BaseURL + "/ui/session"
	json := map[string]string{"Content-Type": "application/json"}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base, strings.NewReader(object("token", w.token)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := w.requests.secured().RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	cookies := answer.Cookies()
	if answer.StatusCode != http.StatusNoContent || len(cookies) != 1 || !cookies[0].HttpOnly || !cookies[0].Secure {
		t.Fatalf("logging in is answered %s with the cookies %d", answer.Status, len(cookies))
	}
	answer.Header.Del("Set-Cookie")
	dump, err := httputil.DumpResponse(answer, true)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	w.searcher.search("HTTP answers", dump)
	w.requests.note(request, answer)

	session := map[string]string{"Cookie": cookies[0].Name + "=" + cookies[0].Value}
	for _, r := range []struct {
		method, query, body string
		header              map[string]string
		good                bool
	}{
		{http.MethodPost, "", object("token", w.value("token that nobody knows")), json, false},
		{http.MethodPost, "", object("token", w.token+" "), json, false},
		{http.MethodPost, "", object(w.token, w.token), json, false},
		{http.MethodGet, "", "", session, true},
		{http.MethodGet, "?" + escaped(w.token), "", session, false},
		{http.MethodDelete, "", "", map[string]string{"Cookie": session["Cookie"], "Sec-Fetch-Site": "cross-site"}, false},
		{http.MethodDelete, "", "", session, true},
	} {
		if status := w.request(r.method, base+r.query, r.body, r.header); (status < 400) != r.good {
			t.Errorf("%s of the session is answered %d", r.method, status)
		}
	}
}
