package controllers

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/maestra-io/webhook-operator/controllers/metrics"
	"github.com/maestra-io/webhook-operator/controllers/serving"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// dispatcher is what the controllers need of the server half of the control
// session.
type dispatcher interface {
	// SetIntegration and SetWebhook make an entry the wanted one. The same
	// content again is no change.
	SetIntegration(plan.Integration)
	SetWebhook(plan.Webhook)
	// Remove tells the dispatcher that an object is gone.
	Remove(plan.Ref)
	// Open allows the first delta: every entry has been set.
	Open()
	// State says whether the dispatcher has answered for an entry's content.
	State(plan.Ref) control.State
	// Done says that these outcomes are safe in status.
	Done([]plan.Report)
}

// Setup adds to mgr the reconcilers, the control session's server and the
// writer of outcomes, which the metrics tell of. The manager's scheme must know corev1,
// authenticationv1, authorizationv1 and v1alpha1.
func Setup(mgr manager.Manager, opts Options, watched *metrics.Metrics) error {
	if err := addIndexes(mgr.GetFieldIndexer()); err != nil {
		return err
	}
	// Not the manager's: outcomes and reviews have nothing to do with its cache.
	direct, err := client.New(rest.CopyConfig(mgr.GetConfig()), client.Options{
		Scheme: mgr.GetScheme(), Mapper: mgr.GetRESTMapper(), Log: opts.Logger,
	})
	if err != nil {
		return fmt.Errorf("create the client for outcomes and reviews: %w", err)
	}
	integrations, webhooks := &triggers{}, &triggers{}
	recorder := mgr.GetEventRecorder(fieldOwner)
	sink := &statusSink{cache: mgr.GetCache(), client: direct, announcer: newAnnouncer(recorder), now: time.Now}
	outcomes := newOutcomeWriter(sink, opts.Logger.WithName("outcomes"))
	outcomes.wrote = watched.Wrote
	callers := &reviewer{client: direct, reviewed: watched.Reviewed}
	server := control.NewServer(control.ServerOptions{
		Logger:   slog.New(logr.ToSlogHandler(opts.Logger.WithName("control"))),
		Outcomes: outcomes.Outcomes,
		Changed:  func(ref plan.Ref) { answered(ref, integrations, webhooks) },
		Review:   callers.review,
	})
	outcomes.done = server.Done
	watched.Admit(callers.scraper)
	watched.Ask(metrics.Sources{Backlog: outcomes.Backlog, Connected: server.Connected, Objects: objects{cache: mgr.GetCache()}.count})

	observer := &observer{cache: mgr.GetCache(), live: mgr.GetAPIReader(), registry: newRegistry()}
	start := newBootstrap(observer, server, integrations, webhooks, opts.Logger.WithName("bootstrap"))
	integrationReconciler := &integrationReconciler{
		client: mgr.GetClient(), observer: observer, dispatcher: server, webhooks: webhooks, start: start, announcer: newAnnouncer(recorder), now: time.Now,
	}
	webhookReconciler := &webhookReconciler{
		client: mgr.GetClient(), observer: observer, dispatcher: server, outcomes: outcomes, start: start, announcer: newAnnouncer(recorder), now: time.Now,
	}
	if err := integrationReconciler.setup(mgr, integrations); err != nil {
		return fmt.Errorf("set up the controller of WebhookIntegrations: %w", err)
	}
	if err := webhookReconciler.setup(mgr, webhooks); err != nil {
		return fmt.Errorf("set up the controller of Webhooks: %w", err)
	}
	if err := serving.Setup(mgr, opts.Serving, showTo(server, watched, opts.Logger)); err != nil {
		return fmt.Errorf("set up the serving certificate: %w", err)
	}
	serve := manager.RunnableFunc(func(ctx context.Context) error { return server.Serve(ctx, opts.ControlSocket) })
	return addRunnables(mgr, start, serve, outcomes)
}

// showTo shows the serving certificate to callers and to scrapers.
func showTo(server *control.Server, watched *metrics.Metrics, log logr.Logger) func(certificate string, key plan.Secret) {
	return func(certificate string, key plan.Secret) {
		server.SetServing(certificate, key)
		if err := watched.SetCertificate(certificate, key); err != nil {
			log.Error(err, "going on with the certificate there is")
		}
	}
}

// addRunnables adds the bootstrap, with the readiness that it gives, and what else runs.
func addRunnables(mgr manager.Manager, start *bootstrap, others ...manager.Runnable) error {
	for _, runnable := range append(others, start) {
		if err := mgr.Add(runnable); err != nil {
			return fmt.Errorf("add to the manager: %w", err)
		}
	}
	if err := mgr.AddReadyzCheck("configuration", start.check()); err != nil {
		return fmt.Errorf("add the readiness check: %w", err)
	}
	return nil
}

// answered asks for the reconciliation of what the dispatcher has answered for.
func answered(ref plan.Ref, integrations, webhooks *triggers) {
	if ref.Kind == plan.KindIntegration {
		integrations.Add(ref.Key)
	} else {
		webhooks.Add(ref.Key)
	}
}

// errorBackoff is how long a reconciliation that met an API error waits: 50 ms,
// doubled up to 30 s. The default's 1,000 s would outlast the API server's
// absence by a quarter of an hour.
func errorBackoff() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](50*time.Millisecond, 30*time.Second)
}

// request is the request to reconcile the object of key.
func request(key plan.Key) ctrl.Request {
	return ctrl.Request{NamespacedName: client.ObjectKey{Namespace: key.Namespace, Name: key.Name}}
}

// keyOf is the key of the object a request names.
func keyOf(name client.ObjectKey) plan.Key {
	return plan.Key{Namespace: name.Namespace, Name: name.Name}
}
