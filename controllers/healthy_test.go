package controllers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestWebhookHealth: what the hours of a report say in words.
func TestWebhookHealth(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	hour := at.Unix() / 3600
	for _, test := range []struct {
		outcome plan.Outcome
		code    int
		hours   []plan.Hour
		want    string
	}{
		{plan.OutcomeFailed, 503, nil, ""}, // of a dispatcher that did not count
		{plan.OutcomeCancelled, 0, nil, "True FewCalls 0 calls in 24 hours, the last one Cancelled"},
		{plan.OutcomeFailed, 503, []plan.Hour{{Since: hour, Calls: 1, Failed: 1}}, "True FewCalls 1 call in 24 hours, the last one Failed (503)"},
		{plan.OutcomeSucceeded, 200, []plan.Hour{{Since: hour, Calls: 10, Failed: 9}}, "True FewCalls 10 calls in 24 hours, the last one Succeeded (200)"},
		{
			plan.OutcomeFailed, 0, []plan.Hour{{Since: hour - 24, Calls: 20, Failed: 6}, {Since: hour, Calls: 20, Failed: 14}},
			"False Unhealthy 20 of 40 calls of the last 24 hours failed; the last one: Failed",
		},
		{
			plan.OutcomeFailed, 0, []plan.Hour{{Since: hour - 25, Calls: 20, Failed: 20}, {Since: hour, Calls: 20, Failed: 9}},
			"True Healthy 9 of 20 calls of the last 24 hours failed; the last one: Failed",
		},
	} {
		have := ""
		r := &plan.Report{Time: at, Outcome: test.outcome, StatusCode: test.code, Hours: test.hours}
		if c := webhookHealth(nil, r, at); c != nil {
			have = fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
		}
		if have != test.want {
			t.Errorf("%s of %v: %q, want %q", test.outcome, test.hours, have, test.want)
		}
	}
}

// TestWebhookHealthTransition: the time of the transition stays while the status does.
func TestWebhookHealthTransition(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	r := &plan.Report{Time: at, Outcome: plan.OutcomeFailed, Hours: []plan.Hour{{Since: at.Unix() / 3600, Calls: 30, Failed: 30}}}
	first := webhookHealth(nil, r, at)
	r.Hours[0].Calls, r.Hours[0].Failed = 31, 31
	second := webhookHealth([]metav1.Condition{*first}, r, at.Add(time.Hour))
	if !second.LastTransitionTime.Equal(&first.LastTransitionTime) || second.Message == first.Message {
		t.Errorf("%+v follows %+v", second, first)
	}
	r.Hours[0].Failed = 0
	third := webhookHealth([]metav1.Condition{*second}, r, at.Add(time.Hour))
	if !third.LastTransitionTime.Time.Equal(at.Add(time.Hour)) {
		t.Errorf("%+v follows %+v", third, second)
	}
}

// TestIntegrationHealth: the worst of the Webhooks, with a bounded list of names.
func TestIntegrationHealth(t *testing.T) {
	webhook := func(namespace, name string, status metav1.ConditionStatus) *v1alpha1.Webhook {
		obj := &v1alpha1.Webhook{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
		if status != "" {
			obj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionHealthy, Status: status}}
		}
		return obj
	}
	many := []*v1alpha1.Webhook{}
	for i := range 12 {
		many = append(many, webhook("shop", fmt.Sprintf("w%02d", 11-i), metav1.ConditionFalse))
	}
	long := []*v1alpha1.Webhook{}
	for i := range 10 {
		long = append(long, webhook(strings.Repeat("n", 63), fmt.Sprintf("%d%s", i, strings.Repeat("x", 252)), metav1.ConditionFalse))
	}
	for name, test := range map[string]struct {
		webhooks []*v1alpha1.Webhook
		want     string
	}{
		"no outcome yet": {[]*v1alpha1.Webhook{webhook("shop", "a", "")}, ""},
		"none":           {nil, ""},
		"healthy":        {[]*v1alpha1.Webhook{webhook("shop", "a", "True"), webhook("shop", "b", "")}, "True Healthy none of its Webhooks is unhealthy"},
		"one":            {[]*v1alpha1.Webhook{webhook("shop", "a", "False")}, "False Unhealthy 1 of 1 Webhook is unhealthy: a"},
		"of two namespaces": {
			[]*v1alpha1.Webhook{webhook("shop", "b", "False"), webhook("shop", "c", "True"), webhook("crm", "a", "False")},
			"False Unhealthy 2 of 3 Webhooks are unhealthy: b, crm/a",
		},
		"many": {many, "False Unhealthy 12 of 12 Webhooks are unhealthy: w00, w01, w02, w03, w04, w05, w06, w07, w08, w09 and 2 more"},
		"long": {long, "False Unhealthy 10 of 10 Webhooks are unhealthy: nnn"},
	} {
		var h health
		for _, obj := range test.webhooks {
			h.add(plan.Key{Namespace: "shop", Name: "crm"}, obj)
		}
		have := ""
		if c := h.condition(len(test.webhooks)); c != nil {
			have = fmt.Sprintf("%s %s %s", c.Status, c.Reason, c.Message)
			if len(c.Message) > maxDerived {
				t.Errorf("%s: the message has %d bytes", name, len(c.Message))
			}
		}
		if name == "long" {
			have = have[:min(len(have), len(test.want))]
		}
		if diff := cmp.Diff(test.want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
