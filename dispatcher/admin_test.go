package dispatcher_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/maestra-io/webhook-operator/dispatcher"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// discard is the log of commands.
var discard = slog.New(slog.DiscardHandler)

// checked checks a store that is to be consistent and returns the summary.
func checked(t *testing.T, dir string) string {
	t.Helper()
	var out bytes.Buffer
	if err := dispatcher.Check(dir, &out, discard); err != nil {
		t.Errorf("check of %s: %v\n%s", dir, err, out.String())
	}
	return out.String()
}

// TestBackupUnderLoad: a backup that is made while calls come and go holds each
// call that was answered 202 before, and a dispatcher goes on from it.
func TestBackupUnderLoad(t *testing.T) {
	h := newHarness(t, func(w http.ResponseWriter, r receiver.Request) {
		if strings.HasSuffix(r.URI, "9") { // some wait for a retry
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	h.configure(func(in *plan.Integration, wh *plan.Webhook) {
		in.MaxWaiting = 1_000_000
		wh.Headers = []plan.HeaderTemplate{{Name: "X-Id", Value: "${WebhookRequest.TransactionalId}"}}
		wh.HasKey = true
	})
	var mu sync.Mutex
	var accepted []string
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for caller := range 4 {
		callers.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				call, err := h.client.Call(t.Context(), "ns", "wh", fmt.Appendf(nil, `{"id": %d%d, "name": "x"}`, caller+1, n))
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				accepted = append(accepted, call.TransactionID)
				mu.Unlock()
			}
		})
	}
	h.received(200)
	mu.Lock()
	before := accepted[:len(accepted):len(accepted)]
	mu.Unlock()
	to := filepath.Join(h.dir, "copy")
	if err := dispatcher.Backup(t.Context(), h.storeDir, to, discard); err != nil {
		t.Fatal(err)
	}
	stop()
	callers.Wait()
	for _, name := range []string{"admin.sock", "ballast"} {
		if _, err := os.Lstat(filepath.Join(to, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is in the backup: %v", name, err)
		}
	}
	t.Logf("the backup: %s", checked(t, to))
	h.stop()
	t.Logf("the store: %s", checked(t, h.storeDir))
	h.start(func(o *dispatcher.Options) { o.StoreDir = to })
	for _, id := range before {
		if _, err := h.client.Get(t.Context(), "ns", "wh", id); err != nil {
			t.Fatalf("call %s was accepted before the backup: %v", id, err)
		}
	}
	if got := h.finished(h.call(`{"id": 1, "name": "x"}`).TransactionID); got.Outcome != "Succeeded" {
		t.Errorf("a call to the restored dispatcher ended as %+v", got)
	}
}

func TestBackupIsRefused(t *testing.T) {
	h := newHarness(t, nil)
	for to, want := range map[string]string{
		h.dir:                             "it exists",
		filepath.Join(h.storeDir, "copy"): "inside the store's own folder",
	} {
		err := dispatcher.Backup(t.Context(), h.storeDir, to, discard)
		if err == nil || !strings.Contains(err.Error(), "the dispatcher refused: back up the store to "+to) || !strings.Contains(err.Error(), want) {
			t.Errorf("backup to %s: %v, want %q", to, err, want)
		}
	}
	var out bytes.Buffer
	if err := dispatcher.Check(h.storeDir, &out, discard); err == nil || errors.Is(err, dispatcher.ErrInconsistent) || !strings.Contains(err.Error(), "dispatcher backup") {
		t.Errorf("check of a store in use: %v", err)
	}
	h.stop()
	to := filepath.Join(h.dir, "offline")
	if err := dispatcher.Backup(t.Context(), h.storeDir, to, discard); err != nil {
		t.Errorf("backup without a dispatcher: %v", err)
	}
	if got, want := checked(t, to), "0 calls (0 waiting), 0 log rows, 0 webhooks: consistent\n"; got != want {
		t.Errorf("summary %q, want %q", got, want)
	}
}

// admin sends a request to the admin socket.
func (h *harness) admin(method, path, body string) (int, string) {
	h.t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(h.storeDir, "admin.sock"))
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequestWithContext(h.t.Context(), method, "http://dispatcher"+path, strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	response, err := transport.RoundTrip(request)
	if err != nil {
		h.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return response.StatusCode, string(answer)
}

func TestAdminSocket(t *testing.T) {
	h := newHarness(t, nil)
	path := filepath.Join(h.storeDir, "admin.sock")
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Fatalf("the socket: %v, %v", info, err)
	}
	for _, test := range []struct {
		method, path, body string
		want               int
	}{
		{"GET", "/backup", "", http.StatusMethodNotAllowed},
		{"POST", "/other", "", http.StatusNotFound},
		{"POST", "/backup", "", http.StatusBadRequest},
		{"POST", "/backup", `{"to": "relative"}`, http.StatusBadRequest},
		{"POST", "/backup", `{"to": "/` + strings.Repeat("x", 20<<10) + `"}`, http.StatusBadRequest},
		{"POST", "/backup", `{"to": "` + h.dir + `"}`, http.StatusUnprocessableEntity},
	} {
		if status, body := h.admin(test.method, test.path, test.body); status != test.want {
			t.Errorf("%s %s %.40s: %d %s, want %d", test.method, test.path, test.body, status, body, test.want)
		}
	}
	h.stop()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after the end the socket is there: %v", err)
	}

	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false) // as a killed process leaves it
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	h.start(nil)
	if err := dispatcher.Backup(t.Context(), h.storeDir, filepath.Join(h.dir, "copy"), discard); err != nil {
		t.Errorf("backup after a stale socket was replaced: %v", err)
	}
}

// TestWithoutAdminSocket: a dispatcher whose socket cannot be goes on without.
func TestWithoutAdminSocket(t *testing.T) {
	h := newHarness(t, nil)
	h.stop()
	long := filepath.Join(h.dir, strings.Repeat("x", 100))
	inTheWay := filepath.Join(h.dir, "other")
	if err := os.MkdirAll(filepath.Join(inTheWay, "admin.sock"), 0o700); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{long: "that of a socket has at most 107", inTheWay: "is in the way and is no socket"} {
		h.log = &buffer{}
		h.start(func(o *dispatcher.Options) { o.StoreDir = dir })
		if status, _ := get(t, h.health+"/healthz"); status != http.StatusOK {
			t.Errorf("/healthz answers %d", status)
		}
		if log := h.log.String(); strings.Count(log, "there is no admin socket") != 1 || !strings.Contains(log, want) {
			t.Errorf("the log has no single warning with %q:\n%s", want, log)
		}
		if err := dispatcher.Backup(t.Context(), dir, filepath.Join(h.dir, "copy"), discard); err == nil {
			t.Error("a backup without the socket = nil, want an error")
		}
		h.stop()
	}
}
