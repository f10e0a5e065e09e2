package controllers

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
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

// observed is a webhook as it was compiled, and what is known beside that.
type observed struct {
	compile.WebhookResult

	// settled is false while something is on its way that will ask for the
	// webhook's reconciliation again.
	settled bool
	// suspended says why calls wait although the webhook is ready; empty if they
	// do not.
	suspended string
}

// webhook compiles a webhook against its integration as it was compiled last,
// and with the ConfigMap it refers to. A ConfigMap that is missing or refused is
// a problem in the result; an error is one of the API server.
func (o *observer) webhook(ctx context.Context, obj *v1alpha1.Webhook) (observed, error) {
	in := compile.WebhookInput{Object: obj}
	settled, err := o.reference(ctx, &in)
	if err != nil {
		return observed{}, err
	}
	if name := compile.ConfigMapName(obj); name != "" {
		if in.ConfigMaps, err = o.configMaps(ctx, obj.Namespace, name); err != nil {
			return observed{}, fmt.Errorf("compile Webhook %s/%s: %w", obj.Namespace, obj.Name, err)
		}
	}
	for _, name := range systemNameIndex(obj) {
		var sharing v1alpha1.WebhookList
		if err := o.cache.List(ctx, &sharing, byIndex(obj.Namespace, indexSystemName, name)...); err != nil {
			return observed{}, fmt.Errorf("list the Webhooks with system name %q: %w", name, err)
		}
		in.HeldBy = compile.Holder(obj, sharing.Items)
	}
	return observed{WebhookResult: compile.Webhook(in), settled: settled, suspended: suspended(in)}, nil
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
