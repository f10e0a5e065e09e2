package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// observer reads what an object depends on and compiles it, for the reconcilers
// and the bootstrap alike. It writes nothing.
type observer struct {
	// cache is read directly, not through the manager's client, whose lists would
	// wait for all status writes under way. Only specs are read here.
	cache client.Reader
	// live reads Secrets and ConfigMaps, whose contents are never cached.
	live     client.Reader
	registry *registry
}

// integration reads the Secrets and ConfigMaps an integration refers to and
// compiles it. One that is missing or refused is a problem in the result; an
// error is one of the API server.
func (o *observer) integration(ctx context.Context, obj *v1alpha1.WebhookIntegration) (*compile.IntegrationResult, error) {
	secrets, err := o.secrets(ctx, obj)
	if err != nil {
		return nil, err
	}
	configMaps, err := o.configMaps(ctx, obj.Namespace, compile.IntegrationConfigMapNames(obj)...)
	if err != nil {
		return nil, fmt.Errorf("compile WebhookIntegration %s/%s: %w", obj.Namespace, obj.Name, err)
	}
	result := compile.Integration(obj, compile.Sources{Secrets: secrets, ConfigMaps: configMaps})
	return &result, nil
}

// secrets reads the Secrets that an integration refers to.
func (o *observer) secrets(ctx context.Context, obj *v1alpha1.WebhookIntegration) (compile.Secrets, error) {
	type answer struct {
		data map[string][]byte
		err  error
	}
	answers := map[string]answer{}
	for _, name := range compile.SecretNames(obj) {
		var secret corev1.Secret
		err := o.live.Get(ctx, client.ObjectKey{Namespace: obj.Namespace, Name: name}, &secret)
		switch {
		case apierrors.IsNotFound(err):
			answers[name] = answer{}
		case apierrors.IsForbidden(err):
			answers[name] = answer{err: err}
		case err != nil:
			return nil, fmt.Errorf("read Secret %q of WebhookIntegration %s/%s: %w", name, obj.Namespace, obj.Name, err)
		case secret.Data == nil:
			answers[name] = answer{data: map[string][]byte{}}
		default:
			answers[name] = answer{data: secret.Data}
		}
	}
	return func(name string) (map[string][]byte, error) { return answers[name].data, answers[name].err }, nil
}

// webhook compiles a webhook against its integration as it was compiled last,
// and with the ConfigMap it refers to. A ConfigMap that is missing or refused is
// a problem in the result; an error is one of the API server. Settled is false if the integration exists and has not been compiled yet: its
// reconciliation follows and asks for the webhook's again.
func (o *observer) webhook(ctx context.Context, obj *v1alpha1.Webhook) (result compile.WebhookResult, settled bool, err error) {
	in := compile.WebhookInput{Object: obj}
	in.Integration = o.registry.get(integrationOf(obj))
	settled = true
	if in.Integration == nil {
		if settled, err = o.integrationMissing(ctx, integrationOf(obj)); err != nil {
			return result, false, err
		}
	}
	if name := compile.ConfigMapName(obj); name != "" {
		if in.ConfigMaps, err = o.configMaps(ctx, obj.Namespace, name); err != nil {
			return result, false, fmt.Errorf("compile Webhook %s/%s: %w", obj.Namespace, obj.Name, err)
		}
	}
	for _, name := range systemNameIndex(obj) {
		var sharing v1alpha1.WebhookList
		if err := o.cache.List(ctx, &sharing, byIndex(obj.Namespace, indexSystemName, name)...); err != nil {
			return result, false, fmt.Errorf("list the Webhooks with system name %q: %w", name, err)
		}
		in.HeldBy = compile.Holder(obj, sharing.Items)
	}
	return compile.Webhook(in), settled, nil
}

// configMaps reads ConfigMaps of a namespace.
func (o *observer) configMaps(ctx context.Context, namespace string, names ...string) (compile.ConfigMaps, error) {
	type answer struct {
		found *compile.ConfigMap
		err   error
	}
	answers := map[string]answer{}
	for _, name := range names {
		var configMap corev1.ConfigMap
		err := o.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &configMap)
		switch {
		case err == nil:
			answers[name] = answer{found: &compile.ConfigMap{Data: configMap.Data, BinaryData: configMap.BinaryData}}
		case apierrors.IsNotFound(err):
			answers[name] = answer{}
		case apierrors.IsForbidden(err):
			answers[name] = answer{err: err}
		default:
			return nil, fmt.Errorf("read ConfigMap %s/%s: %w", namespace, name, err)
		}
	}
	return func(name string) (*compile.ConfigMap, error) { return answers[name].found, answers[name].err }, nil
}

func (o *observer) integrationMissing(ctx context.Context, key plan.Key) (bool, error) {
	var integration v1alpha1.WebhookIntegration
	err := o.cache.Get(ctx, request(key).NamespacedName, &integration)
	if err != nil && !apierrors.IsNotFound(err) {
		return false, fmt.Errorf("read WebhookIntegration %s: %w", key, err)
	}
	return err != nil, nil
}

// webhooksOf returns the keys of the webhooks that refer to an integration.
func (o *observer) webhooksOf(ctx context.Context, key plan.Key) ([]plan.Key, error) {
	var list v1alpha1.WebhookList
	if err := o.cache.List(ctx, &list, byIndex(key.Namespace, indexIntegration, key.Name)...); err != nil {
		return nil, fmt.Errorf("list the Webhooks of WebhookIntegration %s: %w", key, err)
	}
	keys := make([]plan.Key, len(list.Items))
	for i := range list.Items {
		keys[i] = keyOf(client.ObjectKeyFromObject(&list.Items[i]))
	}
	return keys, nil
}

// integrationOf is the key of the integration a webhook refers to.
func integrationOf(obj *v1alpha1.Webhook) plan.Key {
	return plan.Key{Namespace: obj.Namespace, Name: obj.Spec.IntegrationRef.Name}
}

// suspended says why a webhook's calls wait although it is ready; empty if they
// do not.
func (o *observer) suspended(obj *v1alpha1.Webhook) string {
	if obj.Spec.Suspend != nil && *obj.Spec.Suspend {
		return "calls wait, because spec.suspend is true"
	}
	if integration := o.registry.get(integrationOf(obj)); integration != nil && integration.Plan.Suspend {
		return fmt.Sprintf("calls wait, because spec.suspend of WebhookIntegration %q is true", obj.Spec.IntegrationRef.Name)
	}
	return ""
}
