//go:build linux

package canary

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/test/kube"
	"github.com/maestra-io/webhook-operator/test/stack"
)

const (
	// namespace is that of all objects.
	namespace = "canary"
	// timeout is what anything may take that should come within seconds.
	timeout = time.Minute
)

// root is the module's folder.
var root = filepath.Join("..", "..")

// cluster and bin are started and built for the one test that needs them.
var (
	cluster *kube.Cluster
	bin     string
)

// start builds the programs and starts a cluster with the operator's manifests.
func start(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*timeout)
	defer cancel()
	bin = t.TempDir()
	if err := stack.Build(ctx, root, bin); err != nil {
		t.Fatal(err)
	}
	var err error
	if cluster, err = kube.Start(ctx, kube.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	kubectl(t, "apply", "-k", filepath.Join(root, "config", "default"))
	kubectl(t, "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
	kubectl(t, "create", "namespace", namespace)
}

// kubectl runs kubectl; it must succeed.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	out, _, err := cluster.Kubectl(t.Context(), args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits until there is nothing left to wait for; what says what there is.
func eventually(t *testing.T, what func() string) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(timeout)
	for left := what(); left != ""; left = what() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s the test still waits for %s", timeout, left)
		case <-t.Context().Done():
			t.Fatal(t.Context().Err())
		}
	}
}

// write writes a file for one of the programs.
func write(t *testing.T, text string) (path string) {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err == nil {
		_, err = file.WriteString(text)
	}
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		t.Fatal(fmt.Errorf("write a file: %w", err))
	}
	return file.Name()
}
