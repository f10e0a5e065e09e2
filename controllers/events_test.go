package controllers_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// events lists the events about the objects of a name, oldest first.
func (w *world) events(name string) []string {
	w.Helper()
	var list eventsv1.EventList
	if err := w.List(w.Context(), &list, client.InNamespace(w.namespace)); err != nil {
		w.Fatal(err)
	}
	slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
	var lines []string
	for i := range list.Items {
		e := &list.Items[i]
		if w.shows(e, canary) {
			w.Errorf("an event shows a secret: %s %s", e.Reason, e.Regarding.Name)
		}
		if e.Regarding.Name == name {
			lines = append(lines, fmt.Sprintf("%s %s %s: %s", e.Type, e.Reason, e.Regarding.Kind, e.Note))
		}
	}
	return lines
}

// tells waits until the events about the objects of a name begin as wanted, each.
func (w *world) tells(name string, wanted ...string) {
	w.Helper()
	w.within(soon, func() error {
		if have := w.events(name); !slices.EqualFunc(have, wanted, strings.HasPrefix) {
			return fmt.Errorf("the events of %s are %q, want %q", name, have, wanted)
		}
		return nil
	})
}

// TestEvents: each change that somebody on call looks for is one event, and
// nothing else is.
func TestEvents(t *testing.T) {
	w := newWorld(t)
	w.startManager()
	w.apply(crm)
	w.apply(orderShipped)
	missing := "Warning SecretNotFound WebhookIntegration: Secret \"crm\" of header Authorization does not exist"
	w.tells("crm", missing)
	w.apply(strings.Replace(crmSecret, `s3cr3t-canary\n`, `s3cr3t-canary\nb`, 1))
	invalid := "Warning SecretValueInvalid WebhookIntegration: key \"token\" of Secret \"crm\" cannot be"
	w.tells("crm", missing, invalid)
	w.apply(crmSecret)
	w.within(soon, func() error { // what the warning was about is repaired, but it is not ready
		return w.hasConditions(w.integration("crm"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=Unknown Pending", "Ready=Unknown Pending", "Reconciling=True Pending")
	})
	w.startDispatcher()
	works := "Normal Ready WebhookIntegration: ready for calls"
	w.tells("crm", missing, invalid, works)
	w.isReady(soon, "crm", "order-shipped")

	w.apply(strings.Replace(orderShipped, "${Order.Id}?", "${?", 1))
	broken := "Warning TemplateInvalid Webhook: url:1:"
	w.tells("order-shipped", broken)
	w.apply(orderShipped)
	w.tells("order-shipped", broken, "Normal Ready Webhook: ready for calls")

	w.stopManager()
	w.startManager()
	w.apply("kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "last") // then this manager has a session and works
	w.settles()
	w.tells("order-shipped", broken, "Normal Ready Webhook: ready for calls")
	w.tells("crm", missing, invalid, works)
	w.tells("last")
}

// TestInsecureTLS: a condition says so as long as it is so, an event when it
// begins and when it ends, and Ready takes no notice.
func TestInsecureTLS(t *testing.T) {
	w := running(t)
	const secure = "kind: WebhookIntegration\nmetadata: {name: crm}\nspec:\n  url: https://api.example.com\n"
	const insecure = secure + "  tls: {insecureSkipVerify: true}\n"
	has := func(more ...string) {
		w.Helper()
		w.within(soon, func() error {
			return w.hasConditions(w.integration("crm"), status.CurrentStatus, append(slices.Clone(ready), more...)...)
		})
	}
	w.apply(insecure)
	has("InsecureTLS=True InsecureSkipVerify")
	if got := message(w.integration("crm"), v1alpha1.ConditionInsecureTLS); !strings.Contains(got, "certificate is not verified, so ") {
		t.Errorf("InsecureTLS says %q", got)
	}
	begins := "Warning InsecureTLS WebhookIntegration: the receiver's certificate is not verified, so whoever"
	w.tells("crm", begins)
	if tls := w.catalog.integration(w.key("crm")).TLS; tls == nil || !tls.InsecureSkipVerify {
		t.Errorf("the dispatcher has %+v", tls)
	}
	w.apply(insecure + "  requestsPerSecond: 7\n")
	w.within(soon, func() error {
		if w.catalog.integration(w.key("crm")).RequestsPerSecond != 7 {
			return errors.New("the dispatcher has not got the change")
		}
		return nil
	})
	has("InsecureTLS=True InsecureSkipVerify")
	writes := w.settles()
	w.stopManager()
	w.startManager()
	w.apply("kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}")
	w.isReady(soon, "last") // then this manager has a session and works
	w.settles()
	w.tells("crm", begins)
	for _, path := range w.writes.since(writes) {
		if !strings.Contains(path, "/webhookintegrations/last/status") {
			t.Errorf("a restarted manager wrote %s", path)
		}
	}
	w.apply(secure)
	has()
	w.tells("crm", begins, "Normal VerifiedTLS WebhookIntegration: the receiver's certificate is verified again")
	w.apply(strings.Replace(insecure, "https://api.example.com", "https://api.example.com/a/../b", 1))
	w.within(soon, func() error {
		have := []string{}
		for _, c := range w.integration("crm").Status.Conditions {
			if c.Type == v1alpha1.ConditionInsecureTLS || c.Type == v1alpha1.ConditionReady {
				have = append(have, c.Type+"="+string(c.Status))
			}
		}
		if diff := cmp.Diff([]string{"Ready=False", "InsecureTLS=True"}, have); diff != "" {
			return fmt.Errorf("a spec with another problem (-want +got):\n%s", diff)
		}
		return nil
	})
}
