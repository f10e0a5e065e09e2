package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// timeout is what a test waits for something that should come at once.
const timeout = 20 * time.Second

// mainEnv makes the test's program the dispatcher.
const mainEnv = "DISPATCHER_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program is the dispatcher as a process of its own.
func program(t *testing.T, args ...string) (*exec.Cmd, *bytes.Buffer) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*timeout)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Env = append(os.Environ(), mainEnv+"=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	return cmd, &stderr
}

// folder is a short one: a socket's path has at most 107 bytes.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dispatcher-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// await waits until the condition holds.
func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(timeout)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited %s in vain for %s", timeout, what)
		}
	}
}

// manage starts a manager's half with one webhook without the key.
func manage(t *testing.T, socket, url string) {
	t.Helper()
	server := control.NewServer(control.ServerOptions{
		Logger: slog.New(slog.DiscardHandler), Changed: func(plan.Ref) {}, Outcomes: func([]plan.Report) {},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, socket) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	in := plan.Integration{
		Key: plan.Key{Namespace: "ns", Name: "in"}, URL: url, MaxConcurrency: 8, MaxWaiting: 1000, Timeout: time.Minute, Retry: plan.DefaultRetry(),
	}
	server.SetIntegration(in)
	server.SetWebhook(plan.Webhook{Key: plan.Key{Namespace: "ns", Name: "wh"}, UID: "uid", Integration: in.Key, SystemName: "wh", Method: "GET"})
	server.Open()
}

// TestSignals: the first SIGTERM lets the attempt under way go on, the second ends
// the process at once. The next start does not repeat the attempt.
func TestSignals(t *testing.T) {
	dir := folder(t)
	release := make(chan struct{})
	r, err := receiver.Start(receiver.Options{Answer: func(http.ResponseWriter, receiver.Request) { <-release }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	manage(t, dir+"/control.sock", r.URL())
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := free.Addr().String()
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	args := []string{"--store-dir=" + dir + "/store", "--control-socket=" + dir + "/control.sock", "--listen=" + address, "--insecure-http", "--insecure-no-auth", "--allow-loopback"}
	first, stderr := program(t, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	c := &client.Client{BaseURL: "http://" + address}
	var call *client.Call
	await(t, "a call to be accepted", func() bool { call, err = c.Call(t.Context(), "ns", "wh", []byte("{}")); return err == nil })
	await(t, "the request", func() bool { return len(r.Requests()) == 1 })

	second, complaint := program(t, append(args, "--listen=127.0.0.1:0")...)
	if err := second.Run(); second.ProcessState.ExitCode() != 1 || !strings.Contains(complaint.String(), "in use by another process") {
		t.Errorf("a second dispatcher over the store: %v: %s", err, complaint)
	}

	if err := first.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	await(t, "the API to be gone", func() bool { _, err := c.Get(t.Context(), "ns", "wh", call.TransactionID); return err != nil })
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	await(t, "the end", func() bool { // the first may be caught still
		_ = first.Process.Signal(syscall.SIGTERM)
		select {
		case err = <-ended:
			return true
		default:
			return false
		}
	})
	if status, ok := first.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() {
		t.Errorf("after the second SIGTERM: %v: %s", err, stderr)
	}
	close(release)

	third, stderr := program(t, args...)
	if err := third.Start(); err != nil {
		t.Fatal(err)
	}
	var got *client.Call
	await(t, "the call's end after the next start", func() bool {
		got, err = c.Get(t.Context(), "ns", "wh", call.TransactionID)
		return err == nil && got.State == client.StateFinished
	})
	if got.Outcome != "Lost" || len(r.Requests()) != 1 {
		t.Errorf("the call is %+v after %d requests", got, len(r.Requests()))
	}
	if err := third.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := third.Wait(); err != nil {
		t.Errorf("after one SIGTERM with nothing under way: %v: %s", err, stderr)
	}

	checked, stderr := program(t, "check", "--store-dir", dir+"/store")
	if out, err := checked.Output(); err != nil || string(out) != "1 call (0 waiting), 1 log row, 1 webhook: consistent\n" {
		t.Errorf("check: %v: %s%s", err, out, stderr)
	}
}

// TestNewerStore: every command refuses it in one sentence.
func TestNewerStore(t *testing.T) {
	dir := folder(t)
	db, err := pebble.Open(dir+"/store", &pebble.Options{FormatMajorVersion: pebble.FormatNewest})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte("v"), []byte{0, 0, 0, 99}, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		args []string
		code int
	}{
		{[]string{"--control-socket=" + dir + "/control.sock", "--listen=127.0.0.1:0"}, 1},
		{[]string{"check"}, 2},
		{[]string{"backup", "--to=" + filepath.Join(dir, "copy")}, 1},
	} {
		cmd, stderr := program(t, append(test.args, "--store-dir="+dir+"/store")...)
		_ = cmd.Run() // the code says it
		if code := cmd.ProcessState.ExitCode(); code != test.code || !strings.Contains(stderr.String(), "written by a newer version of the dispatcher") {
			t.Errorf("%q: exit code %d: %s", test.args, code, stderr)
		}
	}
}
