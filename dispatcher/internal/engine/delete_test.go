package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestDeletedWebhookCancelsWhatWaits(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(p *plan.Integration) { p.Suspend = true })
		h.webhook("wh", "in", nil)
		h.webhook("stays", "in", nil)
		var calls []*store.Call
		for i := range 2*cancelBatch + 1 {
			calls = append(calls, h.call("wh", fmt.Sprint(i), i%2 == 0))
		}
		kept := h.call("stays", "stays", false)
		h.engine.RemoveWebhook(plan.Key{Namespace: "ns", Name: "wh"})
		synctest.Wait()
		for _, call := range calls {
			if state := h.state(call); state.Outcome != plan.OutcomeCancelled {
				t.Fatalf("a waiting call of the deleted webhook is %+v", state)
			}
		}
		if h.state(kept).Finished() {
			t.Error("a call of another webhook was cancelled")
		}
		want := []plan.Ref{{Kind: plan.KindIntegration, Key: plan.Key{Namespace: "ns", Name: "in"}}, {Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "stays"}}}
		got := h.engine.Held()
		slices.SortFunc(got, func(a, b plan.Ref) int { return strings.Compare(a.String(), b.String()) })
		slices.SortFunc(want, func(a, b plan.Ref) int { return strings.Compare(a.String(), b.String()) })
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWebhookDeletedWhileACallIsStored(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		entry := &store.Entry{Call: store.Call{ID: uuid.Must(uuid.NewV7()), Webhook: plan.Key{Namespace: "ns", Name: "wh"}}}
		if err := h.engine.Reserve(entry.Call.Webhook, entry.Call.Size()); err != nil {
			t.Fatal(err)
		}
		h.engine.RemoveWebhook(entry.Call.Webhook)
		synctest.Wait()
		if err := h.store.Accept(t.Context(), entry); err != nil {
			t.Fatal(err)
		}
		h.engine.Accepted(entry.Call.Webhook, entry)
		synctest.Wait()
		if state := h.state(&entry.Call); state.Outcome != plan.OutcomeCancelled {
			t.Errorf("the call became %+v", state)
		}
	})
}

func TestWebhookMadeAnewDoesNotTakeOverCalls(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.Suspend = true })
		old := h.call("wh", "old", true)
		h.webhook("wh", "in", func(p *plan.Webhook) { p.UID = "another" })
		synctest.Wait()
		if state := h.state(old); state.Outcome != plan.OutcomeCancelled || len(h.sent) != 0 {
			t.Errorf("the call of the deleted webhook became %+v, %d sent", state, len(h.sent))
		}
	})
}

func TestReportsOfAWebhookMadeAnewAreNewer(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", nil)
		for range 2 {
			h.webhook("wh", "in", nil)
			h.call("wh", "call", false)
			wait(time.Second)
			h.engine.RemoveWebhook(plan.Key{Namespace: "ns", Name: "wh"})
		}
		if len(h.reports) != 2 || h.reports[1].Seq <= h.reports[0].Seq {
			t.Errorf("the reports are %+v, want the second one's Seq to be higher", h.reports)
		}
	})
}

func TestDeletedWebhookMakesNoRetry(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		proceed := make(chan struct{})
		h.answer = func(context.Context, string, int) outbound.Response {
			<-proceed
			return outbound.Response{Reason: plan.ReasonServerError, StatusCode: 500}
		}
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		call := h.call("wh", "call", true)
		synctest.Wait()
		h.engine.RemoveWebhook(plan.Key{Namespace: "ns", Name: "wh"})
		synctest.Wait()
		close(proceed)
		synctest.Wait()
		if state := h.state(call); state.Outcome != plan.OutcomeCancelled || state.Attempts != 1 {
			t.Errorf("the call under way became %+v", state)
		}
	})
}
