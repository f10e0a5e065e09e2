package controllers

import (
	"sync"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// eventAction and eventDelivery are what the operator was doing, as events name it.
	eventAction   = "Configure"
	eventDelivery = "Deliver"
	// maxNote bounds the text of an event, in bytes, as the API server does.
	maxNote = 1024
	// reasonRecovered is the reason of the event when Healthy is True again.
	reasonRecovered = "Recovered"
	// reasonVerifiedTLS is the reason of the event at the end of InsecureTLS.
	reasonVerifiedTLS = "VerifiedTLS"
)

// recorder writes events. It never blocks, and drops some before it does.
type recorder interface {
	Eventf(regarding, related runtime.Object, eventtype, reason, action, note string, args ...any)
}

// announcer writes an event for each change of conditions that somebody on call
// looks for: an object is no longer ready, or for another reason, or is ready
// again; certificates are not verified, or are again; too many calls fail, or no
// longer. It is safe for concurrent use.
type announcer struct {
	recorder recorder

	mu sync.Mutex
	// owed are the objects whose warning was the last event, although its cause is
	// gone: they wait for the dispatcher, or for their integration. A restart
	// forgets them.
	owed map[plan.Key]struct{}
}

func newAnnouncer(r recorder) *announcer {
	return &announcer{recorder: r, owed: map[plan.Key]struct{}{}}
}

// tell must be called once for a status that was written, so that neither a
// restart nor a second reconciliation repeats an event.
func (a *announcer) tell(obj client.Object, before, after []metav1.Condition) {
	say := func(kind, reason, note string) { a.say(obj, kind, reason, eventAction, note) }
	a.health(obj, before, after)
	was, is := meta.FindStatusCondition(before, v1alpha1.ConditionReady), meta.FindStatusCondition(after, v1alpha1.ConditionReady)
	repaired := a.repaired(keyOf(client.ObjectKeyFromObject(obj)), was, is)
	switch {
	case broken(is) && (!broken(was) || was.Reason != is.Reason):
		say(corev1.EventTypeWarning, is.Reason, is.Message)
	case repaired:
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

// health must be called once for a condition Healthy that was written. Where after has
// none, it is another owner's and nothing is told.
func (a *announcer) health(obj client.Object, before, after []metav1.Condition) {
	is := meta.FindStatusCondition(after, v1alpha1.ConditionHealthy)
	unhealthyBefore := meta.IsStatusConditionFalse(before, v1alpha1.ConditionHealthy)
	switch {
	case is == nil:
	case is.Status == metav1.ConditionFalse && !unhealthyBefore:
		a.say(obj, corev1.EventTypeWarning, is.Reason, eventDelivery, is.Message)
	case is.Status == metav1.ConditionTrue && unhealthyBefore:
		a.say(obj, corev1.EventTypeNormal, reasonRecovered, eventDelivery, is.Message)
	}
}

func (a *announcer) say(obj client.Object, kind, reason, action, note string) {
	a.recorder.Eventf(obj, nil, kind, reason, action, "%s", clip(note, maxNote))
}

// repaired reports whether an object about which there was a warning is ready
// now, and remembers those that are not yet.
func (a *announcer) repaired(key plan.Key, was, is *metav1.Condition) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, owed := a.owed[key]
	owed = owed || broken(was)
	ready := is != nil && is.Status == metav1.ConditionTrue
	if owed && !ready && !broken(is) {
		a.owed[key] = struct{}{}
	} else {
		delete(a.owed, key)
	}
	return owed && ready
}

// forget drops an object that is gone.
func (a *announcer) forget(key plan.Key) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.owed, key)
}

// broken reports whether a condition Ready is worth an event. A webhook whose
// integration is not ready is not: the integration has the event, and 1,000
// webhooks would repeat it.
func broken(ready *metav1.Condition) bool {
	return ready != nil && ready.Status == metav1.ConditionFalse && ready.Reason != v1alpha1.ReasonIntegrationNotReady
}
