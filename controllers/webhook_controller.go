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
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// webhookWorkers is how many webhooks are reconciled at once. Each spends its
// time waiting for one write of a few milliseconds, and 8 keep two cores of an
// API server busy.
const webhookWorkers = 8

// webhookReconciler keeps the entry and the status of Webhooks.
type webhookReconciler struct {
	client     client.Client
	observer   *observer
	dispatcher dispatcher
	outcomes   *outcomeWriter
	start      *bootstrap
	announcer  *announcer
	patience   patience
	now        func() time.Time
}

// Reconcile compiles one webhook, hands it to the dispatcher, and applies its
// status if that differs from what is there.
func (r *webhookReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	if err := r.start.wait(ctx); err != nil {
		return ctrl.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, reconcileTimeout)
	defer cancel()
	key := keyOf(req.NamespacedName)
	var obj v1alpha1.Webhook
	err := r.client.Get(ctx, req.NamespacedName, &obj)
	if apierrors.IsNotFound(err) {
		r.dispatcher.Remove(plan.Ref{Kind: plan.KindWebhook, Key: key})
		r.outcomes.Forget(key)
		r.patience.forget(key)
		r.announcer.forget(key)
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("read Webhook %s: %w", key, err)
	}
	result, err := r.observer.webhook(ctx, &obj)
	if err != nil {
		return ctrl.Result{}, err
	}
	r.dispatcher.SetWebhook(result.Plan)
	if !result.settled {
		return ctrl.Result{}, nil // what is on its way asks for this one again
	}
	state := r.dispatcher.State(result.Plan.Ref())
	if wait := r.patience.wait(key, state, r.now()); wait > 0 && result.Plan.NotReady == "" {
		return ctrl.Result{RequeueAfter: wait}, nil // the answer asks for this one again, mostly before that
	}
	status := webhookStatus(&obj, &result, state, r.now())
	if !sameWebhookStatus(obj.Status, status) {
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

// write applies a status and tells of what it changes.
func (r *webhookReconciler) write(ctx context.Context, obj *v1alpha1.Webhook, status v1alpha1.WebhookStatus) (ctrl.Result, error) {
	err := applyStatus(ctx, r.client, fieldOwner, kindWebhook, obj, status)
	if err == nil {
		r.announcer.tell(obj, obj.Status.Conditions, status.Conditions)
	}
	return afterApply(err)
}

func (r *webhookReconciler) setup(mgr manager.Manager, triggers *triggers) error {
	return builder.ControllerManagedBy(mgr).
		Named("webhook").
		Watches(&v1alpha1.Webhook{}, handler.Funcs{
			CreateFunc: func(ctx context.Context, e event.CreateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.Object)})
				r.sharing(ctx, q, e.Object.(*v1alpha1.Webhook))
			},
			UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				before, after := e.ObjectOld.(*v1alpha1.Webhook), e.ObjectNew.(*v1alpha1.Webhook)
				if before.Generation == after.Generation && before.UID == after.UID {
					return // a status write, ours or the outcomes'
				}
				q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(after)})
				if !slices.Equal(systemNameIndex(before), systemNameIndex(after)) || before.UID != after.UID {
					r.sharing(ctx, q, before)
					r.sharing(ctx, q, after)
				}
			},
			DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q workqueue.TypedRateLimitingInterface[reconcile.Request]) {
				q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(e.Object)})
				r.sharing(ctx, q, e.Object.(*v1alpha1.Webhook))
			},
		}).
		WatchesMetadata(configMapMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofConfigMap)).
		WatchesMetadata(namespaceMetadata(), handler.EnqueueRequestsFromMapFunc(r.ofNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{})).
		WatchesRawSource(triggers).
		WithOptions(controller.Options{MaxConcurrentReconciles: webhookWorkers, RateLimiter: errorBackoff()}).
		Complete(r)
}

// sharing asks for the reconciliation of the other webhooks with obj's system
// name: who holds it may have changed.
func (r *webhookReconciler) sharing(ctx context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request], obj *v1alpha1.Webhook) {
	for _, name := range systemNameIndex(obj) {
		var list v1alpha1.WebhookList
		if err := r.observer.cache.List(ctx, &list, byIndex(obj.Namespace, indexSystemName, name)...); err != nil {
			log.FromContext(ctx).Error(err, "could not find the Webhooks of a system name", "systemName", name)
			continue
		}
		for i := range list.Items {
			if list.Items[i].Name != obj.Name {
				q.Add(reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
			}
		}
	}
}

// ofConfigMap returns the webhooks whose body comes from a ConfigMap.
func (r *webhookReconciler) ofConfigMap(ctx context.Context, configMap client.Object) []reconcile.Request {
	var list v1alpha1.WebhookList
	if err := r.observer.cache.List(ctx, &list, byIndex(configMap.GetNamespace(), indexConfigMap, configMap.GetName())...); err != nil {
		log.FromContext(ctx).Error(err, "could not find the Webhooks of a ConfigMap", "configMap", client.ObjectKeyFromObject(configMap))
		return nil
	}
	requests := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
	}
	return requests
}

// ofNamespace returns the webhooks of a namespace for which its labels count:
// those that refer to an integration of another one.
func (r *webhookReconciler) ofNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	webhooks, err := r.observer.abroad(ctx, namespace.GetName())
	if err != nil {
		log.FromContext(ctx).Error(err, "could not find the Webhooks that a namespace's labels count for", "namespace", namespace.GetName())
		return nil
	}
	requests := make([]reconcile.Request, len(webhooks))
	for i := range webhooks {
		requests[i] = reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&webhooks[i])}
	}
	return requests
}
