//go:build linux

package load

import (
	"testing"
	"time"
)

// TestBenchmarks runs what the benchmarks measure with, for a moment, so that
// they still work when somebody needs their figures. What they find in so short
// a time says nothing.
func TestBenchmarks(t *testing.T) {
	const moment = 200 * time.Millisecond
	t.Run("intake", func(t *testing.T) {
		for _, load := range []closedLoop{
			{request: singleRequest("wh"), callers: 4, calls: 1},
			{request: batchRequest("wh"), callers: 1, calls: batchLines},
		} {
			if ours, _ := intake(t, load, moment); ours.total == 0 || ours.refused > 0 {
				t.Errorf("%d calls at once: %d were taken in and %d requests refused", load.calls, ours.total, ours.refused)
			}
			if bare := bareIntake(t, load, moment); bare.total == 0 {
				t.Errorf("%d calls at once: the appender took none", load.calls)
			}
		}
	})
	t.Run("delivery", func(t *testing.T) {
		if d := measureDelivery(t, false, moment); d.accepted == 0 {
			t.Error("nothing was accepted and delivered")
		}
	})
	t.Run("isolation", func(t *testing.T) {
		bad, good := isolationPairs()
		if r := isolation(t, bad[:20], good[:80], 2, moment); len(r.latencies) == 0 {
			t.Error("the healthy integrations got nothing")
		}
	})
	t.Run("wait", func(t *testing.T) {
		if waited, bare := measureWait(t, moment); len(waited) == 0 || len(bare) == 0 {
			t.Errorf("%d waited, %d went directly", len(waited), len(bare))
		}
	})
	t.Run("limiter", func(t *testing.T) {
		if sent, _ := measureLimiter(t, 100, moment); len(sent) == 0 {
			t.Error("nothing was sent")
		}
	})
	t.Run("waiting", func(t *testing.T) {
		p := newPair("wh", "http://127.0.0.1:1", true)
		p.in.Suspend = true
		w := newWorld(t, p)
		if filled := fill(t, w, "wh", 1); filled != int64(batchLines) {
			t.Errorf("%d calls were accepted", filled)
		}
		w.stop()
		w.start(t)
		if m := w.memory(); m.resident == 0 || m.anonymous == 0 || m.peak < m.resident {
			t.Errorf("the memory is %+v", m)
		}
	})
}
