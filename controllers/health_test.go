package controllers_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// counted is a report of a webhook of which so many calls have ended.
func (w *world) counted(webhook string, seq uint64, outcome plan.Outcome, code, calls, failed int) {
	w.Helper()
	r := w.report(w.webhook(webhook), seq, outcome)
	r.StatusCode = code
	r.Hours = []plan.Hour{{Since: r.Time.Unix() / 3600, Calls: calls, Failed: failed}}
	w.session.Report(r)
}

// isHealthy waits until an object's condition Healthy reads as wanted: its status,
// reason and message. The object stays ready, also to kstatus.
func (w *world) isHealthy(get func() client.Object, wanted string) {
	w.Helper()
	w.within(soon, func() error {
		obj, have := get(), ""
		if c := meta.FindStatusCondition(conditionsOf(obj), v1alpha1.ConditionHealthy); c != nil {
			have = fmt.Sprintf("%s %s: %s", c.Status, c.Reason, c.Message)
		}
		if have != wanted {
			return fmt.Errorf("%s is %q, want %q", obj.GetName(), have, wanted)
		}
		return w.hasConditions(obj, status.CurrentStatus, ready...)
	})
}

// TestHealthy: the outcomes of a day make Webhooks and their integration unhealthy and
// healthy again, with one event each time, beside all that Ready and kstatus say, and
// without a write when nothing happens.
func TestHealthy(t *testing.T) {
	w := running(t)
	w.apply("kind: WebhookIntegration\nmetadata: {name: crm}\nspec: {url: https://api.example.com}")
	w.apply(orderShipped)
	w.apply(strings.Replace(orderShipped, "name: order-shipped", "name: other", 1))
	w.isReady(soon, "crm", "order-shipped", "other")
	webhook := func() client.Object { return w.webhook("order-shipped") }
	integration := func() client.Object { return w.integration("crm") }
	w.isHealthy(webhook, "")
	w.isHealthy(integration, "")

	w.counted("order-shipped", 1, plan.OutcomeFailed, 503, 3, 3)
	w.isHealthy(webhook, "True FewCalls: 3 calls in 24 hours, the last one Failed (503)")
	w.isHealthy(integration, "True Healthy: none of its Webhooks is unhealthy")
	w.tells("order-shipped")

	// A change of health is told at once, also if the outcome is as before.
	w.counted("order-shipped", 2, plan.OutcomeFailed, 503, 40, 20)
	unhealthy := "20 of 40 calls of the last 24 hours failed; the last one: Failed (503)"
	w.isHealthy(webhook, "False Unhealthy: "+unhealthy)
	one := "1 of 2 Webhooks is unhealthy: order-shipped"
	w.isHealthy(integration, "False Unhealthy: "+one)
	w.tells("order-shipped", "Warning Unhealthy Webhook: "+unhealthy)
	w.tells("crm", "Warning Unhealthy WebhookIntegration: "+one)

	// The counts go with the outcome's next write, and are no event.
	w.counted("order-shipped", 3, plan.OutcomeRejected, 404, 41, 21)
	more := "False Unhealthy: 21 of 41 calls of the last 24 hours failed; the last one: Rejected (404)"
	w.isHealthy(webhook, more)

	// Neither the reconciler nor a restart takes it away or tells it again.
	w.apply(strings.Replace(orderShipped, "/orders/", "/o/", 1))
	w.isReady(soon, "crm", "order-shipped")
	writes := w.settles()
	w.stopManager()
	w.stopDispatcher()
	w.startManager()
	w.startDispatcher()
	w.counted("order-shipped", 3, plan.OutcomeRejected, 404, 41, 21)
	w.apply("kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "last") // then this manager has a session and works
	w.settles()
	for _, path := range w.writes.since(writes) {
		if !strings.Contains(path, "/last/") {
			t.Errorf("a restarted manager wrote %s", path)
		}
	}
	w.isHealthy(webhook, more)
	w.tells("order-shipped", "Warning Unhealthy Webhook: "+unhealthy)
	w.tells("crm", "Warning Unhealthy WebhookIntegration: "+one)

	w.counted("order-shipped", 4, plan.OutcomeSucceeded, 200, 44, 21)
	recovered := "21 of 44 calls of the last 24 hours failed; the last one: Succeeded (200)"
	w.isHealthy(webhook, "True Healthy: "+recovered)
	w.isHealthy(integration, "True Healthy: none of its Webhooks is unhealthy")
	w.tells("order-shipped", "Warning Unhealthy Webhook: "+unhealthy, "Normal Recovered Webhook: "+recovered)
	w.tells("crm", "Warning Unhealthy WebhookIntegration: "+one, "Normal Recovered WebhookIntegration: none of its Webhooks is unhealthy")

	// An unhealthy Webhook that is gone is no longer its integration's concern.
	w.counted("other", 5, plan.OutcomeLost, 0, 20, 20)
	w.isHealthy(integration, "False Unhealthy: 1 of 2 Webhooks is unhealthy: other")
	w.delete(&v1alpha1.Webhook{}, "other")
	w.isHealthy(integration, "True Healthy: none of its Webhooks is unhealthy")
}
