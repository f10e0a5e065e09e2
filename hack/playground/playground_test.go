package main

import (
	"bytes"
	"context"
	"os/exec"
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
		for _, want := range []string{"kubectl get webhooks -o wide", "URL VIEW", "| webhookHeader: test", "Your code is SPRING-7", "checked: 13 requests"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("the output lacks %q:\n%s", want, out.String())
			}
		}
	})
	t.Run("until interrupted", func(t *testing.T) {
		ctx, interrupt := context.WithCancel(t.Context())
		defer interrupt()
		pasted := make(chan string, 1)
		out := &watcher{awaited: "Requests appear here.", found: func(text string) {
			go func() {
				defer interrupt()
				pasted <- paste(t, text)
			}()
		}}
		if err := run(ctx, []string{"-bin", bin}, out); err != nil {
			t.Fatalf("%v\n%s", err, out.text())
		}
		if !strings.Contains(out.text(), "export KUBECONFIG=") {
			t.Errorf("the output does not say how to use it:\n%s", out.text())
		}
		if answer := <-pasted; !strings.Contains(answer, `"transactionId"`) {
			t.Errorf("curl as it is printed: %s\n%s", answer, out.text())
		} else if !strings.Contains(answer, "WebhookLogTransactionId,") || !strings.Contains(answer, `,"success","POST",`) {
			t.Errorf("the export as it is printed: %s", answer)
		}
	})
}

// paste runs the commands with curl that are printed at the end, and returns what they
// say.
func paste(t *testing.T, text string) string {
	_, text, _ = strings.Cut(text, "In another terminal:")
	var command string
	for line := range strings.Lines(text) {
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, "curl ") {
			command += trimmed + "\n"
		}
	}
	answer, err := exec.CommandContext(t.Context(), "sh", "-c", command).CombinedOutput()
	if err != nil {
		return command + ": " + err.Error() + ": " + string(answer)
	}
	return string(answer)
}

// watcher calls found, once, with all text when the awaited has been written.
type watcher struct {
	awaited string
	found   func(text string)

	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends and looks for the text.
func (w *watcher) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.b.Write(p)
	if text := w.b.String(); w.found != nil && strings.Contains(text, w.awaited) {
		w.found(text)
		w.found = nil
	}
	return n, err
}

// text is what was written.
func (w *watcher) text() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}
