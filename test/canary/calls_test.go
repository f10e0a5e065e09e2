//go:build linux

package canary

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"syscall"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// call is a call that was taken in.
type call struct {
	webhook, way, id string
	ended            bool
}

// call hands in a call of an integration's webhook.
func (w *world) call(webhook, way, data string) *call {
	w.t.Helper()
	taken, err := w.tryCall(webhook, object("way", way, "data", data, "own", data))
	if err != nil {
		w.t.Fatalf("call %s/%s: %v", webhook, way, err)
	}
	return &call{webhook: webhook, way: way, id: taken.TransactionID}
}

// callEnded is a call that has ended.
func (w *world) callEnded(webhook, way string) *call {
	w.t.Helper()
	c := w.call(webhook, way, w.ofCaller())
	w.waitEnded([]*call{c})
	return c
}

// tryCall hands in a call that may be refused.
func (w *world) tryCall(webhook, data string) (*client.Call, error) {
	taken, err := w.stack.Client.Call(w.t.Context(), namespace, webhook, []byte(data))
	if err != nil {
		w.searcher.search("errors of package client", []byte(err.Error()))
	}
	return taken, err
}

// ofCaller is the value that callers know.
func (w *world) ofCaller() string {
	for _, c := range w.canaries.all {
		if c.ofCaller {
			return c.value
		}
	}
	w.t.Fatal("callers know nothing")
	return ""
}

// callAll calls every integration in all of its ways, and waits for the ends.
func (w *world) callAll() {
	w.t.Helper()
	var calls []*call
	for integration, ways := range w.objects.calls {
		if len(ways) == 0 {
			if _, err := w.tryCall(integration, "{}"); err == nil {
				w.t.Errorf("a call of %s was taken in", integration)
			}
		}
		for _, way := range ways {
			if integration != "rotating" {
				calls = append(calls, w.call(integration, way, "x"))
			}
		}
	}
	for _, way := range []string{"plain", "json", "error", "silence", "location", "reset"} {
		calls = append(calls, w.call("headers", way, w.ofCaller()))
	}
	w.waitEnded(calls)
}

// waitEnded waits until all calls have ended, or wait for a proxy or a token server.
func (w *world) waitEnded(calls []*call) {
	w.t.Helper()
	eventually(w.t, func() string {
		var left []string
		for _, c := range calls {
			if !c.ended && !w.hasEnded(c) {
				left = append(left, c.webhook+"/"+c.way)
			}
		}
		return strings.Join(left, ", ")
	})
}

// hasEnded asks for a call.
func (w *world) hasEnded(c *call) bool {
	got, err := w.stack.Client.Get(w.t.Context(), namespace, c.webhook, c.id)
	if err != nil {
		w.t.Fatal(err)
	}
	if got.State == client.StateFinished {
		w.outcomes[got.Outcome] = true
		c.ended = true
	}
	away := strings.Contains(got.Message, "proxy") || strings.Contains(got.Message, "token server")
	return c.ended || got.Attempts > 0 && away
}

// callBadly calls with data and requests that cannot be used, and hold a secret.
func (w *world) callBadly() {
	w.t.Helper()
	secret := w.ofCaller()
	var calls []*call
	take := func(webhook, data string) {
		taken, err := w.tryCall(webhook, data)
		if err != nil {
			w.t.Fatal(err)
		}
		calls = append(calls, &call{webhook: webhook, way: "badly", id: taken.TransactionID})
	}
	take("counts", object("data", secret))
	take("headers", object("way", "plain", "data", "x", "own", secret+"\nsecond line"))
	take("headers", object("way", secret, "data", "x"))
	take("headers", object("way", secret))
	for _, suffix := range []string{"../../../" + secret, "%zz" + secret, "#" + secret, secret + " " + secret, "\x00" + secret} {
		take("unescaped", object("data", suffix))
	}
	w.waitEnded(calls)

	path := client.CallsPath(namespace, "headers")
	quoted := jsonOf(secret)
	for _, request := range []struct{ method, path, contentType, key, body string }{
		{"POST", path, "application/json", "", "{" + quoted},
		{"POST", path, "application/json", "", quoted},
		{"POST", path, "application/json", "", "[" + quoted + "]"},
		{"POST", path, "application/json", "", "{" + quoted + ":1," + quoted + ":2}"},
		{"POST", path, "application/json", "", secret},
		{"POST", path, "application/json", "", strings.Repeat(`{"a":`, 2000) + quoted},
		{"POST", path, "application/json", "", `{"a": 1e999` + secret + "}"},
		{"POST", path, "text/" + secret, "", "{}"},
		{"POST", path, "application/json", secret, object("way", "plain", "data", secret, "own", "x")},
		{"POST", path, "application/json", secret, object("way", "plain", "data", "y", "own", "x")},
		{"POST", path, "application/json", strings.Repeat(secret, 20), "{}"},
		{"POST", path, "application/json", "", `{"a":"` + strings.Repeat(secret, 40_000) + `"}`},
		{"POST", path, "application/x-ndjson", "", `{"data":` + quoted + "}\n{" + quoted + "\n" + quoted + "\n" + `{"data":{},"idempotencyKey":` + quoted + "}\n" + `{"data":{}, ` + quoted + ":1}\n"},
		{"GET", path + "/" + escaped(secret), "", "", ""},
		{"GET", path + "/00000000-0000-7000-8000-000000000000", "", "", ""},
		{"PUT", path + "?" + escaped(secret), "", "", ""},
		{"DELETE", path + "/" + escaped(secret), "", "", ""},
		{"GET", "/" + escaped(secret), "", "", ""},
	} {
		w.request(request.method, w.stack.Client.BaseURL+request.path, request.body, map[string]string{
			"Authorization": "Bearer " + w.token, "Content-Type": request.contentType, "Idempotency-Key": request.key,
		})
	}
	w.callWithoutRights(path)
	w.sayToServer("GET / HTTP/1.1\r\n" + secret + "\r\n\r\n")
	w.sayToServer(secret + "\r\n\r\n")
	w.sayToServer("GET / HTTP/" + secret + "\r\n\r\n")
	w.sayToServer("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + secret + "\r\n\r\n")
	w.sayToServer("POST " + path + " HTTP/1.1\r\nConnection: close\r\nHost: " + secret + "\r\n\r\n")
	w.sayToServer("GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Long: "+secret+"\r\n", 1000) + "\r\n")
}

// callLate takes calls in before a Secret changes, and performs them after it. Others
// are performed before, and one of them is repeated after it.
func (w *world) callLate() {
	w.t.Helper()
	suspend := func(yes bool) {
		w.t.Helper()
		kubectl(w.t, "-n", namespace, "patch", "webhookintegration", "rotating", "--type=merge", "-p", fmt.Sprintf(`{"spec":{"suspend":%t}}`, yes))
	}
	ways := func() []*call {
		w.t.Helper()
		return []*call{
			w.call("rotating", "plain", "x"), w.call("rotating", "error", "x"),
			w.call("rotating-again", "again", "x"), w.call("rotating-again", "busy", "x"),
		}
	}
	calls := ways()
	suspend(false)
	w.waitEnded(calls[:2])
	suspend(true)
	w.waitFor(`.status.conditions[?(@.type=="Ready")].message`, "rotating", "suspend")
	calls = append(calls, ways()...)
	kubectl(w.t, "-n", namespace, "patch", "secret", "rotating", "--type=merge", "-p",
		fmt.Sprintf(`{"data":{"value":%q}}`, base64.StdEncoding.EncodeToString([]byte(w.value("header after its rotation")))))
	suspend(false)
	w.waitEnded(calls)
	eventually(w.t, func() string {
		if w.receivers["headers"].received(w.value("header after its rotation")) {
			return ""
		}
		w.waitEnded([]*call{w.call("rotating", "plain", "x")})
		return "a request with the header after its rotation"
	})
}

// address is where the dispatcher takes calls.
func (w *world) address() string { return strings.TrimPrefix(w.stack.Client.BaseURL, "https://") }

// request asks for anything, by HTTP.
func (w *world) request(method, url, body string, header map[string]string) (status int) {
	w.t.Helper()
	request, err := http.NewRequestWithContext(w.t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for name, value := range header {
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	response, err := w.requests.RoundTrip(request)
	if err != nil {
		w.t.Fatalf("%s: %v", method, err)
	}
	_ = response.Body.Close() // it was read
	return response.StatusCode
}

// sayToServer sends bytes that are no request.
func (w *world) sayToServer(text string) {
	w.t.Helper()
	plain, err := net.Dial("tcp", w.address())
	if err != nil {
		w.t.Fatal(err)
	}
	secured, err := tls.Dial("tcp", w.address(), w.requests.trust())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, conn := range []net.Conn{plain, secured} {
		if _, err := io.WriteString(conn, text); err != nil {
			w.t.Fatal(err)
		}
		answer, err := io.ReadAll(conn)
		if err != nil && !errors.Is(err, syscall.ECONNRESET) { // it has closed before it had read all
			w.t.Fatal(err)
		}
		_ = conn.Close()
		w.searcher.search("HTTP answers", answer)
	}
}

// recorder is a transport that searches answers and remembers what was asked for.
type recorder struct {
	searcher *searcher
	unix     string // the path of a socket in place of addresses
	serving  string // the certificate of https addresses, in PEM

	mu    sync.Mutex
	https *http.Transport
	asked []asked
}

// trust is how the dispatcher is verified.
func (r *recorder) trust() *tls.Config {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(r.serving))
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}
}

// secured is the transport to the dispatcher.
func (r *recorder) secured() *http.Transport {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.https == nil {
		r.https = &http.Transport{TLSClientConfig: r.trust(), ForceAttemptHTTP2: true}
	}
	return r.https
}

// asked is a request and its answer's status.
type asked struct {
	method, path string
	status       int
}

// RoundTrip implements [http.RoundTripper].
func (r *recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	transport := http.DefaultTransport
	if request.URL.Scheme == "https" {
		transport = r.secured()
	}
	if r.unix != "" {
		transport = &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", r.unix)
		}}
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	dump, err := httputil.DumpResponse(response, true)
	if err != nil {
		return nil, err
	}
	r.searcher.search("HTTP answers", dump)
	r.note(request, response)
	return response, nil
}

// note remembers a request and its answer.
func (r *recorder) note(request *http.Request, response *http.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked = append(r.asked, asked{request.Method, request.URL.Path, response.StatusCode})
}

// jsonList reads the items of a list of objects.
func jsonList(text string) (items []json.RawMessage, err error) {
	var l struct{ Items []json.RawMessage }
	err = json.Unmarshal([]byte(text), &l)
	return l.Items, err
}
