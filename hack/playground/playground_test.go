package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/maestra-io/webhook-operator/test/stack"
)

// TestPlayground runs the playground as make does: once with the check, and once
// until it is interrupted.
func TestPlayground(t *testing.T) {
	bin := t.TempDir()
	t.Chdir("../..")
	if err := stack.Build(t.Context(), ".", bin); err != nil {
		t.Fatal(err)
	}
	t.Run("once", func(t *testing.T) {
		var out bytes.Buffer
		if err := run(t.Context(), []string{"-once", "-bin", bin}, &out); err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		for _, want := range []string{"kubectl get webhooks -o wide", "URL VIEW", "| webhookHeader: test", "checked: 10 requests"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the output lacks %q:\n%s", want, out.String())
			}
		}
	})
	t.Run("until interrupted", func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		out := &watcher{awaited: "Requests appear here.", found: interrupt}
		if err := run(ctx, []string{"-bin", bin}, out); err != nil {
			t.Fatalf("%v\n%s", err, out.text())
		}
		if !strings.Contains(out.text(), "export KUBECONFIG=") {
			t.Errorf("the output does not say how to use it:\n%s", out.text())
		}
	})
}

// watcher calls found once the text has been written.
type watcher struct {
	awaited string
	found   func()

	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends and looks for the text.
func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.b.Write(p)
	if strings.Contains(w.b.String(), w.awaited) {
		w.found()
	}
	return n, err
}

// text is what was written.
func (w *watcher) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}
