package controllers

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// fewCalls is how many calls say too little of a webhook; see [plan.Healthy].
	fewCalls = 10
	// maxUnhealthyNames is how many unhealthy Webhooks their integration names.
	maxUnhealthyNames = 10
	// healthDelay holds off an integration's judgement of its Webhooks. When a receiver
	// goes away, all of them become unhealthy, at the pace of the outcome writer; this
	// makes one write to the integration of what comes within that time.
	healthDelay = transitionGap
)

// webhookHealth is the condition Healthy of a webhook at the time of a report; nil if
// the report does not say, since it is of a dispatcher that did not count. Its
// transition time is that of existing as long as the status stays.
func webhookHealth(existing []metav1.Condition, r *plan.Report, now time.Time) *metav1.Condition {
	if len(r.Hours) == 0 && r.Outcome != plan.OutcomeCancelled {
		return nil
	}
	calls, failed := r.Recent(r.Time)
	last := string(r.Outcome)
	if r.StatusCode != 0 {
		last = fmt.Sprintf("%s (%d)", r.Outcome, r.StatusCode)
	}
	counts := fmt.Sprintf("%d of %d calls of the last 24 hours failed; the last one: %s", failed, calls, last)
	var c metav1.Condition
	switch {
	case calls <= fewCalls:
		c = condition(v1alpha1.ConditionHealthy, metav1.ConditionTrue, v1alpha1.ReasonFewCalls,
			fmt.Sprintf("%s in 24 hours, the last one %s", number(calls, "call"), last))
	case plan.Healthy(calls, failed):
		c = condition(v1alpha1.ConditionHealthy, metav1.ConditionTrue, v1alpha1.ReasonHealthy, counts)
	default:
		c = condition(v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonUnhealthy, counts)
	}
	since(&c, existing, now)
	return &c
}

// health is what the Webhooks of an integration say of their calls.
type health struct {
	judged    int      // Webhooks that have the condition Healthy
	unhealthy []string // those of which it is False, as the integration names them
}

// add takes in a Webhook that uses the integration.
func (h *health) add(integration plan.Key, obj *v1alpha1.Webhook) {
	c := meta.FindStatusCondition(obj.Status.Conditions, v1alpha1.ConditionHealthy)
	if c == nil {
		return
	}
	h.judged++
	if c.Status != metav1.ConditionFalse {
		return
	}
	name := obj.Name
	if obj.Namespace != integration.Namespace {
		name = obj.Namespace + "/" + obj.Name
	}
	h.unhealthy = append(h.unhealthy, name)
}

// condition is the condition Healthy of an integration that this many Webhooks use;
// nil if none of them has had an outcome.
func (h *health) condition(webhooks int) *metav1.Condition {
	if h.judged == 0 {
		return nil
	}
	if len(h.unhealthy) == 0 {
		c := condition(v1alpha1.ConditionHealthy, metav1.ConditionTrue, v1alpha1.ReasonHealthy, "none of its Webhooks is unhealthy")
		return &c
	}
	slices.Sort(h.unhealthy)
	names, more := h.unhealthy, ""
	if len(names) > maxUnhealthyNames {
		more = fmt.Sprintf(" and %d more", len(names)-maxUnhealthyNames)
		names = names[:maxUnhealthyNames]
	}
	verb := "are"
	if len(h.unhealthy) == 1 {
		verb = "is"
	}
	c := condition(v1alpha1.ConditionHealthy, metav1.ConditionFalse, v1alpha1.ReasonUnhealthy,
		clip(fmt.Sprintf("%d of %s %s unhealthy: %s%s", len(h.unhealthy), number(webhooks, "Webhook"), verb, strings.Join(names, ", "), more), maxDerived))
	return &c
}

// sameHealth reports whether the condition Healthy of a Webhook makes no difference to
// its integration's.
func sameHealth(before, after *v1alpha1.Webhook) bool {
	was := meta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionHealthy)
	is := meta.FindStatusCondition(after.Status.Conditions, v1alpha1.ConditionHealthy)
	if was == nil || is == nil {
		return was == is
	}
	return was.Status == is.Status
}

// since gives a condition its transition time: that which it has in existing, as long
// as its status stays.
func since(c *metav1.Condition, existing []metav1.Condition, now time.Time) {
	c.LastTransitionTime = metav1.NewTime(now).Rfc3339Copy()
	if before := meta.FindStatusCondition(existing, c.Type); before != nil && before.Status == c.Status {
		c.LastTransitionTime = before.LastTransitionTime
	}
}

// number is a count of things in words.
func number(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
