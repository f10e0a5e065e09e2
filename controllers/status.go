package controllers

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
)

// The field owners of status. Each applies its own fields whole, so that what it
// leaves out is removed and what is the other's stays.
const (
	fieldOwner        = "webhook-operator"
	outcomeFieldOwner = "webhook-operator-outcomes"
)

// conflictDelay is when a status that met a conflict is computed anew.
const conflictDelay = 100 * time.Millisecond

// The kinds as apply configurations name them.
const (
	kindIntegration = "WebhookIntegration"
	kindWebhook     = "Webhook"
)

// integrationStatus is the status of an integration; it writes nothing.
func integrationStatus(obj *v1alpha1.WebhookIntegration, result *compile.IntegrationResult, state control.State, using users, now time.Time) v1alpha1.WebhookIntegrationStatus {
	a := assessment{generation: obj.Generation, problems: result.Problems, state: state, insecure: result.InsecureTLS}
	if result.Plan.Suspend {
		a.suspended = "the calls of all its Webhooks wait, because spec.suspend is true"
	}
	a.healthy = using.health.condition(using.allowed)
	count := count(using.allowed)
	return v1alpha1.WebhookIntegrationStatus{
		Conditions:         a.conditions(obj.Status.Conditions, now),
		ObservedGeneration: &obj.Generation,
		Webhooks:           &count,
	}
}

// sameIntegrationStatus reports whether applying wanted would change nothing.
func sameIntegrationStatus(existing, wanted v1alpha1.WebhookIntegrationStatus) bool {
	if !sameConditions(existing.Conditions, wanted.Conditions, v1alpha1.ConditionHealthy) {
		return false
	}
	existing.Conditions = wanted.Conditions
	return equality.Semantic.DeepEqual(existing, wanted)
}

// webhookStatus is the reconciler's part of a webhook's status; it writes
// nothing.
func webhookStatus(obj *v1alpha1.Webhook, result *observed, state control.State, now time.Time) v1alpha1.WebhookStatus {
	a := assessment{generation: obj.Generation, problems: result.Problems, note: result.Note, state: state, suspended: result.suspended}
	a.sampleFailures, a.sample = result.TrySample()
	var model []v1alpha1.ModelPath
	for _, p := range result.Model {
		model = append(model, v1alpha1.ModelPath{Path: p.Path, Type: p.Type})
	}
	return v1alpha1.WebhookStatus{
		Conditions:         a.conditions(obj.Status.Conditions, now),
		ObservedGeneration: &obj.Generation,
		SystemName:         result.SystemName,
		URLView:            result.URLView,
		HeadersView:        result.HeadersView,
		Model:              model,
		IdempotencyKey:     &result.HasKey,
	}
}

// sameWebhookStatus reports whether applying wanted would change nothing. The
// fields of the last call, and the condition Healthy, are another owner's.
func sameWebhookStatus(existing, wanted v1alpha1.WebhookStatus) bool {
	if !sameConditions(existing.Conditions, wanted.Conditions) {
		return false
	}
	existing.Conditions = wanted.Conditions
	existing.LastCall, existing.LastSuccessTime, existing.ConsecutiveFailures = nil, nil, nil
	return equality.Semantic.DeepEqual(existing, wanted)
}

// statusApply is the apply configuration of an object's status, which is encoded: the
// client decodes the answer into it, and would write over the conditions of the caller.
type statusApply struct {
	metav1ac.TypeMetaApplyConfiguration    `json:",inline"`
	*metav1ac.ObjectMetaApplyConfiguration `json:"metadata,omitempty"`

	Status json.RawMessage `json:"status"`
}

// IsApplyConfiguration implements runtime.ApplyConfiguration.
func (*statusApply) IsApplyConfiguration() {}

// applyStatus applies the owner's part of the status of obj as it was read: if
// it has changed since, or was replaced by another of its name, the error is a
// conflict. (The API server takes no notice of a UID here.) Nothing else can be
// one, since ownership is forced.
func applyStatus(ctx context.Context, c client.Client, owner, kind string, obj client.Object, status any) error {
	encoded, err := json.Marshal(status)
	if err != nil {
		return fmt.Errorf("encode the status of %s %s: %w", kind, client.ObjectKeyFromObject(obj), err)
	}
	apply := &statusApply{ObjectMetaApplyConfiguration: metav1ac.ObjectMeta(), Status: encoded}
	apply.WithKind(kind).WithAPIVersion(v1alpha1.GroupVersion.String())
	apply.WithNamespace(obj.GetNamespace()).WithName(obj.GetName()).WithResourceVersion(obj.GetResourceVersion())
	if err := c.Status().Apply(ctx, apply, client.FieldOwner(owner), client.ForceOwnership); err != nil {
		return fmt.Errorf("apply the status of %s %s: %w", kind, client.ObjectKeyFromObject(obj), err)
	}
	return nil
}

// afterApply turns the result of applyStatus into that of a reconciliation. An
// object that has gone needs no more, since its deletion is an event of its own;
// after a conflict all is done again once the cache has caught up.
func afterApply(err error) (ctrl.Result, error) {
	switch {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case apierrors.IsConflict(err):
		return ctrl.Result{RequeueAfter: conflictDelay}, nil
	}
	return ctrl.Result{}, err
}
