package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/controllers"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// report is an outcome as the dispatcher tells it.
func (w *world) report(webhook *v1alpha1.Webhook, seq uint64, outcome plan.Outcome) plan.Report {
	r := plan.Report{
		Webhook: w.key(webhook.Name), WebhookUID: string(webhook.UID), Seq: seq,
		TransactionID: "01900000-0000-7000-8000-000000000001",
		Time:          time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
		Outcome:       outcome, StatusCode: 200, Attempts: 2,
		Duration: 1234567 * time.Microsecond, Message: "the receiver answered",
		LastSuccess: time.Date(2026, 1, 2, 3, 4, 5, 678, time.UTC),
	}
	if !outcome.Success() {
		r.StatusCode, r.ConsecutiveFailures = 0, 3
		r.LastSuccess = time.Time{}
		r.Message = strings.Repeat("ä", 2000)
	}
	return r
}

// last waits until the last call known to status has an outcome.
func (w *world) last(limit time.Duration, name string, outcome plan.Outcome) *v1alpha1.Webhook {
	w.Helper()
	var obj *v1alpha1.Webhook
	w.within(limit, func() error {
		obj = w.webhook(name)
		if last := obj.Status.LastCall; last == nil || last.Outcome != string(outcome) {
			return fmt.Errorf("lastCall is %+v, want %s", last, outcome)
		}
		return nil
	})
	return obj
}

// TestOutcomes: the first outcome and a change are in status within 5 s, beside
// the conditions, which they leave alone; an outcome that comes again is not
// written again, nor is one of a webhook that is gone.
func TestOutcomes(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	webhook := w.webhook("order-shipped")
	conditions := webhook.Status.Conditions

	w.session.Report(w.report(webhook, 1, plan.OutcomeSucceeded))
	got := w.last(5*time.Second, "order-shipped", plan.OutcomeSucceeded).Status
	code, attempts, failures := int32(200), int32(2), int32(0)
	end := metav1.NewTime(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	want := v1alpha1.WebhookStatus{
		LastCall: &v1alpha1.LastCall{
			TransactionID: "01900000-0000-7000-8000-000000000001", Time: end, Outcome: "Succeeded", StatusCode: &code,
			Attempts: &attempts, Duration: &metav1.Duration{Duration: 1235 * time.Millisecond}, Message: "the receiver answered",
		},
		LastSuccessTime:     &end,
		ConsecutiveFailures: &failures,
	}
	outcomes := v1alpha1.WebhookStatus{LastCall: got.LastCall, LastSuccessTime: got.LastSuccessTime, ConsecutiveFailures: got.ConsecutiveFailures}
	if diff := cmp.Diff(want, outcomes); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(conditions, got.Conditions); diff != "" {
		t.Errorf("an outcome changed the conditions:\n%s", diff)
	}

	failed := w.report(webhook, 2, plan.OutcomeFailed)
	w.session.Report(failed)
	got = w.last(5*time.Second, "order-shipped", plan.OutcomeFailed).Status
	if got.LastSuccessTime != nil || *got.ConsecutiveFailures != 3 || got.LastCall.StatusCode != nil {
		t.Errorf("status after a failure without an answer is %+v", got)
	}

	writes := w.settles()
	w.stopManager()
	w.stopDispatcher()
	w.startManager()
	w.startDispatcher() // with a client that has not heard of any acknowledgement
	w.session.Report(failed)
	gone := w.report(webhook, 9, plan.OutcomeSucceeded)
	gone.WebhookUID = "another"
	gone.Webhook.Name = "other"
	w.session.Report(gone)
	changed := strings.Replace(orderShipped, "/orders/", "/o/", 1)
	w.apply(changed)
	w.within(soon, func() error {
		if !strings.Contains(w.webhook("order-shipped").Status.URLView, "/o/") {
			return errors.New("the manager does not work yet")
		}
		return nil
	})
	w.settles()
	after := w.webhook("order-shipped").Status
	if diff := cmp.Diff(got.LastCall, after.LastCall); diff != "" {
		t.Errorf("the reconciler's write changed the last call:\n%s", diff)
	}
	for _, path := range w.writes.since(writes) {
		if strings.Contains(path, "webhook-operator-outcomes") {
			t.Errorf("an outcome that status has was written again: %s", path)
		}
	}
}

// TestOutcomeOfAnEarlierWebhook: outcomes of a webhook that was deleted and made
// anew are not its own.
func TestOutcomeOfAnEarlierWebhook(t *testing.T) {
	w := running(t)
	w.apply("kind: WebhookIntegration\nmetadata: {name: crm}\nspec: {url: https://api.example.com}")
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	earlier := w.webhook("order-shipped")
	w.delete(&v1alpha1.Webhook{}, "order-shipped")
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")

	w.session.Report(w.report(earlier, 7, plan.OutcomeFailed))
	w.settles()
	if last := w.webhook("order-shipped").Status.LastCall; last != nil {
		t.Errorf("the new webhook has the last call %+v of the one before", last)
	}
	w.session.Report(w.report(w.webhook("order-shipped"), 8, plan.OutcomeSucceeded))
	w.last(5*time.Second, "order-shipped", plan.OutcomeSucceeded)
	w.settles()
	outcomes := 0
	for _, path := range w.writes.since(0) {
		if strings.Contains(path, "webhook-operator-outcomes") {
			outcomes++
		}
	}
	if outcomes != 1 {
		t.Errorf("%d outcomes were written, want 1", outcomes)
	}
}

// TestFieldOwners: conditions and outcomes have owners of their own, so that
// each can be applied without the other.
func TestFieldOwners(t *testing.T) {
	w := running(t)
	w.apply("kind: WebhookIntegration\nmetadata: {name: crm}\nspec: {url: https://api.example.com}")
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	w.counted("order-shipped", 1, plan.OutcomeSucceeded, 200, 1, 0)
	obj := w.last(5*time.Second, "order-shipped", plan.OutcomeSucceeded)
	owned := map[string]string{}
	for _, entry := range obj.ManagedFields {
		if entry.Subresource == "status" {
			owned[entry.Manager+" "+string(entry.Operation)] = entry.FieldsV1.GetRawString()
		}
	}
	conditions, outcomes := owned["webhook-operator Apply"], owned["webhook-operator-outcomes Apply"]
	healthy := `k:{\"type\":\"Healthy\"}`
	if !strings.Contains(conditions, "f:conditions") || strings.Contains(conditions, "f:lastCall") || strings.Contains(conditions, healthy) {
		t.Errorf("webhook-operator owns %s", conditions)
	}
	if !strings.Contains(outcomes, "f:lastCall") || !strings.Contains(outcomes, healthy) || strings.Count(outcomes, "k:{") != 1 {
		t.Errorf("webhook-operator-outcomes owns %s", outcomes)
	}
}

// TestStaleStatus: a status that was computed for an object as it no longer is,
// or for another of its name, is not written.
func TestStaleStatus(t *testing.T) {
	w := newWorld(t)
	w.apply(orderShipped)
	stale := w.webhook("order-shipped")
	w.apply(strings.Replace(orderShipped, "/orders/", "/o/", 1))
	update := v1alpha1.WebhookStatus{URLView: "https://stale.example.com"}
	if err := controllers.ApplyWebhookStatus(t.Context(), w, stale, update); !apierrors.IsConflict(err) {
		t.Errorf("for a changed object: %v, want a conflict", err)
	}
	stale = w.webhook("order-shipped")
	w.delete(&v1alpha1.Webhook{}, "order-shipped")
	if err := controllers.ApplyWebhookStatus(t.Context(), w, stale, update); !apierrors.IsNotFound(err) {
		t.Errorf("for a deleted object: %v, want not found", err)
	}
	w.apply(orderShipped)
	if err := controllers.ApplyWebhookStatus(t.Context(), w, stale, update); !apierrors.IsConflict(err) {
		t.Errorf("for an object made anew: %v, want a conflict", err)
	}
	if got := w.webhook("order-shipped").Status.URLView; got != "" {
		t.Errorf("status.urlView is %q", got)
	}
}

// TestCachedSecrets: of a Secret's metadata the cache keeps nothing that could
// hold its values; kubectl apply puts a copy of them into an annotation.
func TestCachedSecrets(t *testing.T) {
	got, err := controllers.StripMetadata(&metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "crm", UID: "u", ResourceVersion: "7",
		Annotations:   map[string]string{"kubectl.kubernetes.io/last-applied-configuration": canary},
		Labels:        map[string]string{"a": canary},
		ManagedFields: []metav1.ManagedFieldsEntry{{Manager: canary}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "crm", UID: "u", ResourceVersion: "7"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
