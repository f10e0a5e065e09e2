package controllers

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// reference looks up what a webhook's integrationRef names and puts it into in.
// An integration that does not allow the webhook's namespace is left out, so that
// nothing of it can reach the webhook's status. Settled is false if the
// integration exists and has not been compiled yet, or if the namespace is not
// known yet: the reconciliation of the one and the event of the other follow, and
// ask for the webhook's again.
func (o *observer) reference(ctx context.Context, in *compile.WebhookInput) (settled bool, err error) {
	key, namespace := compile.IntegrationOf(in.Object), in.Object.Namespace
	if key.Namespace != namespace {
		var known bool
		if in.NamespaceLabels, known, err = o.namespaceLabels(ctx, namespace); err != nil || !known {
			return false, err
		}
	}
	if compiled := o.registry.get(key); compiled != nil {
		if compiled.Allows(namespace, in.NamespaceLabels) {
			in.Integration = compiled
		}
		return true, nil
	}
	var integration v1alpha1.WebhookIntegration
	err = o.cache.Get(ctx, request(key).NamespacedName, &integration)
	if apierrors.IsNotFound(err) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read WebhookIntegration %s: %w", key, err)
	}
	// One that does not allow this namespace must look like none, also in how long
	// the webhook's status takes.
	return !allows(&integration, namespace, in.NamespaceLabels), nil
}

// allows reports whether an integration that has not been compiled yet may be
// used from a namespace. That does not depend on Secrets and ConfigMaps.
func allows(obj *v1alpha1.WebhookIntegration, namespace string, labels map[string]string) bool {
	result := compile.Integration(obj, compile.Sources{
		Secrets:    func(string) (map[string][]byte, error) { return nil, nil },
		ConfigMaps: func(string) (*compile.ConfigMap, error) { return nil, nil },
	})
	return result.Allows(namespace, labels)
}

// namespaceLabels returns the labels of a namespace; known is false if the cache
// does not have it yet.
func (o *observer) namespaceLabels(ctx context.Context, name string) (labels map[string]string, known bool, err error) {
	namespace := namespaceMetadata()
	err = o.cache.Get(ctx, client.ObjectKey{Name: name}, namespace)
	switch {
	case apierrors.IsNotFound(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("read the labels of namespace %q: %w", name, err)
	}
	return namespace.Labels, true, nil
}

// users are the webhooks that refer to an integration.
type users struct {
	keys    []plan.Key
	allowed int    // those that may
	health  health // of those that may
}

// webhooksOf returns the webhooks that refer to an integration.
func (o *observer) webhooksOf(ctx context.Context, key plan.Key) (using users, err error) {
	var list v1alpha1.WebhookList
	if err := o.cache.List(ctx, &list, byIndex("", indexIntegration, key.String())...); err != nil {
		return users{}, fmt.Errorf("list the Webhooks of WebhookIntegration %s: %w", key, err)
	}
	integration := o.registry.get(key)
	for i := range list.Items {
		webhook := keyOf(client.ObjectKeyFromObject(&list.Items[i]))
		using.keys = append(using.keys, webhook)
		if integration == nil {
			continue
		}
		var labels map[string]string
		known := true
		if webhook.Namespace != key.Namespace {
			if labels, known, err = o.namespaceLabels(ctx, webhook.Namespace); err != nil {
				return users{}, err
			}
		}
		if known && integration.Allows(webhook.Namespace, labels) {
			using.allowed++
			using.health.add(key, &list.Items[i])
		}
	}
	return using, nil
}

// abroad returns the webhooks of a namespace that refer to an integration of
// another one. They are the cache's own and must not be changed.
func (o *observer) abroad(ctx context.Context, namespace string) ([]v1alpha1.Webhook, error) {
	var list v1alpha1.WebhookList
	if err := o.cache.List(ctx, &list, byIndex(namespace, indexAbroad, "true")...); err != nil {
		return nil, fmt.Errorf("list the Webhooks of namespace %q that refer to another one: %w", namespace, err)
	}
	return list.Items, nil
}

// suspended says why a webhook's calls wait although it is ready; empty if they
// do not.
func suspended(in compile.WebhookInput) string {
	if in.Object.Spec.Suspend != nil && *in.Object.Spec.Suspend {
		return "calls wait, because spec.suspend is true"
	}
	if in.Integration == nil || !in.Integration.Plan.Suspend {
		return ""
	}
	name := in.Integration.Plan.Key.Name
	if in.Integration.Plan.Key.Namespace != in.Object.Namespace {
		name = in.Integration.Plan.Key.String()
	}
	return fmt.Sprintf("calls wait, because spec.suspend of WebhookIntegration %q is true", name)
}
