package e2e

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/dynamic"

	"github.com/maestra-io/webhook-operator/test/kube"
	"github.com/maestra-io/webhook-operator/test/receiver"
	"github.com/maestra-io/webhook-operator/test/stack"
)

// timeout is what a test waits for something that should come within seconds.
const timeout = time.Minute

// cluster and bin are shared by all tests of this package.
var (
	cluster *kube.Cluster
	bin     string
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run runs the tests with a cluster.
func run(m *testing.M) (code int, err error) {
	ctx := context.Background()
	if bin, err = os.MkdirTemp("", "webhook-operator-bin-"); err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(bin) }()
	root := filepath.Join("..", "..")
	if err := stack.Build(ctx, root, bin); err != nil {
		return 1, err
	}
	if cluster, err = kube.Start(ctx, kube.Options{}); err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := cluster.Stop(); err == nil {
			err = stopErr
		}
	}()
	if _, _, err := cluster.Kubectl(ctx, "apply", "-k", filepath.Join(root, "config", "default")); err != nil {
		return 1, err
	}
	if _, _, err := cluster.Kubectl(ctx, "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"); err != nil {
		return 1, err
	}
	return m.Run(), nil
}

// world is both processes, a receiver, and a namespace.
type world struct {
	*stack.Stack
	t         testing.TB
	receiver  *receiver.Receiver
	namespace string
	reads     dynamic.Interface // with all rights
	log       *syncBuffer
}

// newWorld starts both processes and makes a namespace.
func newWorld(t testing.TB, o receiver.Options) *world {
	t.Helper()
	// Random, since nothing here ever finishes deleting a namespace (see test/kube).
	w := &world{t: t, log: &syncBuffer{}, namespace: fmt.Sprintf("%s-%08x", strings.ToLower(t.Name()), rand.Uint32())}
	var err error
	if w.reads, err = dynamic.NewForConfig(cluster.Config); err != nil {
		t.Fatal(err)
	}
	if w.receiver, err = receiver.Start(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.receiver.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), timeout)
	defer cancel()
	if w.Stack, err = stack.Start(ctx, stack.Options{Cluster: cluster, Bin: bin, ManagerLog: w.log, DispatcherLog: w.log}); err != nil {
		t.Fatalf("%v\n%s", err, w.log.String())
	}
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("the log of the processes:\n%s", w.log.String())
		}
	})
	w.kubectl("create", "namespace", w.namespace)
	return w
}

// kubectl runs kubectl in the namespace; it must succeed.
func (w *world) kubectl(args ...string) string {
	w.t.Helper()
	out, _, err := cluster.Kubectl(w.t.Context(), append([]string{"-n", w.namespace}, args...)...)
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

// apply applies manifests in which RECEIVER stands for the receiver's URL.
func (w *world) apply(manifests string) {
	w.t.Helper()
	w.applyWith(manifests)
}

// applyWith is apply with more words, each followed by what it stands for.
func (w *world) applyWith(manifests string, words ...string) {
	w.t.Helper()
	cmd := cluster.KubectlCommand(w.t.Context(), "-n", w.namespace, "apply", "-f", "-")
	words = append(words, "RECEIVER", w.receiver.URL())
	cmd.Stdin = strings.NewReader(strings.NewReplacer(words...).Replace(manifests))
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("kubectl apply: %v: %s", err, out)
	}
}

// status reads a JSONPath of a Webhook's status.
func (w *world) status(webhook, path string) string {
	w.t.Helper()
	return w.kubectl("get", "webhook", webhook, "-o", "jsonpath={.status"+path+"}")
}

// received waits for n requests.
func (w *world) received(n int) []receiver.Request {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), timeout)
	defer cancel()
	requests, err := w.receiver.Wait(ctx, n)
	if err != nil {
		w.t.Fatal(err)
	}
	return requests
}

// syncBuffer is a bytes.Buffer for two processes.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends to the buffer.
func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// String returns what was written.
func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
