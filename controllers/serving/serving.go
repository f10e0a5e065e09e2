package serving

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// SecretName is the name of the operator's own Secret.
	SecretName = "webhook-dispatcher-tls"
	// ConfigMapName is the name of the ConfigMap in the operator's namespace that has,
	// under the key ca.crt, the authorities to verify the dispatcher with, in PEM.
	ConfigMapName = "webhook-dispatcher-ca"

	// ownLabel and ownValue mark the operator's own Secret: one without is somebody
	// else's, and is not written.
	ownLabel = "app.kubernetes.io/managed-by"
	ownValue = "webhook-operator"

	// look is after how long everything is looked at again without a cause: what is due
	// by the clock is done so much later at most.
	look = time.Hour
)

// Options are the choices of [Setup].
type Options struct {
	Names

	// Secret is the name of a Secret of the operator's namespace, of the type
	// kubernetes.io/tls, whose certificate is shown as it is; empty for one of the
	// operator's own. Its ca.crt is published, if it has one.
	Secret string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Check says in one sentence which flag of the manager is wrong.
func (o Options) Check() error {
	if err := o.check(); err != nil {
		return err
	}
	if problems := validation.IsDNS1123Subdomain(o.Secret); o.Secret != "" && problems != nil {
		return fmt.Errorf("--serving-secret %q is no name of a Secret: %s", o.Secret, problems[0])
	}
	return nil
}

// keeper is the one reconciler of the certificate.
type keeper struct {
	Options

	client client.Client // without a cache: that has no contents
	show   func(certificate string, key plan.Secret)
	voice  *voice
}

// Setup adds to mgr what keeps the certificate. It calls show with the chain and its
// key, both in PEM, whenever it is to be shown; perhaps with the same several times.
// Metadata of Secrets and ConfigMaps must be in the manager's cache, or may be.
func Setup(mgr manager.Manager, o Options, show func(certificate string, key plan.Secret)) error {
	if err := o.Check(); err != nil {
		return err
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	direct, err := client.New(rest.CopyConfig(mgr.GetConfig()), client.Options{Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper()})
	if err != nil {
		return fmt.Errorf("create the client for the serving certificate: %w", err)
	}
	k := &keeper{
		Options: o, client: direct, show: show,
		voice: &voice{log: mgr.GetLogger().WithName("serving"), recorder: mgr.GetEventRecorder("webhook-operator")},
	}
	return builder.ControllerManagedBy(mgr).
		Named("serving").
		WatchesMetadata(metadata("Secret"), k.only(k.secretName())).
		WatchesMetadata(metadata("ConfigMap"), k.only(ConfigMapName)).
		WatchesRawSource(first{k}).
		WithOptions(controller.Options{RateLimiter: workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](50*time.Millisecond, 30*time.Second)}).
		Complete(k)
}

// metadata stands for objects of which only the metadata is watched.
func metadata(kind string) *metav1.PartialObjectMetadata {
	return &metav1.PartialObjectMetadata{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: kind}}
}

// first is a source of the one request that nothing in the cluster causes.
type first struct{ keeper *keeper }

// Start is called once by the controller.
func (f first) Start(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	queue.Add(f.keeper.request())
	return nil
}

func (k *keeper) request() reconcile.Request {
	return reconcile.Request{NamespacedName: client.ObjectKey{Namespace: k.Namespace, Name: k.secretName()}}
}

func (k *keeper) secretName() string {
	if k.Secret != "" {
		return k.Secret
	}
	return SecretName
}

// only asks for a look at everything when one object changes.
func (k *keeper) only(name string) handler.EventHandler {
	enqueue := func(obj client.Object, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
		if obj.GetNamespace() == k.Namespace && obj.GetName() == name {
			q.Add(k.request())
		}
	}
	return handler.Funcs{
		CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
		UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.ObjectNew, q)
		},
		DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
			enqueue(e.Object, q)
		},
	}
}

// Reconcile brings Secret and ConfigMap in order and shows the certificate, in this
// order: nobody meets one whose authority is not published. An error is tried again.
func (k *keeper) Reconcile(ctx context.Context, _ reconcile.Request) (reconcile.Result, error) {
	read := k.own
	if k.Secret != "" {
		read = k.given
	}
	data, err := read(ctx)
	if err == nil {
		err = k.publish(ctx, string(data[authorityKey]))
	}
	var wait *problem
	switch {
	case apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err):
		return reconcile.Result{RequeueAfter: 100 * time.Millisecond}, nil // another manager was quicker
	case errors.As(err, &wait):
		k.voice.warn(k.about(), wait)
		return reconcile.Result{RequeueAfter: look}, nil // a change of the Secret comes before
	case err != nil:
		return reconcile.Result{}, err
	}
	k.show(string(data[corev1.TLSCertKey]), plan.NewSecret(string(data[corev1.TLSPrivateKeyKey])))
	k.voice.well(k.about())
	return reconcile.Result{RequeueAfter: look}, nil
}

// about is what events are about, whether or not it exists.
func (k *keeper) about() *corev1.Secret {
	return &corev1.Secret{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Secret"},
		ObjectMeta: metav1.ObjectMeta{Namespace: k.Namespace, Name: k.secretName()},
	}
}
