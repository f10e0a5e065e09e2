package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestClockSteps: a step of the wall clock while the dispatcher runs moves no
// retry. If the clock went back while it was down, a retry waits no longer than
// the longest delay there is; if it went forward, the retry is due.
func TestClockSteps(t *testing.T) {
	for name, test := range map[string]struct {
		step    time.Duration
		restart bool
		want    time.Duration // from the first attempt to the second
	}{
		"no step":              {0, false, 105 * time.Second},
		"back":                 {-time.Hour, false, 105 * time.Second},
		"forward":              {time.Hour, false, 105 * time.Second},
		"back over a start":    {-time.Hour, true, 10 * time.Minute},
		"forward over a start": {time.Hour, true, 0},
		"no step over a start": {0, true, 105 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, h *harness) {
				h.answer = status(503, plan.ReasonServerError)
				configure := func() {
					h.integration("in", nil)
					h.webhook("wh", "in", nil)
				}
				configure()
				h.call("wh", "call", true)
				wait(0)
				synctest.Wait()
				h.clock.Store(int64(test.step))
				if test.restart {
					h.restart()
					configure()
				}
				wait(time.Hour - time.Second)
				h.mu.Lock()
				defer h.mu.Unlock()
				if len(h.sent) < 2 || h.sent[1].at.Sub(h.sent[0].at) != test.want {
					t.Errorf("sent %v, want the second %v after the first", h.sent, test.want)
				}
			})
		})
	}
}

// TestClockStepsBetweenRetries: a retry that is stored after a step goes out in
// its time, and so do those that were stored before it.
func TestClockStepsBetweenRetries(t *testing.T) {
	for _, step := range []time.Duration{-time.Hour, time.Hour} {
		bubble(t, func(t *testing.T, h *harness) {
			h.answer = status(503, plan.ReasonServerError)
			h.integration("in", nil)
			h.webhook("wh", "in", nil)
			h.call("wh", "before", true)
			wait(0)
			h.clock.Store(int64(step))
			h.call("wh", "after", true)
			wait(11 * time.Minute)
			counts := map[string]int{}
			for _, name := range h.sentNames() {
				counts[name]++
			}
			if counts["before"] < 2 || counts["after"] != 4 {
				t.Errorf("step %v: attempts %v in 11 minutes", step, counts)
			}
		})
	}
}
