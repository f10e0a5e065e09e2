package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestLimitWaitIsTheTimeBehindTheLimit: it grows while calls wait for the limit and for
// nothing else.
func TestLimitWaitIsTheTimeBehindTheLimit(t *testing.T) {
	bubble(t, func(t *testing.T, h *harness) {
		h.answer = status(200, plan.ReasonSuccess)
		h.integration("in", func(p *plan.Integration) { p.RequestsPerSecond = 10 })
		h.webhook("wh", "in", nil)
		wait(time.Minute)
		if got := h.queue("in").LimitWait; got != 0 {
			t.Errorf("without calls %s were waited", got)
		}
		for i := range 50 {
			h.call("wh", fmt.Sprint(i), false)
		}
		wait(2 * time.Second)
		if got := h.queue("in").LimitWait; got < 1900*time.Millisecond || got > 2*time.Second {
			t.Errorf("after 2 s with calls behind the limit %s were waited", got)
		}
		h.integration("in", func(p *plan.Integration) { p.RequestsPerSecond, p.Suspend = 10, true })
		wait(time.Minute)
		suspended := h.queue("in").LimitWait
		if suspended > 2*time.Second {
			t.Errorf("while the integration was suspended %s were waited", suspended)
		}
		h.integration("in", func(p *plan.Integration) { p.RequestsPerSecond = 10 })
		wait(time.Minute)
		if got := h.queue("in").LimitWait; got < 4*time.Second || got > 5*time.Second {
			t.Errorf("50 calls at 10 a second waited for %s, want 5 s or a little less", got)
		}
		if got := len(h.sentNames()); got != 50 {
			t.Errorf("%d calls were sent", got)
		}
	})
}

// TestThrottle: what waits at the same time, with or without a turn, counts once.
func TestThrottle(t *testing.T) {
	var th throttle
	start := time.Now()
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	th.setTurn(true, at(0))
	th.addGate(+1, at(1))
	th.addGate(+1, at(2))
	th.setTurn(false, at(3))
	th.addGate(-1, at(4))
	if got := th.waited(at(5)); got != 5*time.Second {
		t.Errorf("while one waits: %s", got)
	}
	th.addGate(-1, at(6))
	th.setTurn(true, at(10))
	th.setTurn(true, at(11))
	th.setTurn(false, at(12))
	if got := th.waited(at(60)); got != 8*time.Second {
		t.Errorf("in all: %s, want 6 s and 2 s", got)
	}
}
