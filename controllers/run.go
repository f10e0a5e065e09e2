package controllers

import (
	"context"
	"fmt"
	"net"

	"github.com/go-logr/logr"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/controllers/serving"
)

// Options are what the manager needs from outside.
type Options struct {
	// RestConfig says how to reach the API server. Its client-side rate limit is
	// not used: priority and fairness of the API server decides.
	RestConfig *rest.Config
	// ControlSocket is the path of the Unix socket that the dispatcher connects
	// to, at most 107 bytes.
	ControlSocket string
	// HealthAddress is where /healthz and /readyz are served, as host:port; if
	// empty, neither is.
	HealthAddress string
	// MetricsAddress is where /metrics is served, as host:port, over TLS with the serving
	// certificate; if empty or 0, it is not.
	MetricsAddress string
	// Version is shown in the metrics.
	Version string
	// Serving says which certificate the dispatcher shows to callers.
	Serving serving.Options
	// Logger gets all log lines.
	Logger logr.Logger
}

// Check says in one sentence which flag of the manager is wrong.
func (o Options) Check() error {
	if _, _, err := net.SplitHostPort(o.MetricsAddress); err != nil && o.MetricsAddress != "" && o.MetricsAddress != "0" {
		return fmt.Errorf("--metrics-address %q is not of the form host:port", o.MetricsAddress)
	}
	return o.Serving.Check()
}

// Run runs the manager until ctx ends, and then returns nil; any other end is an
// error. It does not elect a leader: its only client, the dispatcher beside it,
// holds the lock of the store.
func Run(ctx context.Context, opts Options) error {
	watched := metrics.New(opts.Version)
	mgr, err := newManager(opts, watched)
	if err != nil {
		return err
	}
	if err := Setup(mgr, opts, watched); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("run the manager: %w", err)
	}
	return nil
}

func newManager(opts Options, watched *metrics.Metrics) (manager.Manager, error) {
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{
		corev1.AddToScheme, v1alpha1.AddToScheme, authenticationv1.AddToScheme, authorizationv1.AddToScheme,
	} {
		if err := add(scheme); err != nil {
			return nil, fmt.Errorf("build the scheme: %w", err)
		}
	}
	restConfig := rest.CopyConfig(opts.RestConfig)
	restConfig.QPS = -1
	readYourWrites := true
	skipNameValidation := true
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme:                 scheme,
		Logger:                 opts.Logger,
		HealthProbeBindAddress: opts.HealthAddress,
		Metrics:                watched.Serve(opts.MetricsAddress),
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject: map[client.Object]cache.ByObject{
				secretMetadata():    {Transform: stripMetadata},
				configMapMetadata(): {Transform: stripMetadata},
				namespaceMetadata(): {Transform: stripAllButLabels},
			},
		},
		Client: client.Options{Cache: &client.CacheOptions{
			// Without it a reconciliation right after a status write could read the
			// object as it was before that, find the status it wants, and leave the
			// written one, which no event tells of, wrong for good.
			EnableReadYourWritesConsistency: &readYourWrites,
		}},
		// One process may run a manager after another, as tests of a restart do.
		Controller: config.Controller{SkipNameValidation: &skipNameValidation},
	})
	if err != nil {
		return nil, fmt.Errorf("create the manager: %w", err)
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return nil, fmt.Errorf("add the health check: %w", err)
	}
	return mgr, nil
}

// secretMetadata stands for Secrets of which only the metadata is watched.
func secretMetadata() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"}}
}

// configMapMetadata stands for ConfigMaps of which only the metadata is watched.
func configMapMetadata() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "ConfigMap"}}
}

// namespaceMetadata stands for Namespaces of which only the labels are watched.
func namespaceMetadata() *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Namespace"}}
}

// stripMetadata leaves of the metadata of a Secret or a ConfigMap what names it
// and its version. Annotations must go: kubectl apply keeps a copy of all values
// in one.
func stripMetadata(obj any) (any, error) {
	meta, ok := obj.(*metav1.PartialObjectMetadata)
	if !ok {
		return obj, nil
	}
	return &metav1.PartialObjectMetadata{
		TypeMeta: meta.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: meta.Namespace, Name: meta.Name, UID: meta.UID, ResourceVersion: meta.ResourceVersion,
		},
	}, nil
}

// stripAllButLabels leaves of the metadata of a Namespace its labels, beside what
// stripMetadata leaves.
func stripAllButLabels(obj any) (any, error) {
	stripped, err := stripMetadata(obj)
	if before, ok := obj.(*metav1.PartialObjectMetadata); ok && err == nil {
		stripped.(*metav1.PartialObjectMetadata).Labels = before.Labels
	}
	return stripped, err
}
