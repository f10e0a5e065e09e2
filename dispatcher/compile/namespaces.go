package compile

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/selection"

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

// The bounds of allowedNamespaces.selector, as its field docs say.
const (
	maxMatchLabels      = 16
	maxMatchExpressions = 16
	maxLabelValues      = 32
)

// allowedNamespaces translates allowedNamespaces; with a problem it allows none.
func (p *problems) allowedNamespaces(spec *v1alpha1.AllowedNamespaces) allowed {
	if spec == nil {
		return allowed{}
	}
	switch spec.From {
	case v1alpha1.NamespacesFromSame, v1alpha1.NamespacesFromAll:
		if spec.Selector != nil {
			p.reject(v1alpha1.ReasonInvalidSpec, "allowedNamespaces.selector belongs to from: Selector")
			return allowed{}
		}
		return allowed{all: spec.From == v1alpha1.NamespacesFromAll}
	case v1alpha1.NamespacesFromSelector:
		return allowed{selector: p.namespaceSelector(spec.Selector)}
	}
	p.reject(v1alpha1.ReasonInvalidSpec, "allowedNamespaces.from must be Same, All or Selector")
	return allowed{}
}

// namespaceSelector compiles a selector, nil with a problem.
func (p *problems) namespaceSelector(spec *v1alpha1.NamespaceSelector) labels.Selector {
	const field = "allowedNamespaces.selector"
	if spec == nil || len(spec.MatchLabels)+len(spec.MatchExpressions) == 0 {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s needs matchLabels or matchExpressions; for all namespaces use from: All", field)
		return nil
	}
	if len(spec.MatchLabels) > maxMatchLabels || len(spec.MatchExpressions) > maxMatchExpressions {
		p.reject(v1alpha1.ReasonInvalidSpec, "%s may have at most %d matchLabels and %d matchExpressions", field, maxMatchLabels, maxMatchExpressions)
		return nil
	}
	selector, valid := labels.NewSelector(), true
	add := func(where, key string, operator selection.Operator, values []string) {
		requirement, err := labels.NewRequirement(key, operator, values)
		if err != nil {
			p.reject(v1alpha1.ReasonInvalidSpec, "%s cannot be used: %s", where, err)
			valid = false
			return
		}
		selector = selector.Add(*requirement)
	}
	for _, key := range slices.Sorted(maps.Keys(spec.MatchLabels)) {
		add(field+".matchLabels", key, selection.Equals, []string{string(spec.MatchLabels[key])})
	}
	for i, expression := range spec.MatchExpressions {
		where := fmt.Sprintf("%s.matchExpressions[%d]", field, i)
		operator, ok := operators[expression.Operator]
		switch {
		case !ok:
			p.reject(v1alpha1.ReasonInvalidSpec, "the operator of %s must be In, NotIn, Exists or DoesNotExist", where)
			valid = false
		case len(expression.Values) > maxLabelValues:
			p.reject(v1alpha1.ReasonInvalidSpec, "%s may have at most %d values", where, maxLabelValues)
			valid = false
		default:
			values := make([]string, len(expression.Values))
			for i, value := range expression.Values {
				values[i] = string(value)
			}
			add(where, expression.Key, operator, values)
		}
	}
	if !valid {
		return nil
	}
	return selector
}

// operators are the operators of conditions on labels.
var operators = map[v1alpha1.LabelOperator]selection.Operator{
	v1alpha1.LabelOperatorIn: selection.In, v1alpha1.LabelOperatorNotIn: selection.NotIn,
	v1alpha1.LabelOperatorExists: selection.Exists, v1alpha1.LabelOperatorDoesNotExist: selection.DoesNotExist,
}
