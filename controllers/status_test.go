package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// soon bounds what has no bar of its own; recovery is the bar for everything
// that comes by itself.
const (
	soon     = 20 * time.Second
	recovery = 2 * time.Second
)

const crm = `
kind: WebhookIntegration
metadata: {name: crm}
spec:
  url: https://api.example.com/v1
  headers:
    - {name: Authorization, valueFrom: {secretKeyRef: {name: crm, key: token}}}
    - {name: Content-Type, value: application/json}
`

const crmSecret = `
apiVersion: v1
kind: Secret
metadata: {name: crm}
stringData: {token: "Bearer s3cr3t-canary\n"}
`

const orderShipped = `
kind: Webhook
metadata: {name: order-shipped}
spec:
  integrationRef: {name: crm}
  url: /orders/${Order.Id}?transactionId=${WebhookRequest.TransactionalId}
  body: '{"id": "${Order.Id}"}'
`

// TestPhases takes the main objects from creation to Ready, and looks at each
// phase as kubectl wait, kstatus and a reader of the status see it.
func TestPhases(t *testing.T) {
	w := newWorld(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	for _, obj := range []client.Object{w.integration("crm"), w.webhook("order-shipped")} {
		if got := w.kstatus(obj); got != status.InProgressStatus {
			t.Errorf("without a manager %s is %s, want InProgress", obj.GetName(), got)
		}
	}

	w.startManager()
	waiting := []string{
		"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=Unknown Pending", "Ready=Unknown Pending", "Reconciling=True Pending",
	}
	w.within(soon, func() error {
		return errors.Join(
			w.hasConditions(w.integration("crm"), status.InProgressStatus, waiting...),
			w.hasConditions(w.webhook("order-shipped"), status.InProgressStatus, waiting...))
	})

	w.startDispatcher()
	w.isReady(soon, "crm", "order-shipped")
	w.within(recovery, func() error {
		if n := w.integration("crm").Status.Webhooks; n == nil || *n != 1 {
			return fmt.Errorf("status.webhooks is %v, want 1", n)
		}
		return nil
	})

	got := w.webhook("order-shipped").Status
	yes, generation := true, int64(1)
	want := v1alpha1.WebhookStatus{
		ObservedGeneration: &generation,
		SystemName:         "orderShipped",
		URLView:            "https://api.example.com/v1/orders/${Order.Id}?transactionId=${WebhookRequest.TransactionalId}",
		HeadersView:        []string{"Authorization: ***", "Content-Type: application/json"},
		Model:              []v1alpha1.ModelPath{{Path: "Order.Id", Type: "Primitive"}},
		IdempotencyKey:     &yes,
	}
	got.Conditions = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
	if value := w.catalog.integration(w.key("crm")).Headers[0].Value.Reveal(); value != "Bearer "+canary {
		t.Errorf("the dispatcher got the Secret's value %q, want it without the line break", value)
	}
	if w.shows(w.integration("crm"), canary) || w.shows(w.webhook("order-shipped"), canary) {
		t.Error("an object shows a secret")
	}

	w.delete(&v1alpha1.Webhook{}, "order-shipped")
	w.within(recovery, func() error {
		n := w.integration("crm").Status.Webhooks
		if n == nil || *n != 0 || w.catalog.webhook(w.key("order-shipped")).SystemName != "" {
			return fmt.Errorf("after the deletion status.webhooks is %v, and the dispatcher has %+v", n, w.catalog.webhook(w.key("order-shipped")))
		}
		return nil
	})
}

// TestTransitionTimes: a condition's transition time stays as long as its status.
func TestTransitionTimes(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	before := w.webhook("order-shipped")
	w.within(soon, func() error { // transition times have whole seconds
		if time.Since(before.Status.Conditions[0].LastTransitionTime.Time) < 2*time.Second {
			return errors.New("too early to tell times apart")
		}
		return nil
	})
	w.apply(strings.Replace(orderShipped, "/orders/", "/o/", 1))
	w.within(soon, func() error {
		after := w.webhook("order-shipped")
		if !strings.Contains(after.Status.URLView, "/v1/o/") {
			return errors.New("the change has not arrived")
		}
		for i, c := range after.Status.Conditions {
			if c.Type == v1alpha1.ConditionAccepted && !c.LastTransitionTime.Equal(&before.Status.Conditions[i].LastTransitionTime) {
				t.Errorf("Accepted stayed True, and its transition time went from %s to %s", before.Status.Conditions[i].LastTransitionTime, c.LastTransitionTime)
			}
		}
		return w.hasConditions(after, status.CurrentStatus, append([]string(nil), ready...)...)
	})
}

// TestInvalidTemplate: the condition names field, line and column of each error,
// kstatus says that somebody must act, and the repaired webhook becomes ready.
func TestInvalidTemplate(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	w.apply(strings.NewReplacer(`"${Order.Id}"`, `"${Order.}", "city": "${ }"`, "/orders/${", "/${}/${").Replace(orderShipped) +
		"  headers: [{name: X-Order, value: '${ a. }'}]\n")
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("order-shipped"), status.FailedStatus,
			"Accepted=False TemplateInvalid", "ResolvedRefs=True ResolvedRefs", "Programmed=False NotProgrammed",
			"Ready=False TemplateInvalid", "Stalled=True TemplateInvalid")
	})
	lines := strings.Split(message(w.webhook("order-shipped"), v1alpha1.ConditionAccepted), "\n")
	places := []string{"url:1:", "headers[X-Order]:1:", "body:1:", "body:1:"}
	if !slices.EqualFunc(lines, places, strings.HasPrefix) {
		t.Errorf("Accepted says %q, want a line for each of %q", lines, places)
	}
	if got := message(w.webhook("order-shipped"), v1alpha1.ConditionStalled); got != lines[0] {
		t.Errorf("Stalled says %q, want %q", got, lines[0])
	}
	w.within(recovery, func() error {
		if entry := w.catalog.webhook(w.key("order-shipped")); entry.NotReady != lines[0] || entry.SystemName != "" {
			return fmt.Errorf("the dispatcher still has %+v", entry)
		}
		return nil
	})
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
}

// TestMissingReferences: a missing integration, Secret or key is named, and its
// appearance heals everything by itself within 2 s.
func TestMissingReferences(t *testing.T) {
	w := running(t)
	w.apply(orderShipped)
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("order-shipped"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=False IntegrationNotFound", "Programmed=False NotProgrammed",
			"Ready=False IntegrationNotFound", "Reconciling=True IntegrationNotFound")
	})
	w.says(w.webhook("order-shipped"), `WebhookIntegration "crm" does not exist`)

	w.apply(crm)
	waits := func(reason string) error {
		return errors.Join(
			w.hasConditions(w.integration("crm"), status.InProgressStatus,
				"Accepted=True Accepted", "ResolvedRefs=False "+reason, "Programmed=False NotProgrammed",
				"Ready=False "+reason, "Reconciling=True "+reason),
			w.hasConditions(w.webhook("order-shipped"), status.InProgressStatus,
				"Accepted=True Accepted", "ResolvedRefs=False IntegrationNotReady", "Programmed=False NotProgrammed",
				"Ready=False IntegrationNotReady", "Reconciling=True IntegrationNotReady"))
	}
	w.within(recovery, func() error { return waits("SecretNotFound") })
	w.says(w.integration("crm"), `Secret "crm"`)
	w.says(w.webhook("order-shipped"), `Secret "crm"`)

	w.apply(strings.Replace(crmSecret, "token:", "other:", 1))
	w.within(recovery, func() error { return waits("SecretKeyNotFound") })
	w.says(w.integration("crm"), `has no key "token"`)

	w.apply(crmSecret)
	w.isReady(recovery, "crm", "order-shipped")

	w.delete(&corev1.Secret{}, "crm")
	w.within(recovery, func() error { return waits("SecretNotFound") })
}

// says checks the message of ResolvedRefs.
func (w *world) says(obj client.Object, text string) {
	w.Helper()
	if got := message(obj, v1alpha1.ConditionResolvedRefs); !strings.Contains(got, text) {
		w.Errorf("ResolvedRefs of %s says %q, want %q in it", obj.GetName(), got, text)
	}
}

// TestRotatedSecret: a new value reaches the dispatcher in under 2 s, and needs
// no write to status.
func TestRotatedSecret(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.isReady(soon, "crm")
	writes := w.settles()
	for i := range 3 {
		value := fmt.Sprintf("%s-%d", canary, i)
		w.apply(strings.Replace(crmSecret, canary, value, 1))
		w.within(recovery, func() error {
			if got := w.catalog.integration(w.key("crm")).Headers[0].Value.Reveal(); got != "Bearer "+value {
				return errors.New("the dispatcher still has the value before")
			}
			return nil
		})
	}
	w.settles()
	if extra := w.writes.since(writes); len(extra) > 0 {
		t.Errorf("a rotation made writes: %q", extra)
	}
}

// TestSuspend: a suspended object is ready and says that calls wait, also when it
// is its integration that is suspended.
func TestSuspend(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	suspended := []string{"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=True Programmed", "Ready=True Suspended"}

	w.apply(orderShipped + "  suspend: true\n")
	w.within(soon, func() error { return w.hasConditions(w.webhook("order-shipped"), status.CurrentStatus, suspended...) })
	if !w.catalog.webhook(w.key("order-shipped")).Suspend {
		t.Error("the dispatcher does not know that the webhook is suspended")
	}
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")

	w.apply(crm + "  suspend: true\n")
	w.within(soon, func() error {
		return errors.Join(
			w.hasConditions(w.integration("crm"), status.CurrentStatus, suspended...),
			w.hasConditions(w.webhook("order-shipped"), status.CurrentStatus, suspended...))
	})
	if got := message(w.webhook("order-shipped"), v1alpha1.ConditionReady); !strings.Contains(got, `"crm"`) {
		t.Errorf("Ready says %q, want the integration's name in it", got)
	}
	w.apply(crm)
	w.isReady(soon, "crm", "order-shipped")
}

// TestRefusedByDispatcher: an entry the dispatcher refuses is not ready, says
// why, and does not keep others from being ready.
func TestRefusedByDispatcher(t *testing.T) {
	w := running(t)
	w.catalog.setRefusal(plan.KindWebhook, w.key("order-shipped"), "no room for it")
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.apply(strings.Replace(orderShipped, "order-shipped", "other", 1))
	w.isReady(soon, "crm", "other")
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("order-shipped"), status.FailedStatus,
			"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=False RejectedByDispatcher",
			"Ready=False RejectedByDispatcher", "Stalled=True RejectedByDispatcher")
	})
	if got := message(w.webhook("order-shipped"), v1alpha1.ConditionProgrammed); got != "no room for it" {
		t.Errorf("Programmed says %q, want the dispatcher's sentence", got)
	}
	w.catalog.setRefusal(plan.KindWebhook, w.key("order-shipped"), "")
	w.apply(strings.Replace(orderShipped, "/orders/", "/o/", 1))
	w.isReady(soon, "crm", "order-shipped")
}

// TestIntegrationDeleted: webhooks that remain are not ready and keep their
// calls, and come back with the integration.
func TestIntegrationDeleted(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	w.delete(&v1alpha1.WebhookIntegration{}, "crm")
	w.within(recovery, func() error {
		entry := w.catalog.webhook(w.key("order-shipped"))
		if entry.UID == "" || !strings.Contains(entry.NotReady, "does not exist") {
			return fmt.Errorf("the dispatcher has %+v, want the webhook as not ready", entry)
		}
		return w.hasConditions(w.webhook("order-shipped"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=False IntegrationNotFound", "Programmed=False NotProgrammed",
			"Ready=False IntegrationNotFound", "Reconciling=True IntegrationNotFound")
	})
	w.apply(crm)
	w.isReady(recovery, "crm", "order-shipped")
}

// TestRefusedSecret: a Secret that the operator may not read is a condition of
// its integration, and keeps no other one from being ready.
func TestRefusedSecret(t *testing.T) {
	w := newWorld(t)
	w.refuseContents()
	w.startManager()
	w.startDispatcher()
	w.apply(crmSecret)
	w.apply(crm)
	w.apply("kind: WebhookIntegration\nmetadata: {name: other}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "other")
	refused := func() error {
		return w.hasConditions(w.integration("crm"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=False SecretUnreadable", "Programmed=False NotProgrammed",
			"Ready=False SecretUnreadable", "Reconciling=True SecretUnreadable")
	}
	w.within(soon, refused)
	w.says(w.integration("crm"), `secrets "crm" is forbidden`)

	w.stopManager()
	w.startManager()
	w.apply("kind: WebhookIntegration\nmetadata: {name: third}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "third") // also a manager that starts anew goes on without the Secret
	w.within(soon, refused)
}
