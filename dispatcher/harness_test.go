package dispatcher_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// timeout is what a test waits for something that should come at once.
const timeout = 20 * time.Second

// harness is a dispatcher over a store on disk, configured over a real control
// session, and a receiver.
type harness struct {
	t        *testing.T
	dir      string // short: a socket's path has at most 107 bytes
	storeDir string
	socket   string
	log      *buffer
	receiver *receiver.Receiver
	reports  chan plan.Report
	review   func(context.Context, control.Review) (control.Verdict, error) // of the manager; nil for none

	server     *control.Server
	stopServer func()
	client     *client.Client
	health     string
	stop       func()
}

// buffer is a bytes.Buffer for many writers.
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

// String returns what was written.
func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newHarness starts a receiver, a manager's control server and a dispatcher.
func newHarness(t *testing.T, answer func(http.ResponseWriter, receiver.Request)) *harness {
	dir, err := os.MkdirTemp("", "dispatcher-")
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{
		t: t, dir: dir, storeDir: filepath.Join(dir, "store"), socket: filepath.Join(dir, "control.sock"),
		log: &buffer{}, reports: make(chan plan.Report, 1000),
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if h.receiver, err = receiver.Start(receiver.Options{Answer: answer}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.receiver.Close() })
	h.startServer()
	h.start(nil)
	t.Cleanup(func() { h.stop() })
	return h
}

// startServer starts a manager's half without configuration.
func (h *harness) startServer() {
	ctx, cancel := context.WithCancel(context.Background())
	h.server = control.NewServer(control.ServerOptions{
		Logger:  slog.New(slog.DiscardHandler),
		Changed: func(plan.Ref) {},
		Review:  h.review,
		Outcomes: func(reports []plan.Report) {
			for _, r := range reports {
				h.reports <- r
			}
			h.server.Done(reports)
		},
	})
	done := make(chan error, 1)
	server := h.server
	go func() { done <- server.Serve(ctx, h.socket) }()
	h.stopServer = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
	h.t.Cleanup(h.stopServer)
}

// start starts a dispatcher over the store; change adjusts its options.
func (h *harness) start(change func(*dispatcher.Options)) {
	h.t.Helper()
	o := dispatcher.Options{
		StoreDir: h.storeDir, ControlSocket: h.socket, Listen: "127.0.0.1:0", HealthAddress: "127.0.0.1:0",
		InsecureHTTP: true, InsecureNoAuth: true, AllowLoopback: true, DrainTimeout: time.Second, Version: "test", Logger: slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&o)
	}
	d, err := dispatcher.Open(o)
	if err != nil {
		h.t.Fatal(err)
	}
	h.client = &client.Client{BaseURL: "http://" + d.Address()}
	h.health = "http://" + d.HealthAddress()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	h.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			h.t.Error(err)
		}
	})
}

// configure sends an integration named "in" whose root is the receiver and a
// webhook named "wh"; change adjusts them.
func (h *harness) configure(change func(*plan.Integration, *plan.Webhook)) {
	in := plan.Integration{
		Key: plan.Key{Namespace: "ns", Name: "in"}, URL: h.receiver.URL() + "/root", MaxConcurrency: 8, MaxWaiting: 1000,
		Timeout: 5 * time.Second, Retry: plan.DefaultRetry(),
	}
	wh := plan.Webhook{
		Key: plan.Key{Namespace: "ns", Name: "wh"}, UID: "uid", Integration: in.Key, SystemName: "wh", Method: "POST",
		Suffix: "/${id}", HasBody: true, Body: `{"name": "${name}"}`,
	}
	if change != nil {
		change(&in, &wh)
	}
	h.server.SetIntegration(in)
	h.server.SetWebhook(wh)
	h.server.Open()
	h.await("the configuration to be acknowledged", func() bool {
		return h.server.State(in.Ref()).Answered && h.server.State(wh.Ref()).Answered
	})
}

// await waits until the condition holds.
func (h *harness) await(what string, condition func() bool) {
	h.t.Helper()
	deadline := time.After(timeout)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			h.t.Fatalf("waited %s in vain for %s", timeout, what)
		}
	}
}

// call hands in a call that must be accepted.
func (h *harness) call(data string) *client.Call {
	h.t.Helper()
	call, err := h.client.Call(h.t.Context(), "ns", "wh", []byte(data))
	if err != nil {
		h.t.Fatal(err)
	}
	return call
}

// received waits for n requests.
func (h *harness) received(n int) []receiver.Request {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), timeout)
	defer cancel()
	requests, err := h.receiver.Wait(ctx, n)
	if err != nil {
		h.t.Fatal(err)
	}
	return requests
}

// finished waits for a call's outcome.
func (h *harness) finished(id string) *client.Call {
	h.t.Helper()
	var call *client.Call
	h.await("the outcome of call "+id, func() bool {
		var err error
		if call, err = h.client.Get(h.t.Context(), "ns", "wh", id); err != nil {
			h.t.Fatal(err)
		}
		return call.State == client.StateFinished
	})
	return call
}

// get returns the status and body of a GET.
func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// problem performs a request that is answered with a problem document.
func (h *harness) problem(method, path, contentType, body string) (int, http.Header, client.Problem) {
	h.t.Helper()
	request, err := http.NewRequestWithContext(h.t.Context(), method, h.client.BaseURL+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if got := response.Header.Get("Content-Type"); got != "application/problem+json" {
		h.t.Errorf("Content-Type is %q", got)
	}
	var problem client.Problem
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, response.Header, problem
}
