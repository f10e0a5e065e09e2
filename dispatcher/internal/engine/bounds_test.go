package engine

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// A refused integration's bounds hold all the same: its webhooks look usable, so
// their calls are taken in, and would else fill up the store of all.
func TestRefusedIntegrationIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		refuse := func(maxWaiting int, maxBytes int64) {
			t.Helper()
			in := plan.Integration{Key: plan.Key{Namespace: "ns", Name: "in"}, MaxWaiting: maxWaiting, MaxWaitingBytes: maxBytes}
			unusable(&in)
			if h.engine.SetIntegration(&in) == nil {
				t.Fatal("it is not refused")
			}
		}
		refuse(1, 0)
		h.webhook("wh", "in", nil)
		h.call("wh", "1", false)
		key := plan.Key{Namespace: "ns", Name: "wh"}
		if err := h.engine.Reserve(key, 0); !errors.Is(err, ErrTooManyWaiting) {
			t.Errorf("one more than maxWaiting: %v, want ErrTooManyWaiting", err)
		}
		refuse(10, 1)
		if err := h.engine.Reserve(key, 1000); !errors.Is(err, ErrTooManyWaiting) {
			t.Errorf("more than maxWaitingBytes: %v, want ErrTooManyWaiting", err)
		}
	})
}

// The calls of a webhook that may not use its integration wait, and take up
// nobody's bounds.
func TestCallsOfNoIntegration(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.integration("in", func(p *plan.Integration) { p.MaxWaiting, p.Suspend = 1, true })
		h.webhook("a", "in", nil)
		h.webhook("b", "in", nil)
		h.call("a", "1", false)
		b := plan.Key{Namespace: "ns", Name: "b"}
		if err := h.engine.Reserve(b, 0); !errors.Is(err, ErrTooManyWaiting) {
			t.Errorf("while both use it: %v, want ErrTooManyWaiting", err)
		}
		h.webhook("a", "in", func(p *plan.Webhook) { p.Integration, p.NotReady = plan.Key{}, "not allowed" })
		if err := h.engine.Reserve(b, 0); err != nil {
			t.Errorf("while one may not use it: %v", err)
		}
		h.engine.Release(b, 0)
		if held := h.engine.Held(); !slices.Equal(held, []plan.Ref{{Kind: plan.KindWebhook, Key: plan.Key{Namespace: "ns", Name: "a"}}}) {
			t.Errorf("held: %v, want the webhook alone", held)
		}
		h.integration("in", nil)
		synctest.Wait()
		if sent := h.sentNames(); len(sent) != 0 {
			t.Errorf("sent %q, which may not", sent)
		}
		h.webhook("a", "in", nil)
		synctest.Wait()
		if sent := h.sentNames(); len(sent) != 1 {
			t.Errorf("sent %q when it may again, want the one call", sent)
		}
	})
}
