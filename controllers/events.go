package controllers

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

const (
	// eventAction is what the operator was doing, as events name it.
	eventAction = "Configure"
	// maxNote bounds the text of an event, in bytes, as the API server does.
	maxNote = 1024
	// reasonVerifiedTLS is the reason of the event at the end of InsecureTLS.
	reasonVerifiedTLS = "VerifiedTLS"
)

// recorder writes events. It never blocks, and drops some before it does.
type recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// announce writes an event for each change of conditions that somebody on call
// looks for: an object is no longer ready, or for another reason, or is usable
// again; certificates are not verified, or are again. It must be called once for
// a status that was written, so that neither a restart nor a second
// reconciliation repeats an event.
func announce(r recorder, obj client.Object, before, after []metav1.Condition) {
	say := func(kind, reason, note string) {
		r.Eventf(obj, nil, kind, reason, eventAction, "%s", clip(note, maxNote))
	}
	was, is := meta.FindStatusCondition(before, v1alpha1.ConditionReady), meta.FindStatusCondition(after, v1alpha1.ConditionReady)
	switch {
	case broken(is) && (!broken(was) || was.Reason != is.Reason):
		say(corev1.EventTypeWarning, is.Reason, is.Message)
	case broken(was) && is.Status != metav1.ConditionFalse:
		say(corev1.EventTypeNormal, is.Reason, is.Message)
	}
	insecureBefore := meta.IsStatusConditionTrue(before, v1alpha1.ConditionInsecureTLS)
	insecure := meta.IsStatusConditionTrue(after, v1alpha1.ConditionInsecureTLS)
	switch {
	case insecure && !insecureBefore:
		say(corev1.EventTypeWarning, v1alpha1.ConditionInsecureTLS, insecureTLS)
	case !insecure && insecureBefore:
		say(corev1.EventTypeNormal, reasonVerifiedTLS, "the receiver's certificate is verified again")
	}
}

// broken reports whether a condition Ready is worth an event. A webhook whose
// integration is not ready is not: the integration has the event, and 1,000
// webhooks would repeat it.
func broken(ready *metav1.Condition) bool {
	return ready != nil && ready.Status == metav1.ConditionFalse && ready.Reason != v1alpha1.ReasonIntegrationNotReady
}
