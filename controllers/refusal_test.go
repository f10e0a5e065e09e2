package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sigs.k8s.io/cli-utils/pkg/kstatus/status"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestRefusedIntegration: the webhooks of an integration that the dispatcher does
// not take are not ready, say why, and take no calls. A restart does not make them
// look ready for a moment. They recover with it.
func TestRefusedIntegration(t *testing.T) {
	w := running(t)
	w.catalog.setRefusal(plan.KindIntegration, w.key("crm"), "the operator prescribes the egress proxy")
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	refused := func() error {
		return errors.Join(
			w.hasConditions(w.integration("crm"), status.FailedStatus, "Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs",
				"Programmed=False RejectedByDispatcher", "Ready=False RejectedByDispatcher", "Stalled=True RejectedByDispatcher"),
			w.hasConditions(w.webhook("order-shipped"), status.InProgressStatus, "Accepted=True Accepted", "ResolvedRefs=False IntegrationNotReady",
				"Programmed=False NotProgrammed", "Ready=False IntegrationNotReady", "Reconciling=True IntegrationNotReady"))
	}
	w.within(recovery, refused)
	w.says(w.webhook("order-shipped"), "the operator prescribes the egress proxy")
	w.within(soon, func() error {
		if entry := w.catalog.webhook(w.key("order-shipped")); !strings.Contains(entry.NotReady, "prescribes") {
			return fmt.Errorf("the dispatcher takes calls in for it: NotReady is %q", entry.NotReady)
		}
		return nil
	})

	writes := w.settles()
	w.stopDispatcher()
	w.stopManager()
	w.startManager()
	w.startDispatcher()
	w.within(recovery, refused)
	w.settles()
	for _, path := range w.writes.since(writes) {
		if strings.Contains(path, "/webhooks/order-shipped/status") {
			t.Errorf("a restart wrote %s", path)
		}
	}

	w.catalog.setRefusal(plan.KindIntegration, w.key("crm"), "")
	w.apply(crm + "  maxConcurrency: 7\n") // another content, which is taken
	w.isReady(recovery, "crm", "order-shipped")
}
