package engine

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestAttemptsOfManyIntegrationsFitIntoMemory: each of many integrations has a
// large call, and all receivers hang. No more are under way than fit, nobody waits
// longer than the others' attempts take, and a small call does not wait at all.
func TestAttemptsOfManyIntegrationsFitIntoMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, fit, all = 1<<20 - 4096, 4, 20
		h := newHarness(t)
		h.inFlightBytes = fit*(2*size+attemptBytes+1000) + 4*attemptBytes
		h.restart()
		h.answer = func(_ context.Context, _ string, _ int) outbound.Response {
			timer := time.NewTimer(time.Second)
			<-timer.C
			return outbound.Response{Reason: plan.ReasonSuccess, StatusCode: 200}
		}
		for i := range all {
			name := fmt.Sprint(i)
			h.integration(name, nil)
			h.webhook(name, name, nil)
			h.call(name, strings.Repeat("x", size)+name, true)
		}
		h.integration("small", nil)
		h.webhook("small", "small", nil)
		h.call("small", "small", true)
		synctest.Wait()
		h.mu.Lock()
		if h.highest != fit+1 {
			t.Errorf("%d attempts were under way at one time, want the small one and %d", h.highest, fit)
		}
		h.mu.Unlock()
		wait(all / fit * time.Second)
		h.engine.mu.Lock()
		defer h.engine.mu.Unlock()
		if n := len(h.sentNames()); n != all+1 || h.engine.inFlightBytes != 0 {
			t.Errorf("%d calls were sent and %d bytes are still counted", n, h.engine.inFlightBytes)
		}
	})
}

// TestMemoryOfAnAttemptIsFreeWhenItsEndIsDurable: until then the call and its
// answer are held, however far the disk is behind.
func TestMemoryOfAnAttemptIsFreeWhenItsEndIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(t)
		h.inFlightBytes = 8 * attemptBytes // a little too small for eight
		h.restart()
		letGo := h.hold("End")
		h.integration("in", nil)
		h.webhook("wh", "in", nil)
		for i := range 20 {
			h.call("wh", fmt.Sprint(i), true)
		}
		synctest.Wait()
		if n := len(h.sentNames()); n != 7 {
			t.Errorf("%d calls were sent while no end was durable, want 7", n)
		}
		letGo()
		if n := len(h.sentNames()); n != 20 {
			t.Errorf("%d of 20 calls were sent", n)
		}
	})
}
