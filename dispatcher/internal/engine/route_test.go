package engine

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// held returns the names of the integrations that have a route.
func (h *harness) held() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Sorted(maps.Values(h.routes))
}

// unusable are settings by which nothing can be sent.
func unusable(p *plan.Integration) { p.TLS = &plan.TLS{CABundle: "junk"} }

// An integration has one route while it is ready, and none otherwise.
func TestRoutesAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		expect := func(what string, names ...string) {
			t.Helper()
			if got := h.held(); !slices.Equal(got, names) {
				t.Errorf("%s: routes of %q, want %q", what, got, names)
			}
		}
		in := plan.Integration{Key: plan.Key{Namespace: "ns", Name: "in"}, URL: "http://receiver", MaxConcurrency: 1}
		set := func(p plan.Integration, want string) {
			t.Helper()
			got := ""
			if err := h.engine.SetIntegration(&p); err != nil {
				got = err.Error()
			}
			if got != want {
				t.Errorf("error %q, want %q", got, want)
			}
		}
		broken := in
		unusable(&broken)
		set(in, "")
		set(in, "")
		h.integration("other", nil)
		expect("set twice", "in", "other")
		set(plan.Integration{Key: in.Key, NotReady: "a Secret is missing"}, "")
		expect("not ready", "other")
		set(in, "")
		expect("ready", "in", "other")
		set(broken, "the CA bundle of tls holds no certificate in PEM")
		expect("unusable", "other")
		set(in, "")
		h.engine.RemoveIntegration(in.Key)
		expect("removed", "other")
		h.engine.RemoveIntegration(in.Key)
		h.engine.RemoveIntegration(plan.Key{Name: "unknown"})
		expect("removed again", "other")
	})
}

// What is under way ends on its old route, and the next attempt is made on the new one.
func TestAttemptsKeepTheirRoute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.answer = func(context.Context, string, int) outbound.Response {
			<-time.After(time.Second)
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		generation := func(n int64) {
			h.integration("in", func(p *plan.Integration) { p.MaxConcurrency, p.Generation = 1, n })
		}
		generation(1)
		h.webhook("wh", "in", nil)
		before, after := h.call("wh", "before", false), h.call("wh", "after", false)
		synctest.Wait()
		generation(2)
		h.engine.RemoveIntegration(plan.Key{Namespace: "ns", Name: "in"})
		generation(3)
		wait(2 * time.Second)
		for call, want := range map[*store.Call]int64{before: 1, after: 3} {
			rows, err := h.store.Attempts(call.ID)
			if err != nil || len(rows) != 1 || rows[0].IntegrationGeneration != want || h.state(call).Outcome != plan.OutcomeSucceeded {
				t.Errorf("call %s: rows %+v, %v, want one of generation %d", call.Suffix, rows, err, want)
			}
		}
	})
}
