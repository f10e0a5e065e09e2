package controllers

import (
	"strings"
	"time"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
)

// maxDerived bounds the messages of conditions that repeat another's, in bytes.
const maxDerived = 1024

// insecureTLS is the message of InsecureTLS.
const insecureTLS = "the receiver's certificate is not verified, so whoever is on the way can read and change requests, secrets included; " +
	"trust the authority that signed it with spec.tls.caBundle, and take spec.tls.insecureSkipVerify out"

// assessment is all that the conditions of an object are made of.
type assessment struct {
	generation int64
	problems   []compile.Problem
	note       string // added to Accepted=True
	state      control.State
	suspended  string            // why calls wait; empty if they do not
	insecure   bool              // the receiver's certificate is not verified
	healthy    *metav1.Condition // of its Webhooks' calls; nil if it is not to be said

	sample         bool   // there is sampleData
	sampleFailures string // why it cannot be rendered; empty if it can
}

// conditions returns the conditions of an object in a fixed order. A condition
// keeps its transition time as long as its status stays as it is in existing.
func (a *assessment) conditions(existing []metav1.Condition, now time.Time) []metav1.Condition {
	accepted := a.accepted()
	resolved := a.resolved()
	programmed := a.programmed(existing)
	all := []metav1.Condition{accepted, resolved, programmed, a.ready(accepted, resolved, programmed)}
	switch {
	case accepted.Status != metav1.ConditionTrue:
		all = append(all, derived(v1alpha1.ConditionStalled, metav1.ConditionTrue, accepted))
	case resolved.Status != metav1.ConditionTrue:
		all = append(all, derived(v1alpha1.ConditionReconciling, metav1.ConditionTrue, resolved))
	case programmed.Status == metav1.ConditionFalse:
		all = append(all, derived(v1alpha1.ConditionStalled, metav1.ConditionTrue, programmed))
	case programmed.Status == metav1.ConditionUnknown:
		all = append(all, derived(v1alpha1.ConditionReconciling, metav1.ConditionTrue, programmed))
	}
	if a.insecure {
		all = append(all, condition(v1alpha1.ConditionInsecureTLS, metav1.ConditionTrue, v1alpha1.ReasonInsecureSkipVerify, insecureTLS))
	}
	if a.sample {
		all = append(all, a.sampleRendered())
	}
	for i := range all {
		c := &all[i]
		c.ObservedGeneration = a.generation
		since(c, existing, now)
	}
	if a.healthy != nil { // it speaks of calls, and so of no generation
		since(a.healthy, existing, now)
		all = append(all, *a.healthy)
	}
	return all
}

func (a *assessment) accepted() metav1.Condition {
	if reason, message := compile.Summary(a.problems, v1alpha1.ConditionAccepted); reason != "" {
		return condition(v1alpha1.ConditionAccepted, metav1.ConditionFalse, reason, message)
	}
	message := "the spec is accepted"
	if a.note != "" {
		message += "; note: " + a.note
	}
	return condition(v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonAccepted, message)
}

func (a *assessment) resolved() metav1.Condition {
	if reason, message := compile.Summary(a.problems, v1alpha1.ConditionResolvedRefs); reason != "" {
		return condition(v1alpha1.ConditionResolvedRefs, metav1.ConditionFalse, reason, message)
	}
	return condition(v1alpha1.ConditionResolvedRefs, metav1.ConditionTrue, v1alpha1.ReasonResolvedRefs,
		"everything the spec refers to is there")
}

// programmed is what the dispatcher said to this content. As long as it has said
// nothing to this manager, what it said to the manager before stays: the
// dispatcher goes on with what it has.
func (a *assessment) programmed(existing []metav1.Condition) metav1.Condition {
	const programmed = v1alpha1.ConditionProgrammed
	before := meta.FindStatusCondition(existing, programmed)
	sticky := before != nil && before.Status == metav1.ConditionTrue && before.ObservedGeneration == a.generation
	switch {
	case len(a.problems) > 0:
		return condition(programmed, metav1.ConditionFalse, v1alpha1.ReasonNotProgrammed,
			"the dispatcher keeps calls waiting and takes no new ones until Accepted and ResolvedRefs are True")
	case a.state.Answered && a.state.Error != "":
		return condition(programmed, metav1.ConditionFalse, v1alpha1.ReasonRejectedByDispatcher, a.state.Error)
	case a.state.Answered || sticky:
		return condition(programmed, metav1.ConditionTrue, v1alpha1.ReasonProgrammed, "the dispatcher works with this content")
	}
	return condition(programmed, metav1.ConditionUnknown, v1alpha1.ReasonPending, "waiting for the dispatcher to acknowledge this content")
}

// ready is True if all of the conditions are, and else repeats the first that is
// not.
func (a *assessment) ready(all ...metav1.Condition) metav1.Condition {
	for _, c := range all {
		if c.Status != metav1.ConditionTrue {
			return derived(v1alpha1.ConditionReady, c.Status, c)
		}
	}
	if a.suspended != "" {
		return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended, a.suspended)
	}
	return condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady, "ready for calls")
}

// sampleRendered is what came of sampleData. Nothing else depends on it.
func (a *assessment) sampleRendered() metav1.Condition {
	if a.sampleFailures != "" {
		return condition(v1alpha1.ConditionSampleRendered, metav1.ConditionFalse, v1alpha1.ReasonSampleFailed, a.sampleFailures)
	}
	return condition(v1alpha1.ConditionSampleRendered, metav1.ConditionTrue, v1alpha1.ReasonSampleRendered,
		"the templates can be rendered with sampleData")
}

func condition(kind string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, Reason: reason, Message: message}
}

// derived is a condition that repeats another one's reason and the first line of
// its message.
func derived(kind string, status metav1.ConditionStatus, from metav1.Condition) metav1.Condition {
	line, _, _ := strings.Cut(from.Message, "\n")
	return condition(kind, status, from.Reason, clip(line, maxDerived))
}

// clip cuts text to at most limit bytes, at a character's end.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// sameConditions reports whether existing holds exactly the wanted conditions,
// in any order. Types that are neither the reconcilers' nor among more are left out
// of it.
func sameConditions(existing, wanted []metav1.Condition, more ...string) bool {
	for _, kind := range append(more,
		v1alpha1.ConditionAccepted, v1alpha1.ConditionResolvedRefs, v1alpha1.ConditionProgrammed,
		v1alpha1.ConditionReady, v1alpha1.ConditionStalled, v1alpha1.ConditionReconciling,
		v1alpha1.ConditionInsecureTLS, v1alpha1.ConditionSampleRendered,
	) {
		if !equality.Semantic.DeepEqual(meta.FindStatusCondition(existing, kind), meta.FindStatusCondition(wanted, kind)) {
			return false
		}
	}
	return true
}
