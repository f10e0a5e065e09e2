//go:build linux

package canary

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/stack"
)

// world is what is planted, those who tell it, and the processes that must not.
type world struct {
	t        *testing.T
	canaries canaries
	searcher *searcher
	objects  *objects
	known    map[string][]string // what receivers and others tell, by integration

	client, server identity
	plain, secure  string // URLs of the receivers
	receivers      map[string]*receiver
	proxied        map[string]*proxy
	servers        map[string]*tokenServer

	operator    operatorProxy
	serving     identity // of the dispatcher
	token       string   // of the caller
	name        string   // of the run
	stack       *stack.Stack
	logs        map[string]*buffer
	requests    *recorder
	collector   *peer.Collector // of traces
	outcomes    map[string]bool
	statusPaths map[string]bool // fields that were there
}

// operatorProxy is what the flags of the second run name.
type operatorProxy struct {
	password string
	proxy    *proxy
}

// newWorld plants everything.
func newWorld(t *testing.T) *world {
	w := &world{
		t: t, known: map[string][]string{}, receivers: map[string]*receiver{}, proxied: map[string]*proxy{}, servers: map[string]*tokenServer{},
		objects: &objects{calls: map[string][]string{}}, outcomes: map[string]bool{}, statusPaths: map[string]bool{},
	}
	w.client, w.server = newIdentity(t, "client"), newIdentity(t, "server")
	plain, secure := newReceiver(t, w.known, nil), newReceiver(t, w.known, w.server.secured())
	w.plain, w.secure = "http://"+plain.address, "https://"+secure.address
	w.good(t, w.objects)
	w.broken(w.objects)
	for _, name := range []string{"headers", "basic", "proxy-connects", "token-good"} {
		w.receivers[name] = plain
	}
	w.receivers["bearer"] = secure
	w.plantOperator(t)
	w.canaries.plant("header after its rotation", anyText)
	w.plantAccess(t)
	w.searcher = newSearcher(w.canaries.all)
	w.collector = peer.StartCollector()
	t.Cleanup(w.collector.Close)
	w.requests = &recorder{searcher: w.searcher, serving: w.serving.certificate}
	return w
}

// knows adds to what the receiver of an integration tells.
func (w *world) knows(integration, value string) string {
	w.known[integration] = append(w.known[integration], value)
	return value
}

// value is the canary of a name.
func (w *world) value(name string) string {
	w.t.Helper()
	for _, c := range w.canaries.all {
		if c.name == name {
			return c.value
		}
	}
	w.t.Fatalf("no canary is called %q", name)
	return ""
}

// plantOperator plants the credentials of the operator's proxy, which answers in all
// ways in turn.
func (w *world) plantOperator(t *testing.T) {
	w.operator.password = w.canaries.plant("password of the operator's proxy", visible)
	names := []string{"answers", "connects", "wants", "refuses", "fails", "malformed"}
	var mu sync.Mutex
	next := 0
	w.operator.proxy = newProxy(t, func(told string) (string, string) {
		mu.Lock()
		defer mu.Unlock()
		next++
		return proxyAnswers[names[(next-1)%len(names)]](told)
	}, w.operator.password)
}

// run starts both processes with logs of all levels.
func (w *world) run(name string, flags ...string) {
	w.t.Helper()
	w.name = name
	w.logs = map[string]*buffer{"manager": {}, "dispatcher": {}}
	ctx, cancel := context.WithTimeout(w.t.Context(), timeout)
	defer cancel()
	s, err := stack.Start(ctx, stack.Options{
		Cluster: cluster, Bin: bin, ManagerLog: w.logs["manager"], DispatcherLog: w.logs["dispatcher"],
		ManagerFlags: []string{"--log-level=DEBUG", "--serving-secret=" + servingSecret}, DispatcherFlags: append([]string{"--log-level=DEBUG", "--otlp-endpoint=" + w.collector.URL()}, flags...),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.stack = s
	w.t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			w.t.Error(err)
		}
	})
	s.Client.HTTP = &http.Client{Transport: w.requests}
	s.Client.Token = func(context.Context) (string, error) { return w.token, nil }
}

// runBehindProxy starts anew with an egress proxy of the operator's, which not all
// integrations can be used with.
func (w *world) runBehindProxy() {
	w.t.Helper()
	credentials := write(w.t, "operator:"+w.operator.password+"\n")
	w.run("run behind a proxy", "--egress-proxy=http://"+w.operator.proxy.address, "--egress-proxy-credentials="+credentials)
	w.waitFor(`.status.conditions[?(@.type=="Programmed")].message`, "proxy-connects", "operator prescribes")
	var calls []*call
	for range 12 { // two rounds of its answers
		for _, integration := range []string{"headers", "bearer", "token-good"} {
			calls = append(calls, w.call(integration, "plain", "x"))
		}
	}
	w.waitEnded(calls)
	if !w.operator.proxy.received(basicOf("operator", w.operator.password)) {
		w.t.Error("the password of the operator's proxy was not sent")
	}
}

// waitFor waits until a JSONPath of an integration holds a text.
func (w *world) waitFor(path, integration, text string) {
	w.t.Helper()
	eventually(w.t, func() string {
		if got := kubectl(w.t, "-n", namespace, "get", "webhookintegration", integration, "-o", "jsonpath={"+path+"}"); !strings.Contains(got, text) {
			return fmt.Sprintf("%s of %s to say %q; it says %q", path, integration, text, got)
		}
		return ""
	})
}

// waitSettled waits until all integrations that work are ready, and the others say
// why they are not.
func (w *world) waitSettled() {
	w.t.Helper()
	eventually(w.t, func() string {
		for _, o := range w.list("webhookintegrations", "webhooks") {
			ready := o.condition("Ready")
			want := "True"
			if len(w.objects.calls[o.Metadata.Name]) == 0 && strings.HasPrefix(o.Metadata.Name, "broken-") {
				want = "False"
			}
			if ready.Status != want {
				return fmt.Sprintf("%s %s to be Ready=%s; it is %q: %s", o.Kind, o.Metadata.Name, want, ready.Status, ready.Message)
			}
		}
		return ""
	})
}

// waitReported waits until the outcome of a call is in the status of every Webhook
// that was called.
func (w *world) waitReported() {
	w.t.Helper()
	eventually(w.t, func() string {
		var left []string
		for _, o := range w.list("webhooks") {
			if len(w.objects.calls[o.Metadata.Name]) > 0 && o.Status["lastCall"] == nil && !strings.Contains(o.Metadata.Name, "proxy-") && o.Metadata.Name != "token-failed" {
				left = append(left, o.Metadata.Name)
			}
		}
		slices.Sort(left)
		return strings.Join(left, ", ")
	})
}

// buffer is a bytes.Buffer that is written by a process.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends to the buffer.
func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// bytes returns what was written.
func (b *buffer) bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.b.Bytes())
}

// basicOf is what is sent of a user name and a password (RFC 7617).
func basicOf(username, password string) string {
	return base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
}

// escaped is a text as a client secret is sent (RFC 6749, 2.3.1).
func escaped(text string) string { return url.QueryEscape(text) }
