package controllers

import (
	"context"
	"fmt"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
)

// The indexes of the cache.
const (
	// indexSecret finds WebhookIntegrations by a Secret they refer to.
	indexSecret = "secrets"
	// indexConfigMap finds objects of either kind by a ConfigMap they refer to.
	indexConfigMap = "configMaps"
	// indexIntegration finds Webhooks by their WebhookIntegration, as
	// namespace/name.
	indexIntegration = "integration"
	// indexAbroad has the value true for Webhooks that refer to a
	// WebhookIntegration of another namespace.
	indexAbroad = "abroad"
	// indexSystemName finds Webhooks by system name in force, in lower case.
	indexSystemName = "systemName"
)

func addIndexes(indexer client.FieldIndexer) error {
	for _, index := range []struct {
		object client.Object
		field  string
		values client.IndexerFunc
	}{
		{&v1alpha1.WebhookIntegration{}, indexSecret, func(obj client.Object) []string {
			return compile.SecretNames(obj.(*v1alpha1.WebhookIntegration))
		}},
		{&v1alpha1.WebhookIntegration{}, indexConfigMap, func(obj client.Object) []string {
			return compile.IntegrationConfigMapNames(obj.(*v1alpha1.WebhookIntegration))
		}},
		{&v1alpha1.Webhook{}, indexIntegration, func(obj client.Object) []string {
			return []string{compile.IntegrationOf(obj.(*v1alpha1.Webhook)).String()}
		}},
		{&v1alpha1.Webhook{}, indexAbroad, func(obj client.Object) []string {
			if compile.IntegrationOf(obj.(*v1alpha1.Webhook)).Namespace != obj.GetNamespace() {
				return []string{"true"}
			}
			return nil
		}},
		{&v1alpha1.Webhook{}, indexConfigMap, func(obj client.Object) []string {
			if name := compile.ConfigMapName(obj.(*v1alpha1.Webhook)); name != "" {
				return []string{name}
			}
			return nil
		}},
		{&v1alpha1.Webhook{}, indexSystemName, func(obj client.Object) []string {
			return systemNameIndex(obj.(*v1alpha1.Webhook))
		}},
	} {
		if err := indexer.IndexField(context.Background(), index.object, index.field, index.values); err != nil {
			return fmt.Errorf("add the index %s: %w", index.field, err)
		}
	}
	return nil
}

// systemNameIndex returns the values of indexSystemName: one, or none for a
// Webhook without a valid system name.
func systemNameIndex(obj *v1alpha1.Webhook) []string {
	name, err := compile.SystemName(obj)
	if err != nil {
		return nil
	}
	return []string{strings.ToLower(name)}
}

// byIndex lists what an index holds of a namespace, or of all if that is empty.
// The objects are the cache's own and must
// not be changed.
func byIndex(namespace, field, value string) []client.ListOption {
	return []client.ListOption{
		client.InNamespace(namespace),
		client.MatchingFields{field: value},
		client.UnsafeDisableDeepCopy,
	}
}
