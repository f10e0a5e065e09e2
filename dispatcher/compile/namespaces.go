package compile

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// IntegrationOf returns the key of the WebhookIntegration that a Webhook refers
// to, which may be one of another namespace.
func IntegrationOf(obj *v1alpha1.Webhook) plan.Key {
	ref := &obj.Spec.IntegrationRef
	if ref.Namespace == "" {
		return plan.Key{Namespace: obj.Namespace, Name: ref.Name}
	}
	return plan.Key{Namespace: ref.Namespace, Name: ref.Name}
}

// allowed says which namespaces beside its own may use an integration.
type allowed struct {
	all      bool
	selector labels.Selector // nil selects none
}

// equal reports whether two allow the same.
func (a allowed) equal(b allowed) bool {
	if a.all != b.all || (a.selector == nil) != (b.selector == nil) {
		return false
	}
	return a.selector == nil || a.selector.String() == b.selector.String()
}

// Allows reports whether Webhooks of a namespace with these labels may use the
// integration: those of its own always. An allowedNamespaces that is not valid
// allows no other.
func (r *IntegrationResult) Allows(namespace string, namespaceLabels map[string]string) bool {
	switch {
	case namespace == r.Plan.Key.Namespace, r.allowed.all:
		return true
	case r.allowed.selector == nil:
		return false
	}
	return r.allowed.selector.Matches(labels.Set(namespaceLabels))
}
