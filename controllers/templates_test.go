package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const shop = "kind: WebhookIntegration\nmetadata: {name: shop}\nspec: {url: https://api.example.com/v1}"

const fromConfigMap = `
kind: Webhook
metadata: {name: from-config-map}
spec:
  integrationRef: {name: shop}
  url: /orders
  bodyFrom: {configMapKeyRef: {name: templates, key: order.json}}
`

const templates = `
apiVersion: v1
kind: ConfigMap
metadata: {name: templates}
data: {order.json: '{"id": "${Order.Id}", "transaction": "${WebhookRequest.TransactionalId}"}'}
`

// unresolved says how a webhook's conditions differ from those of one that waits
// for something it refers to.
func (w *world) unresolved(webhook, reason string) error {
	w.Helper()
	return w.hasConditions(w.webhook(webhook), status.InProgressStatus,
		"Accepted=True Accepted", "ResolvedRefs=False "+reason, "Programmed=False NotProgrammed",
		"Ready=False "+reason, "Reconciling=True "+reason)
}

// TestBodyFrom: a ConfigMap that is missing, wrong or changed is followed within
// 2 s, and what the status says of the templates follows it too.
func TestBodyFrom(t *testing.T) {
	w := running(t)
	w.apply(shop)
	w.apply(fromConfigMap)
	w.within(soon, func() error { return w.unresolved("from-config-map", "ConfigMapNotFound") })
	w.says(w.webhook("from-config-map"), `ConfigMap "templates"`)
	if got := w.webhook("from-config-map").Status; *got.IdempotencyKey || got.Model != nil {
		t.Errorf("without the body's template the key is %t and the model %v", *got.IdempotencyKey, got.Model)
	}

	w.apply(strings.Replace(templates, "order.json", "other", 1))
	w.within(recovery, func() error { return w.unresolved("from-config-map", "ConfigMapKeyNotFound") })
	w.says(w.webhook("from-config-map"), `no key "order.json"`)

	w.apply(templates)
	w.isReady(recovery, "shop", "from-config-map")
	w.hasBody("from-config-map", `{"id": "${Order.Id}", "transaction": "${WebhookRequest.TransactionalId}"}`)
	got := w.webhook("from-config-map").Status
	if diff := cmp.Diff([]v1alpha1.ModelPath{{Path: "Order.Id", Type: "Primitive"}}, got.Model); diff != "" || !*got.IdempotencyKey {
		t.Errorf("idempotencyKey is %t; model (-want +got):\n%s", *got.IdempotencyKey, diff)
	}

	w.apply(strings.Replace(templates, "${Order.Id}", "${Order.}", 1))
	w.within(recovery, func() error {
		return w.hasConditions(w.webhook("from-config-map"), status.FailedStatus,
			"Accepted=False TemplateInvalid", "ResolvedRefs=True ResolvedRefs", "Programmed=False NotProgrammed",
			"Ready=False TemplateInvalid", "Stalled=True TemplateInvalid")
	})
	if got := message(w.webhook("from-config-map"), v1alpha1.ConditionAccepted); !strings.HasPrefix(got, "bodyFrom:1:") {
		t.Errorf("Accepted says %q, want field, line and column first", got)
	}

	w.apply(strings.Replace(templates, "${Order.Id}", "${Order.Number}", 1))
	w.isReady(recovery, "shop", "from-config-map")
	w.hasBody("from-config-map", `{"id": "${Order.Number}", "transaction": "${WebhookRequest.TransactionalId}"}`)

	w.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: templates}\nbinaryData: {order.json: e30=}")
	w.within(recovery, func() error { return w.unresolved("from-config-map", "ConfigMapValueInvalid") })
	w.apply(templates)
	w.isReady(recovery, "shop", "from-config-map")
	w.delete(&corev1.ConfigMap{}, "templates")
	w.within(recovery, func() error { return w.unresolved("from-config-map", "ConfigMapNotFound") })
}

// hasBody waits until the dispatcher has this body for a webhook.
func (w *world) hasBody(webhook, body string) {
	w.Helper()
	w.within(recovery, func() error {
		if got := w.catalog.webhook(w.key(webhook)).Body; got != body {
			return fmt.Errorf("the dispatcher has the body %q, want %q", got, body)
		}
		return nil
	})
}

// TestChangedBodyNeedsNoWrite: a change of a template that status does not show
// reaches the dispatcher without a write, and a manager that starts anew reads
// the ConfigMap before it tells the dispatcher anything.
func TestChangedBodyNeedsNoWrite(t *testing.T) {
	w := running(t)
	w.apply(shop)
	w.apply(templates)
	w.apply(fromConfigMap)
	w.isReady(soon, "shop", "from-config-map")
	writes := w.settles()
	w.apply(strings.Replace(templates, `"id"`, `"number"`, 1))
	w.hasBody("from-config-map", `{"number": "${Order.Id}", "transaction": "${WebhookRequest.TransactionalId}"}`)
	w.stopManager()
	w.apply(templates)
	w.startManager()
	w.hasBody("from-config-map", `{"id": "${Order.Id}", "transaction": "${WebhookRequest.TransactionalId}"}`)
	w.settles()
	if extra := w.writes.since(writes); len(extra) > 0 {
		t.Errorf("the changes made writes: %q", extra)
	}
}

// TestRefusedConfigMap: a ConfigMap that the operator may not read is a condition
// of its webhook, and keeps no other one from being ready.
func TestRefusedConfigMap(t *testing.T) {
	w := newWorld(t)
	w.refuseContents()
	w.startManager()
	w.startDispatcher()
	w.apply(shop)
	w.apply(templates)
	w.apply(fromConfigMap)
	w.apply("kind: Webhook\nmetadata: {name: other}\nspec: {integrationRef: {name: shop}}")
	w.isReady(soon, "shop", "other")
	w.within(soon, func() error { return w.unresolved("from-config-map", "ConfigMapUnreadable") })
	w.says(w.webhook("from-config-map"), `configmaps "templates" is forbidden`)
}

// TestContentTypeOfTheIntegration: the Content-Type that a webhook inherits says
// what its body is, also if nobody may see its value.
func TestContentTypeOfTheIntegration(t *testing.T) {
	w := running(t)
	w.apply("kind: Webhook\nmetadata: {name: order}\nspec: {integrationRef: {name: shop}, body: '{\"id\": \"${Order.Id}\"}'}")
	w.within(soon, func() error { return w.unresolved("order", "IntegrationNotFound") })
	is := func(want plan.BodyContext) {
		t.Helper()
		w.within(soon, func() error {
			if got := w.catalog.webhook(w.key("order")).BodyContext; got != want {
				return fmt.Errorf("the dispatcher takes the body for %s, want %s", got, want)
			}
			return nil
		})
		w.isReady(soon, "shop", "order")
	}
	inherits := func(header string) {
		w.apply(shop[:len(shop)-1] + ", headers: [{name: content-type, " + header + "}]}")
	}
	w.apply(shop)
	is(plan.BodyJSON)
	inherits("value: application/x-www-form-urlencoded")
	is(plan.BodyForm)
	inherits("value: application/problem+json; a=" + canary + ", private: true")
	is(plan.BodyJSON)
	inherits("value: application/x-www-form-urlencoded; a=" + canary + ", private: true")
	is(plan.BodyForm)

	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: type}\nstringData: {type: VALUE}"
	w.apply(strings.Replace(secret, "VALUE", "application/json; a="+canary, 1))
	inherits("valueFrom: {secretKeyRef: {name: type, key: type}}")
	is(plan.BodyJSON)
	w.apply(strings.Replace(secret, "VALUE", "text/xml; a="+canary, 1))
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("order"), status.FailedStatus,
			"Accepted=False TemplateInvalid", "ResolvedRefs=True ResolvedRefs", "Programmed=False NotProgrammed",
			"Ready=False TemplateInvalid", "Stalled=True TemplateInvalid")
	})
	if w.shows(w.webhook("order"), canary) {
		t.Error("the webhook shows a private Content-Type that its body does not suit")
	}
	w.apply(strings.Replace(secret, "VALUE", canary, 1))
	is(plan.BodyText)
	w.within(soon, func() error {
		got := message(w.webhook("order"), v1alpha1.ConditionAccepted)
		if !strings.Contains(got, "Content-Type is no media type") {
			return fmt.Errorf("Accepted says %q, want a note that the body is not escaped", got)
		}
		return nil
	})
	if w.shows(w.webhook("order"), canary) {
		t.Error("the webhook shows a private Content-Type")
	}
}

// TestSampleData: the sample has a condition of its own, which Ready does not
// follow and which goes with the sample.
func TestSampleData(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	sample := func(data string) string { return orderShipped + "  sampleData: " + data + "\n" }
	conditions := func(wanted string) {
		t.Helper()
		w.within(soon, func() error {
			return w.hasConditions(w.webhook("order-shipped"), status.CurrentStatus, append(slices.Clone(ready), wanted)...)
		})
	}
	w.apply(sample("{Client: {Id: " + canary + "}}"))
	conditions("SampleRendered=False SampleFailed")
	got := message(w.webhook("order-shipped"), v1alpha1.ConditionSampleRendered)
	if lines := strings.Split(got, "\n"); !slices.EqualFunc(lines, []string{"url:1:", "body:1:"}, strings.HasPrefix) || strings.Contains(got, canary) {
		t.Errorf("SampleRendered says %q, want a line with the place of each missing value", got)
	}
	before := meta.FindStatusCondition(w.webhook("order-shipped").Status.Conditions, v1alpha1.ConditionReady)

	w.apply(sample("{order: {id: A-17}}"))
	conditions("SampleRendered=True SampleRendered")
	w.settles()
	w.stopManager()
	writes := w.settles()
	w.startManager()
	w.apply("kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "last") // then this manager works
	w.settles()
	for _, path := range w.writes.since(writes) {
		if strings.Contains(path, "/webhooks/") {
			t.Errorf("a restarted manager wrote %s", path)
		}
	}

	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	after := meta.FindStatusCondition(w.webhook("order-shipped").Status.Conditions, v1alpha1.ConditionReady)
	if !before.LastTransitionTime.Equal(&after.LastTransitionTime) {
		t.Errorf("Ready went along with the sample: %+v, then %+v", before, after)
	}
}

// TestSampleFollowsTheConfigMap: a change that only the sample shows is written.
func TestSampleFollowsTheConfigMap(t *testing.T) {
	w := running(t)
	w.apply(shop)
	w.apply(fromConfigMap + "  sampleData: {order: {id: A-17}}\n")
	from := func(start string) {
		w.apply("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: templates}\ndata: {order.json: '{\"id\": \"${ substring(Order.Id, " + start + ") }\"}'}")
	}
	for _, step := range []struct{ start, wanted string }{
		{"3", "SampleRendered=True SampleRendered"}, {"9", "SampleRendered=False SampleFailed"},
	} {
		from(step.start)
		w.within(soon, func() error {
			return w.hasConditions(w.webhook("from-config-map"), status.CurrentStatus, append(slices.Clone(ready), step.wanted)...)
		})
	}
	if got := w.webhook("from-config-map").Generation; got != 1 {
		t.Errorf("the generation is %d, so this test shows nothing", got)
	}
	w.delete(&corev1.ConfigMap{}, "templates")
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("from-config-map"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=False ConfigMapNotFound", "Programmed=False NotProgrammed",
			"Ready=False ConfigMapNotFound", "Reconciling=True ConfigMapNotFound", "SampleRendered=False SampleFailed")
	})
}

// TestUnknownCulture: the schema lets any name through, and the condition says
// which are known.
func TestUnknownCulture(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped + "  culture: tlh-KX\n")
	w.within(soon, func() error {
		return w.hasConditions(w.webhook("order-shipped"), status.FailedStatus,
			"Accepted=False InvalidSpec", "ResolvedRefs=True ResolvedRefs", "Programmed=False NotProgrammed",
			"Ready=False InvalidSpec", "Stalled=True InvalidSpec")
	})
	if got := message(w.webhook("order-shipped"), v1alpha1.ConditionAccepted); !strings.Contains(got, `"tlh-KX" is not known; use one of de-DE, `) {
		t.Errorf("Accepted says %q, want the known names", got)
	}
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
}

// TestModel: status.model follows the templates, and values in several of them
// are there once.
func TestModel(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(strings.Replace(orderShipped, `"${Order.Id}"`, `"${order.ID}", "at": "${WebhookRequest.CreatedAt}", "city": "${Customer.City}"`, 1))
	has := func(want ...v1alpha1.ModelPath) {
		t.Helper()
		w.within(soon, func() error {
			if diff := cmp.Diff(want, w.webhook("order-shipped").Status.Model); diff != "" {
				return errors.New("model (-want +got):\n" + diff)
			}
			return nil
		})
	}
	has(v1alpha1.ModelPath{Path: "Customer.City", Type: "Primitive"}, v1alpha1.ModelPath{Path: "Order.Id", Type: "Primitive"})
	w.apply(orderShipped)
	has(v1alpha1.ModelPath{Path: "Order.Id", Type: "Primitive"})
	w.apply("kind: Webhook\nmetadata: {name: order-shipped}\nspec: {integrationRef: {name: crm}}")
	has()
}
