package controllers

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// bootstrap sets the entry of every object once, and then opens the control
// session. Reconciliations wait for it, so that none of its older reads can
// replace a newer entry.
type bootstrap struct {
	observer               *observer
	dispatcher             dispatcher
	integrations, webhooks *triggers
	log                    logr.Logger
	open                   chan struct{} // closed when done
}

func newBootstrap(o *observer, d dispatcher, integrations, webhooks *triggers, log logr.Logger) *bootstrap {
	return &bootstrap{observer: o, dispatcher: d, integrations: integrations, webhooks: webhooks, log: log, open: make(chan struct{})}
}

// Start implements manager.Runnable. It ends once everything has been read,
// however often that takes, or when ctx ends.
func (b *bootstrap) Start(ctx context.Context) error {
	loaded := false
	backoff := wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Cap: 5 * time.Second, Steps: math.MaxInt}
	_ = backoff.DelayFunc().Until(ctx, true, false, func(ctx context.Context) (bool, error) { // its only error is ctx's
		err := b.load(ctx)
		if err != nil && ctx.Err() == nil {
			b.log.Error(err, "could not read the whole configuration; trying again")
		}
		loaded = err == nil
		return loaded, nil
	})
	if loaded {
		b.dispatcher.Open()
		close(b.open)
		b.log.Info("configuration read; control session open")
	}
	return nil
}

// NeedLeaderElection implements manager.LeaderElectionRunnable.
func (b *bootstrap) NeedLeaderElection() bool { return false }

// load lists and sets everything. Whatever is read from the cache, the labels of
// namespaces too, waits until that is synced.
func (b *bootstrap) load(ctx context.Context) error {
	var integrations v1alpha1.WebhookIntegrationList
	var webhooks v1alpha1.WebhookList
	for _, list := range []client.ObjectList{&integrations, &webhooks} {
		if err := b.observer.cache.List(ctx, list, client.UnsafeDisableDeepCopy); err != nil {
			return fmt.Errorf("list %T: %w", list, err)
		}
	}
	for i := range integrations.Items {
		result, err := b.observer.integration(ctx, &integrations.Items[i])
		if err != nil {
			return err
		}
		result.Refused = refusal(&integrations.Items[i], control.State{})
		b.observer.registry.set(result)
		b.dispatcher.SetIntegration(result.Plan)
	}
	for i := range webhooks.Items {
		result, err := b.observer.webhook(ctx, &webhooks.Items[i])
		if err != nil {
			return err
		}
		b.dispatcher.SetWebhook(result.Plan)
	}
	b.followUp(&integrations, &webhooks)
	return nil
}

// followUp asks for a reconciliation of all that was listed. An object deleted
// before the controllers' watches were up would have no event of its own.
func (b *bootstrap) followUp(integrations *v1alpha1.WebhookIntegrationList, webhooks *v1alpha1.WebhookList) {
	keys := make([]plan.Key, 0, max(len(integrations.Items), len(webhooks.Items)))
	for i := range integrations.Items {
		keys = append(keys, keyOf(client.ObjectKeyFromObject(&integrations.Items[i])))
	}
	b.integrations.Add(keys...)
	keys = keys[:0]
	for i := range webhooks.Items {
		keys = append(keys, keyOf(client.ObjectKeyFromObject(&webhooks.Items[i])))
	}
	b.webhooks.Add(keys...)
}

// wait returns when the bootstrap is done, or with an error when ctx is.
func (b *bootstrap) wait(ctx context.Context) error {
	select {
	case <-b.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
