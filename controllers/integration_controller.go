package controllers

import (
	"context"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// integrationWorkers is how many integrations are reconciled at once. Each
	// spends its time waiting for reads of Secrets and one write.
	integrationWorkers = 4
	// reconcileTimeout bounds one reconciliation, for an API server that hangs.
	reconcileTimeout = 30 * time.Second
	// countDelay holds off counting webhooks, so that 1,000 applied at once make
	// a handful of writes to their integration's status and not 1,000.
	countDelay = 200 * time.Millisecond
	// refusedDelay is when a Secret or a ConfigMap that may not be read is tried
	// again: no event tells of a changed role.
	refusedDelay = time.Minute
)

// integrationReconciler keeps the entry and the status of WebhookIntegrations.
type integrationReconciler struct {
	client     client.Client
	observer   *observer
	dispatcher dispatcher
	webhooks   *triggers
	start      *bootstrap
	announcer  *announcer
	patience   patience
	now        func() time.Time
}

// Reconcile compiles one integration, hands it to the dispatcher and to its
// webhooks, and applies its status if that differs from what is there.
func (r *integrationReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if err := r.start.wait(ctx); err != nil {
		return ctrl.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	key := keyOf(req.NamespacedName)
	var obj v1alpha1.WebhookIntegration
	err := r.client.Get(ctx, req.NamespacedName, &obj)
	if apierrors.IsNotFound(err) {
		r.patience.forget(key)
		r.announcer.forget(key)
		return ctrl.Result{}, r.remove(ctx, key)
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("read WebhookIntegration %s: %w", key, err)
	}
	result, err := r.observer.integration(ctx, &obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	using, err := r.publish(ctx, &obj, result)
	if err != nil {
		return ctrl.Result{}, err
	}
	state := r.dispatcher.State(result.Plan.Ref())
	if wait := r.patience.wait(key, state, r.now()); wait > 0 && result.Plan.NotReady == "" {
		return ctrl.Result{RequeueAfter: wait}, nil // the answer asks for this one again, mostly before that
	}
	status := integrationStatus(&obj, result, state, using, r.now())
	if !sameIntegrationStatus(obj.Status, status) {
		again, err := r.write(ctx, &obj, status)
		if err != nil || again.RequeueAfter > 0 {
			return again, err
		}
	}
	if refused(result.Problems) {
		return ctrl.Result{RequeueAfter: refusedDelay}, nil
	}
	return ctrl.Result{}, nil
}

// publish hands the result to the dispatcher, and to the integration's webhooks
// if it makes a difference to them. It returns these.
func (r *integrationReconciler) publish(ctx context.Context, obj *v1alpha1.WebhookIntegration, result *compile.IntegrationResult) (users, error) {
	key := result.Plan.Key
	r.dispatcher.SetIntegration(result.Plan)
	result.Refused = refusal(obj, r.dispatcher.State(result.Plan.Ref()))
	changed := r.observer.registry.set(result)
	// Listed only now: a webhook that was compiled against the result before is
	// then in the list, and one that is not in it will be compiled with this one.
	using, err := r.observer.webhooksOf(ctx, key)
	if err != nil {
		r.observer.registry.remove(key) // so that the next try is a change again
		return users{}, err
	}
	if changed {
		log.FromContext(ctx).V(1).Info("the integration changed for its webhooks", "webhooks", len(using.keys))
		r.webhooks.Add(using.keys...)
	}
	return using, nil
}

// write applies a status and tells of what it changes.
func (r *integrationReconciler) write(ctx context.Context, obj *v1alpha1.WebhookIntegration, status v1alpha1.WebhookIntegrationStatus) (ctrl.Result, error) {
	err := applyStatus(ctx, r.client, fieldOwner, kindIntegration, obj, status)
	if err == nil {
		r.announcer.tell(obj, obj.Status.Conditions, status.Conditions)
	}
	return afterApply(err)
}

// remove forgets an integration that is gone.
func (r *integrationReconciler) remove(ctx context.Context, key plan.Key) error {
	r.dispatcher.Remove(plan.Ref{Kind: plan.KindIntegration, Key: key})
	r.observer.registry.remove(key)
	using, err := r.observer.webhooksOf(ctx, key)
	if err != nil {
		return err
	}
	r.webhooks.Add(using.keys...)
	return nil
}

// refused reports whether a Secret or a ConfigMap may not be read.
func refused(problems []compile.Problem) bool {
	return slices.ContainsFunc(problems, func(p compile.Problem) bool {
		return p.Reason == v1alpha1.ReasonSecretUnreadable || p.Reason == v1alpha1.ReasonConfigMapUnreadable
	})
}

func (r *integrationReconciler) setup(mgr manager.Manager, triggers *triggers) error {
	return builder.ControllerManagedBy(mgr).
		Named("webhookintegration").
		For(&v1alpha1.WebhookIntegration{}, builder.WithPredicates(specChanged)).
		Watches(&v1alpha1.Webhook{}, handler.Funcs{
			CreateFunc: func(_ context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				recount(q, e.Object, countDelay)
			},
			UpdateFunc: func(_ context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				before, after := e.ObjectOld.(*v1alpha1.Webhook), e.ObjectNew.(*v1alpha1.Webhook)
				if before.Spec.IntegrationRef != after.Spec.IntegrationRef {
					recount(q, before, countDelay)
					recount(q, after, countDelay)
				} else if !sameHealth(before, after) {
					recount(q, after, healthDelay)
				}
			},
			DeleteFunc: func(_ context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				recount(q, e.Object, countDelay)
			},
		}).
		WatchesMetadata(secretMetadata(), handler.EnqueueRequestsFromMapFunc(r.referring(indexSecret))).
		WatchesMetadata(configMapMetadata(), handler.EnqueueRequestsFromMapFunc(r.referring(indexConfigMap))).
		WatchesMetadata(namespaceMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(triggers).
		WithOptions(controller.Options{MaxConcurrentReconciles: integrationWorkers, RateLimiter: errorBackoff()}).
		Complete(r)
}

// specChanged passes over status writes. One update stands for a deletion and a new
// object, which has generation 1 again, if both happened while the watch was
// broken off.
var specChanged = predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
	return e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || e.ObjectOld.GetUID() != e.ObjectNew.GetUID()
}}

// recount asks for the reconciliation of a webhook's integration, for the count
// and the health of its webhooks.
func recount(q workqueue.TypedRateLimitingInterface[reconcile.Request], webhook client.Object, delay time.Duration) {
	q.AddAfter(request(compile.IntegrationOf(webhook.(*v1alpha1.Webhook))), delay)
}

// referring finds the integrations that refer to a Secret or a ConfigMap, by an
// index.
func (r *integrationReconciler) referring(index string) handler.MapFunc {
	return func(ctx context.Context, obj client.Object) []reconcile.Request {
		var list v1alpha1.WebhookIntegrationList
		if err := r.observer.cache.List(ctx, &list, byIndex(obj.GetNamespace(), index, obj.GetName())...); err != nil {
			log.FromContext(ctx).Error(err, "could not find the integrations that refer to an object", "index", index, "object", client.ObjectKeyFromObject(obj))
			return nil
		}
		requests := make([]reconcile.Request, len(list.Items))
		for i := range list.Items {
			requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
		}
		return requests
	}
}

// ofNamespace returns the integrations whose webhooks a namespace's labels may
// make more or fewer.
func (r *integrationReconciler) ofNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	webhooks, err := r.observer.abroad(ctx, namespace.GetName())
	if err != nil {
		log.FromContext(ctx).Error(err, "could not find the integrations that a namespace's labels count for", "namespace", namespace.GetName())
		return nil
	}
	requests := make([]reconcile.Request, len(webhooks))
	for i := range webhooks {
		requests[i] = request(compile.IntegrationOf(&webhooks[i]))
	}
	return requests
}
