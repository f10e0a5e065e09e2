package controllers_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestRestarts: neither a restarted manager nor a lost dispatcher changes a
// status, and what was deleted meanwhile is told as removed.
func TestRestarts(t *testing.T) {
	w := running(t)
	w.apply(crmSecret)
	w.apply(crm)
	w.apply(orderShipped)
	w.isReady(soon, "crm", "order-shipped")
	writes := w.settles()

	w.stopDispatcher()
	w.stopManager()
	w.startManager()
	other := `
kind: Webhook
metadata: {name: other}
spec: {integrationRef: {name: crm}, url: /other}
`
	w.apply(other)
	w.within(soon, func() error { // then this manager has read everything
		return w.hasConditions(w.webhook("other"), status.InProgressStatus,
			"Accepted=True Accepted", "ResolvedRefs=True ResolvedRefs", "Programmed=Unknown Pending", "Ready=Unknown Pending", "Reconciling=True Pending")
	})
	w.isReady(soon, "crm", "order-shipped")
	w.stopManager()
	w.delete(&v1alpha1.Webhook{}, "other")
	for _, path := range w.writes.since(writes) {
		if want := "/webhooks/other/status"; !strings.Contains(path, want) && !strings.Contains(path, "/webhookintegrations/crm/status") {
			t.Errorf("a restarted manager without a dispatcher wrote %s", path)
		}
	}

	w.catalog.holds = []plan.Ref{{Kind: plan.KindWebhook, Key: w.key("other")}}
	w.catalog.webhooks[w.key("other")] = &plan.Webhook{Key: w.key("other")}
	w.startManager()
	w.startDispatcher()
	w.within(soon, func() error {
		if w.catalog.webhook(w.key("other")).Key != (plan.Key{}) {
			return errors.New("the dispatcher still holds calls of a webhook that is gone")
		}
		return nil
	})
	w.isReady(soon, "crm", "order-shipped")
}

// TestThousandWebhooks: a second reconciliation of 1,000 webhooks, by a manager
// that starts anew, writes nothing.
func TestThousandWebhooks(t *testing.T) {
	w := running(t)
	thousand(w)
	writes := w.settles()
	t.Logf("%d writes", writes)

	w.stopManager()
	w.startManager()
	canary := "kind: WebhookIntegration\nmetadata: {name: last}\nspec: {url: https://api.example.com}"
	w.apply(canary)
	w.isReady(soon, "last") // then this manager has a session and works
	w.settles()
	for _, path := range w.writes.since(writes) {
		if !strings.Contains(path, "/webhookintegrations/last/status") {
			t.Errorf("the second reconciliation wrote %s", path)
		}
	}
}

// BenchmarkThousandWebhooks measures the time from applying 1,000 webhooks at
// once until all are ready, as ready-s. The bare limit beside it, create-s, is
// the API server's own work: the time until all have been created.
func BenchmarkThousandWebhooks(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := running(b)
		b.StartTimer()
		created, ready := thousand(w)
		b.ReportMetric(created.Seconds(), "create-s")
		b.ReportMetric(ready.Seconds(), "ready-s")
	}
}

// thousand applies an integration and 1,000 webhooks, and returns how long it
// took until all were created, and until all were ready.
func thousand(w *world) (created, ready time.Duration) {
	w.Helper()
	begin := time.Now()
	w.apply("kind: WebhookIntegration\nmetadata: {name: crm}\nspec: {url: https://api.example.com}")
	work := make(chan int)
	errs := make(chan error, 16)
	for range cap(errs) {
		go func() {
			var err error
			for i := range work {
				url := fmt.Sprintf("/orders/%d?transactionId=${WebhookRequest.TransactionalId}", i)
				err = errors.Join(err, w.Create(w.Context(), &v1alpha1.Webhook{
					ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: fmt.Sprintf("hook-%d", i)},
					Spec:       v1alpha1.WebhookSpec{IntegrationRef: v1alpha1.IntegrationRef{Name: "crm"}, URL: &url},
				}))
			}
			errs <- err
		}()
	}
	for i := range 1000 {
		work <- i
	}
	close(work)
	for range cap(errs) {
		if err := <-errs; err != nil {
			w.Fatal(err)
		}
	}
	created = time.Since(begin)
	looked := time.Now()
	w.within(2*time.Minute, func() error {
		if time.Since(looked) < 500*time.Millisecond { // a list is 1 MB of work for the API server
			return errors.New("not looked yet")
		}
		looked = time.Now()
		var list v1alpha1.WebhookList
		if err := w.List(w.Context(), &list, client.InNamespace(w.namespace)); err != nil {
			w.Fatal(err)
		}
		left := len(list.Items)
		for i := range list.Items {
			if w.kstatus(&list.Items[i]) == status.CurrentStatus {
				left--
			}
		}
		if left > 0 || len(list.Items) != 1000 {
			return fmt.Errorf("%d of %d webhooks are not ready", left, len(list.Items))
		}
		return nil
	})
	return created, time.Since(begin)
}
