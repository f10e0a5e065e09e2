package controllers_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// partner is the label that the selectors here look at.
const partner = "example.com/partner"

// in is the same world with another namespace.
func (w *world) in(namespace string) *world {
	other := *w
	other.namespace = namespace
	return &other
}

// label sets the label partner of the namespace, or takes it off.
func (w *world) label(value any) {
	w.Helper()
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"labels": map[string]any{partner: value}}})
	if err != nil {
		w.Fatal(err)
	}
	namespace := &corev1.Namespace{}
	namespace.Name = w.namespace
	if err := w.Patch(w.Context(), namespace, client.RawPatch("application/merge-patch+json", patch)); err != nil {
		w.Fatal(err)
	}
}

// abroad is order-shipped with the integration of another namespace.
func abroad(namespace string) string {
	return strings.Replace(orderShipped, "{name: crm}", "{name: crm, namespace: "+namespace+"}", 1)
}

var notFound = []string{
	"Accepted=True Accepted", "ResolvedRefs=False IntegrationNotFound", "Programmed=False NotProgrammed",
	"Ready=False IntegrationNotFound", "Reconciling=True IntegrationNotFound",
}

// TestSharedIntegration: a Webhook of another namespace works with an integration
// exactly while that allows it, by All or by a label that comes and goes, and
// nobody else shows up in the integration's status.
func TestSharedIntegration(t *testing.T) {
	w := running(t)
	guest := w.in(w.newNamespace(nil))
	w.apply(crmSecret)
	guest.apply(strings.Replace(crmSecret, canary, "of-the-guest", 1))
	w.apply(crm)
	w.apply(orderShipped)
	guest.apply(abroad(w.namespace))
	w.isReady(soon, "crm", "order-shipped")

	works := func() error {
		err := guest.hasConditions(guest.webhook("order-shipped"), status.CurrentStatus, slices.Clone(ready)...)
		if entry := w.catalog.webhook(guest.key("order-shipped")); entry.NotReady != "" || entry.Integration != w.key("crm") {
			err = errors.Join(err, fmt.Errorf("the dispatcher has %+v", entry))
		}
		return errors.Join(err, w.counts(2))
	}
	isNotFound := func() error {
		err := guest.hasConditions(guest.webhook("order-shipped"), status.InProgressStatus, slices.Clone(notFound)...)
		if entry := w.catalog.webhook(guest.key("order-shipped")); !strings.Contains(entry.NotReady, "does not allow") || entry.SystemName != "" || entry.Integration != (plan.Key{}) {
			err = errors.Join(err, fmt.Errorf("the dispatcher has %+v", entry))
		}
		return errors.Join(err, w.counts(1))
	}
	w.within(soon, isNotFound) // Same is the default
	w.apply(crm + "  allowedNamespaces: {from: All}\n")
	w.within(recovery, works)
	got, want := guest.webhook("order-shipped").Status, w.webhook("order-shipped").Status
	got.Conditions, want.Conditions = nil, nil
	if diff := cmp.Diff(want, got); diff != "" || got.URLView == "" {
		t.Errorf("the status of the guest's webhook (-own +guest's):\n%s", diff)
	}
	if value := w.catalog.integration(w.key("crm")).Headers[0].Value.Reveal(); value != "Bearer "+canary {
		t.Errorf("the dispatcher got the value %q, want that of the integration's namespace", value)
	}
	w.apply(crm + "  allowedNamespaces: {from: Same}\n")
	w.within(recovery, isNotFound)
	w.apply(crm + "  allowedNamespaces: {from: Selector, selector: {matchLabels: {" + partner + ": '1'}}}\n")
	w.settles()
	w.within(recovery, isNotFound)
	guest.label("1")
	w.within(recovery, works)
	guest.label("2")
	w.within(recovery, isNotFound)
	guest.label("1")
	w.within(recovery, works)
	guest.label(nil)
	w.within(recovery, isNotFound)
}

// counts checks the count of the integration's webhooks.
func (w *world) counts(want int32) error {
	w.Helper()
	if n := w.integration("crm").Status.Webhooks; n == nil || *n != want {
		return fmt.Errorf("status.webhooks is not %d: %+v", want, w.integration("crm").Status)
	}
	return nil
}

// TestSharedIntegrationAfterARestart: a manager that starts anew knows the labels
// of namespaces before it tells the dispatcher anything, and writes nothing.
func TestSharedIntegrationAfterARestart(t *testing.T) {
	w := running(t)
	guest := w.in(w.newNamespace(map[string]string{partner: "1"}))
	w.apply(crmSecret)
	w.apply(crm + "  allowedNamespaces: {from: Selector, selector: {matchLabels: {" + partner + ": '1'}}}\n")
	w.isReady(soon, "crm")
	guest.apply(abroad(w.namespace))
	w.within(soon, func() error {
		return errors.Join(w.counts(1), guest.hasConditions(guest.webhook("order-shipped"), status.CurrentStatus, slices.Clone(ready)...))
	})
	writes, unready := w.settles(), w.catalog.timesUnready(guest.key("order-shipped"))
	for range 3 {
		w.stopManager()
		w.startManager()
		last := "kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}"
		w.apply(last)
		w.isReady(soon, "last") // then this manager has a session and works
		w.settles()
		w.delete(&v1alpha1.WebhookIntegration{}, "last")
	}
	for _, path := range w.writes.since(writes) {
		if !strings.Contains(path, "/webhookintegrations/last/status") {
			t.Errorf("a restarted manager wrote %s", path)
		}
	}
	if n := w.catalog.timesUnready(guest.key("order-shipped")); n != unready {
		t.Errorf("the restarted managers told the dispatcher %d times that the guest's webhook is not ready", n-unready)
	}
}

// TestNotAllowedLooksLikeMissing: whoever may not use an integration cannot tell
// it from one that does not exist: not by status, events or what callers are
// told, whatever state it is in, and not while it has never been compiled.
func TestNotAllowedLooksLikeMissing(t *testing.T) {
	w := newWorld(t)
	w.mayFail = true
	w.config = rest.CopyConfig(w.config)
	w.config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/secrets/unread") {
				return nil, errors.New("this Secret hangs")
			}
			return next.RoundTrip(r)
		})
	})
	w.startManager()
	w.startDispatcher()
	guest := w.in(w.newNamespace(map[string]string{partner: "2"}))
	w.apply("kind: WebhookIntegration\nmetadata: {name: first}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "first")
	guest.apply(hiddenWebhook(w.namespace, "none")) // it does not exist
	want := guest.shownOf("none")
	for name, integration := range map[string]string{
		"same":      "url: https://h1dden.example.com",
		"selector":  "url: https://h1dden.example.com\n  allowedNamespaces: {from: Selector, selector: {matchLabels: {" + partner + ": '1'}}}",
		"suspended": "url: https://h1dden.example.com\n  suspend: true",
		"lacking":   "url: https://h1dden.example.com\n  headers: [{name: X-Hidden, valueFrom: {secretKeyRef: {name: h1dden, key: a}}}]",
		"invalid":   "url: https://h1dden.example.com/a/../b",
		"unread":    "url: https://h1dden.example.com\n  headers: [{name: X-Hidden, valueFrom: {secretKeyRef: {name: unread, key: a}}}]",
	} {
		w.apply("kind: WebhookIntegration\nmetadata: {name: " + name + "}\nspec:\n  " + integration + "\n")
		guest.apply(hiddenWebhook(w.namespace, name))
		if diff := cmp.Diff(want, guest.shownOf(name)); diff != "" {
			t.Errorf("%s differs from one that does not exist (-none +%s):\n%s", name, name, diff)
		}
	}
	w.settles()
	for _, name := range []string{"none", "same", "selector", "suspended", "lacking", "invalid", "unread"} {
		if diff := cmp.Diff(want, guest.shownOf(name)); diff != "" {
			t.Errorf("later, %s differs from one that does not exist (-none +%s):\n%s", name, name, diff)
		}
	}
	if got := message(guest.webhook("same"), v1alpha1.ConditionResolvedRefs); strings.Contains(got, "h1dden") {
		t.Errorf("ResolvedRefs says %q", got)
	}
}

// hiddenWebhook refers to an integration of another namespace by its own name.
func hiddenWebhook(namespace, name string) string {
	return "kind: Webhook\nmetadata: {name: " + name + "}\nspec: {integrationRef: {name: " + name + ", namespace: " + namespace + "}, url: /a}\n"
}

var times = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`)

// shownOf is all that can be seen of a webhook once it has a status and an event,
// without times and its name.
func (w *world) shownOf(name string) []string {
	w.Helper()
	var shown []string
	w.within(soon, func() error {
		encoded, err := json.MarshalIndent(w.webhook(name).Status, "", " ")
		if err != nil {
			w.Fatal(err)
		}
		events := w.events(name)
		entry := w.catalog.webhook(w.key(name))
		if len(events) == 0 || entry.Key == (plan.Key{}) || !strings.Contains(string(encoded), "IntegrationNotFound") {
			return fmt.Errorf("of %s there is only the status %s, the events %q and the entry %+v", name, encoded, events, entry)
		}
		shown = []string{times.ReplaceAllString(string(encoded), "TIME")}
		shown = append(shown, events...)
		shown = append(shown, entry.NotReady)
		for i := range shown {
			shown[i] = strings.ReplaceAll(shown[i], "/"+name, "/NAME")
			shown[i] = strings.ReplaceAll(shown[i], `"systemName": "`+name+`"`, "NAME")
		}
		return nil
	})
	return shown
}
