package controllers

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
)

// refusal says why the dispatcher does not take an integration as it is, which
// makes its webhooks not ready either; empty if it does. As long as the dispatcher
// has not answered this manager, what it said to the manager before counts, so that
// no webhook looks ready for the moment in between.
func refusal(obj *v1alpha1.WebhookIntegration, state control.State) string {
	if state.Answered {
		return state.Error
	}
	before := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionProgrammed)
	if before != nil && before.Status == metav1.ConditionFalse && before.Reason == v1alpha1.ReasonRejectedByDispatcher &&
		before.ObservedGeneration == obj.Generation {
		return before.Message
	}
	return ""
}
