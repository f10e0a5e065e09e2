package controllers_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/controllers"
	"github.com/maestra-io/webhook-operator/controllers/serving"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// canary is part of every Secret's value here; it must show up nowhere.
const canary = "s3cr3t-canary"

// world is a namespace with a manager and a dispatcher, each of which can be
// stopped and started again.
type world struct {
	testing.TB
	client.Client

	namespace string
	socket    string
	config    *rest.Config // the manager's
	serving   serving.Options
	shown     func(certificate string, key plan.Secret) // by the dispatcher; may be nil
	writes    *writeCounter
	log       *syncBuffer
	mayFail   bool // the manager meets errors, and may log them

	catalog    *catalog
	session    *control.Client // the running dispatcher's
	manager    process
	dispatcher process
}

// process is something with a Run that can be stopped.
type process struct {
	stop context.CancelFunc
	end  chan error
}

// newWorld makes a namespace; nothing runs in it yet. Its objects go at the end
// of the test, so that the managers of others do not see them.
func newWorld(tb testing.TB) *world {
	tb.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), eventsv1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		tb.Fatal(err)
	}
	config := rest.CopyConfig(cluster.Config)
	config.QPS = -1
	api, err := client.New(config, client.Options{Scheme: scheme})
	if err != nil {
		tb.Fatal(err)
	}
	// Not TempDir: a socket's path has at most 107 bytes.
	dir, err := os.MkdirTemp("", "wh")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	w := &world{
		TB: tb, Client: api, socket: filepath.Join(dir, "c.sock"), config: cluster.Config,
		writes: &writeCounter{}, log: &syncBuffer{}, catalog: newCatalog(),
	}
	w.namespace = w.newNamespace(nil)
	w.serving.Names = serving.Names{Namespace: w.namespace, Service: "webhook-dispatcher"}
	tb.Cleanup(func() {
		w.stopManager()
		w.stopDispatcher()
		if strings.Contains(w.log.String(), canary) {
			tb.Error("the manager's log shows a secret")
		}
		for line := range strings.Lines(w.log.String()) {
			stopped := strings.Contains(line, "context canceled") || strings.Contains(line, "handler did not sync") // at work, or at its start
			if !w.mayFail && strings.Contains(line, "level=ERROR") && !stopped {
				tb.Errorf("the manager logged an error, though nothing went wrong: %s", line)
			}
		}
		if tb.Failed() {
			tb.Logf("the manager's log:\n%s", w.log.String())
		}
	})
	return w
}

// newNamespace makes a namespace with labels, whose objects go at the end of the
// test.
func (w *world) newNamespace(labels map[string]string) string {
	w.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-", Labels: labels}}
	if err := w.Create(w.Context(), namespace); err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		ctx := context.WithoutCancel(w.Context())
		for _, obj := range []client.Object{&v1alpha1.Webhook{}, &v1alpha1.WebhookIntegration{}} {
			if err := w.DeleteAllOf(ctx, obj, client.InNamespace(namespace.Name)); err != nil {
				w.Error(err)
			}
		}
	})
	return namespace.Name
}

// running is a new world in which both programs run.
func running(tb testing.TB) *world {
	tb.Helper()
	w := newWorld(tb)
	w.startManager()
	w.startDispatcher()
	return w
}

func (w *world) startManager() {
	config := rest.CopyConfig(w.config)
	config.Wrap(w.writes.wrap)
	w.manager = start(func(ctx context.Context) error {
		return controllers.Run(ctx, controllers.Options{
			RestConfig:    config,
			ControlSocket: w.socket,
			Serving:       w.serving,
			Logger:        logr.FromSlogHandler(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		})
	})
}

// refuseContents makes the manager run as a service account with all of its
// rights but to get Secrets and ConfigMaps.
func (w *world) refuseContents() {
	w.Helper()
	w.apply(`
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ` + w.namespace + `}
rules:
  - {apiGroups: [webhooks.maestra.io], resources: ["*"], verbs: ["*"]}
  - {apiGroups: [""], resources: [secrets, configmaps, namespaces], verbs: [list, watch]}
  - {apiGroups: [events.k8s.io], resources: [events], verbs: [create, patch]}
  - {apiGroups: [""], resources: [secrets, configmaps], resourceNames: [webhook-dispatcher-tls, webhook-dispatcher-ca], verbs: [get]}
  - {apiGroups: [""], resources: [secrets, configmaps], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ` + w.namespace + `}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ` + w.namespace + `}
subjects: [{kind: ServiceAccount, namespace: ` + w.namespace + `, name: manager}]
`)
	kubeconfig, err := cluster.KubeconfigAs(w.namespace, "manager")
	if err != nil {
		w.Fatal(err)
	}
	if w.config, err = clientcmd.BuildConfigFromFlags("", kubeconfig); err != nil {
		w.Fatal(err)
	}
}

// startDispatcher starts a dispatcher that knows nothing yet.
func (w *world) startDispatcher() {
	w.session = control.NewClient(control.ClientOptions{Socket: w.socket, Catalog: w.catalog, Serving: w.shown})
	w.dispatcher = start(w.session.Run)
}

func (w *world) stopManager()    { w.end(&w.manager, "manager") }
func (w *world) stopDispatcher() { w.end(&w.dispatcher, "dispatcher") }

func start(run func(context.Context) error) process {
	ctx, stop := context.WithCancel(context.Background())
	p := process{stop: stop, end: make(chan error, 1)}
	go func() { p.end <- run(ctx) }()
	return p
}

func (w *world) end(p *process, name string) {
	w.Helper()
	if p.stop == nil {
		return
	}
	p.stop()
	p.stop = nil
	select {
	case err := <-p.end:
		if err != nil {
			w.Errorf("the %s ended with: %v", name, err)
		}
	case <-time.After(30 * time.Second):
		w.Errorf("the %s did not end", name)
	}
}

// apply applies YAML documents as kubectl apply --server-side does.
func (w *world) apply(documents string) {
	w.Helper()
	for document := range strings.SplitSeq(documents, "\n---\n") {
		obj := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict([]byte(document), &obj.Object); err != nil {
			w.Fatal(err)
		}
		if !strings.HasPrefix(obj.GetKind(), "Cluster") {
			obj.SetNamespace(w.namespace)
		}
		if obj.GetAPIVersion() == "" {
			obj.SetAPIVersion(v1alpha1.GroupVersion.String())
		}
		err := w.Apply(w.Context(), client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner("test"), client.ForceOwnership)
		if err != nil {
			w.Fatalf("apply %s %s: %v", obj.GetKind(), obj.GetName(), err)
		}
	}
}

func (w *world) delete(obj client.Object, name string) {
	w.Helper()
	obj.SetNamespace(w.namespace)
	obj.SetName(name)
	if err := w.Delete(w.Context(), obj); err != nil {
		w.Fatal(err)
	}
}

func (w *world) webhook(name string) *v1alpha1.Webhook {
	w.Helper()
	var obj v1alpha1.Webhook
	if err := w.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, &obj); err != nil {
		w.Fatal(err)
	}
	return &obj
}

func (w *world) integration(name string) *v1alpha1.WebhookIntegration {
	w.Helper()
	var obj v1alpha1.WebhookIntegration
	if err := w.Get(w.Context(), client.ObjectKey{Namespace: w.namespace, Name: name}, &obj); err != nil {
		w.Fatal(err)
	}
	return &obj
}

func (w *world) key(name string) plan.Key { return plan.Key{Namespace: w.namespace, Name: name} }

// within waits until check finds nothing wrong, and fails the test with what it
// found last after the limit.
func (w *world) within(limit time.Duration, check func() error) {
	w.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		err := check()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			w.Fatalf("after %s: %v", limit, err)
		}
	}
}

// settles waits until no write has been made for half a second, and returns how
// many were made so far.
func (w *world) settles() int {
	w.Helper()
	last, since := w.writes.count(), time.Now()
	w.within(time.Minute, func() error {
		if n := w.writes.count(); n != last {
			last, since = n, time.Now()
		}
		if time.Since(since) < 500*time.Millisecond {
			return errors.New("the manager goes on writing")
		}
		return nil
	})
	return last
}

// hasConditions says how the conditions of an object differ from wanted ones,
// each written "Type=Status Reason", and whether kstatus and the generation go
// with them. Healthy, which speaks of calls and not of the object, is left out.
func (w *world) hasConditions(obj client.Object, kstatus status.Status, wanted ...string) error {
	w.Helper()
	if err := w.Get(w.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
		w.Fatal(err)
	}
	var have []string
	for _, c := range conditionsOf(obj) {
		if c.Type == v1alpha1.ConditionHealthy {
			continue
		}
		have = append(have, fmt.Sprintf("%s=%s %s", c.Type, c.Status, c.Reason))
		if c.ObservedGeneration != obj.GetGeneration() {
			return fmt.Errorf("%s speaks of generation %d, not %d", c.Type, c.ObservedGeneration, obj.GetGeneration())
		}
	}
	slices.Sort(have)
	slices.Sort(wanted)
	if !slices.Equal(have, wanted) {
		return fmt.Errorf("%s has conditions %q, want %q", obj.GetName(), have, wanted)
	}
	if got := w.kstatus(obj); got != kstatus {
		return fmt.Errorf("%s is %s to kstatus, want %s", obj.GetName(), got, kstatus)
	}
	return nil
}

func (w *world) kstatus(obj client.Object) status.Status {
	w.Helper()
	object, err := runtime.DefaultUnstructuredConverter.ToUnstructured(obj)
	if err != nil {
		w.Fatal(err)
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		w.Fatal(err)
	}
	return result.Status
}

func conditionsOf(obj client.Object) []metav1.Condition {
	switch obj := obj.(type) {
	case *v1alpha1.Webhook:
		return obj.Status.Conditions
	case *v1alpha1.WebhookIntegration:
		return obj.Status.Conditions
	}
	return nil
}

func message(obj client.Object, condition string) string {
	if c := meta.FindStatusCondition(conditionsOf(obj), condition); c != nil {
		return c.Message
	}
	return ""
}

// The conditions of an object that is ready.
var ready = []string{"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed", "Ready=True Ready"}

// isReady waits until the objects of these names are ready.
func (w *world) isReady(limit time.Duration, integration string, webhooks ...string) {
	w.Helper()
	w.within(limit, func() error {
		err := w.hasConditions(w.integration(integration), status.CurrentStatus, slices.Clone(ready)...)
		for _, name := range webhooks {
			err = errors.Join(err, w.hasConditions(w.webhook(name), status.CurrentStatus, slices.Clone(ready)...))
		}
		return err
	})
}

// shows reports whether the object's JSON, managed fields and all, contains text.
func (w *world) shows(obj client.Object, text string) bool {
	w.Helper()
	encoded, err := json.Marshal(obj)
	if err != nil {
		w.Fatal(err)
	}
	return bytes.Contains(encoded, []byte(text))
}
