package controllers_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
)

// TestSystemNameConflict: the older webhook keeps a system name, whichever of
// the two asks for it last, and the other gets it when it is free.
func TestSystemNameConflict(t *testing.T) {
	w := running(t)
	w.apply("kind: WebhookIntegration\nmetadata: {name: crm}\nspec: {url: https://api.example.com/v1}")
	webhook := func(name, systemName string) {
		w.apply("kind: Webhook\nmetadata: {name: " + name + "}\nspec: {integrationRef: {name: crm}, systemName: " + systemName + "}")
	}
	taken := func(name string) error {
		return w.hasConditions(w.webhook(name), status.FailedStatus,
			"Accepted=False SystemNameTaken", "ResolvedRefs=True ResolvedRefs", "Programmed=False NotProgrammed",
			"Ready=False SystemNameTaken", "Stalled=True SystemNameTaken")
	}
	isReady := func(name string) error {
		return w.hasConditions(w.webhook(name), status.CurrentStatus, slices.Clone(ready)...)
	}

	// Both in one second would be a tie, which the names decide the same way.
	webhook("a-older", "orders")
	w.isReady(soon, "crm", "a-older")
	webhook("b-newer", "Orders")
	w.within(soon, func() error { return errors.Join(isReady("a-older"), taken("b-newer")) })
	if got := message(w.webhook("b-newer"), v1alpha1.ConditionAccepted); !strings.Contains(got, `"a-older"`) {
		t.Errorf("Accepted says %q, want the holder's name in it", got)
	}

	webhook("a-older", "invoices")
	w.within(recovery, func() error { return errors.Join(isReady("a-older"), isReady("b-newer")) })

	webhook("a-older", "ORDERS")
	w.within(recovery, func() error { return errors.Join(isReady("a-older"), taken("b-newer")) })

	w.delete(&v1alpha1.Webhook{}, "a-older")
	w.within(recovery, func() error { return isReady("b-newer") })
}
