package monitoring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/test/kube"
	"github.com/maestra-io/webhook-operator/test/receiver"
	"github.com/maestra-io/webhook-operator/test/stack"
)

// timeout is what a test waits for something that should come within seconds.
const timeout = time.Minute

// root is the folder of the module.
var root = filepath.Join("..", "..")

// The world that all tests share: both processes, which have done a little of everything.
var (
	cluster *kube.Cluster
	running *stack.Stack
)

func TestMain(m *testing.M) {
	code, err := run(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// run runs the tests with both processes.
func run(m *testing.M) (code int, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	bin, err := os.MkdirTemp("", "webhook-operator-bin-")
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(bin)) }()
	if err := stack.Build(ctx, root, bin); err != nil {
		return 1, err
	}
	if cluster, err = kube.Start(ctx, kube.Options{}); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	for _, args := range [][]string{{"apply", "-k", filepath.Join(root, "config", "default")}, {"wait", "--for=condition=Established", "--timeout=30s", "crd", "--all"}} {
		if _, _, err := cluster.Kubectl(ctx, args...); err != nil {
			return 1, err
		}
	}
	log := &syncBuffer{}
	running, err = stack.Start(ctx, stack.Options{
		Cluster: cluster, Bin: bin, ManagerLog: log, DispatcherLog: log, DispatcherFlags: []string{"--metrics-per-webhook"},
	})
	if err != nil {
		return 1, fmt.Errorf("%w\n%s", err, log)
	}
	defer func() { err = errors.Join(err, running.Stop()) }()
	if err := live(ctx); err != nil {
		return 1, fmt.Errorf("%w\n%s", err, log)
	}
	return m.Run(), nil
}

// world is what [live] makes: RECEIVER stands for the receiver's URL.
const world = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: crm, namespace: default}
spec: {url: RECEIVER}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: greet, namespace: default}
spec: {integrationRef: {name: crm}, method: POST, url: "/${path}"}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: prometheus, namespace: default}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: nobody, namespace: default}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: prometheus}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: webhook-operator-metrics-reader}
subjects:
  - {kind: ServiceAccount, name: prometheus, namespace: default}
`

// live has the processes do a little of everything: a call that succeeds, one that fails,
// and one that is refused, until all of it is in status.
func live(ctx context.Context) error {
	target, err := receiver.Start(receiver.Options{Answer: func(w http.ResponseWriter, r receiver.Request) {
		if strings.HasPrefix(r.URI, "/bad") {
			w.WriteHeader(http.StatusBadRequest)
		}
	}})
	if err != nil {
		return err
	}
	defer func() { _ = target.Close() }()
	apply := cluster.KubectlCommand(ctx, "apply", "-f", "-")
	apply.Stdin = strings.NewReader(strings.ReplaceAll(world, "RECEIVER", target.URL()))
	if out, err := apply.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	if _, _, err := cluster.Kubectl(ctx, "-n", "default", "wait", "--for=condition=Ready", "--timeout=60s", "webhook/greet"); err != nil {
		return err
	}
	for _, path := range []string{"good", "bad"} {
		if _, err := running.Client.Call(ctx, "default", "greet", []byte(`{"path": "`+path+`"}`)); err != nil {
			return err
		}
	}
	if _, err := running.Client.Call(ctx, "default", "nobody", []byte(`{}`)); err == nil {
		return errors.New("a Webhook that does not exist took a call")
	}
	_, _, err = cluster.Kubectl(ctx, "-n", "default", "wait", "--for=jsonpath={.status.lastCall.outcome}", "--timeout=60s", "webhook/greet")
	return err
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
