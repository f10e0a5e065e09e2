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
	switch {
	case spec == nil || len(spec.MatchLabels)+len(spec.MatchExpressions) == 0:
		p.reject(v1alpha1.ReasonInvalidSpec, "%s needs matchLabels or matchExpressions; for all namespaces use from: All", field)
		return nil
	case len(spec.MatchLabels) > maxMatchLabels || len(spec.MatchExpressions) > maxMatchExpressions:
		p.reject(v1alpha1.ReasonInvalidSpec, "%s may have at most %d matchLabels and %d matchExpressions", field, maxMatchLabels, maxMatchExpressions)
		return nil
	}
	selector, valid := labels.NewSelector(), true
	add := func(requirement *labels.Requirement) {
		if requirement == nil {
			valid = false
			return
		}
		selector = selector.Add(*requirement)
	}
	for _, key := range slices.Sorted(maps.Keys(spec.MatchLabels)) {
		add(p.requirement(field+".matchLabels", key, selection.Equals, spec.MatchLabels[key]))
	}
	for i := range spec.MatchExpressions {
		add(p.expression(fmt.Sprintf("%s.matchExpressions[%d]", field, i), &spec.MatchExpressions[i]))
	}
	if !valid {
		return nil
	}
	return selector
}

// expression compiles one condition on a label, nil with a problem.
func (p *problems) expression(where string, spec *v1alpha1.LabelExpression) *labels.Requirement {
	operator, ok := operators[spec.Operator]
	switch {
	case !ok:
		p.reject(v1alpha1.ReasonInvalidSpec, "the operator of %s must be In, NotIn, Exists or DoesNotExist", where)
	case (len(spec.Values) > 0) != (operator == selection.In || operator == selection.NotIn):
		p.reject(v1alpha1.ReasonInvalidSpec, "values of %s belong to the operators In and NotIn, which need them", where)
	case len(spec.Values) > maxLabelValues:
		p.reject(v1alpha1.ReasonInvalidSpec, "%s may have at most %d values", where, maxLabelValues)
	default:
		return p.requirement(where, spec.Key, operator, spec.Values...)
	}
	return nil
}

// requirement makes one condition of a selector, nil with a problem.
func (p *problems) requirement(where, key string, operator selection.Operator, values ...v1alpha1.LabelValue) *labels.Requirement {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	requirement, err := labels.NewRequirement(key, operator, texts)
	if err != nil { // its text explains the grammar of labels at length
		p.reject(v1alpha1.ReasonInvalidSpec, "%s must hold valid label names and values, such as team and crm", where)
		return nil
	}
	return requirement
}

// operators are the operators of conditions on labels.
var operators = map[v1alpha1.LabelOperator]selection.Operator{
	v1alpha1.LabelOperatorIn: selection.In, v1alpha1.LabelOperatorNotIn: selection.NotIn,
	v1alpha1.LabelOperatorExists: selection.Exists, v1alpha1.LabelOperatorDoesNotExist: selection.DoesNotExist,
}
