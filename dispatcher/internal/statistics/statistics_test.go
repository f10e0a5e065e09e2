package statistics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// TestQuantilesAreClose to those of all values sorted, over all orders of magnitude.
func TestQuantilesAreClose(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000, 20_000} {
		var h histogram
		values := make([]time.Duration, n)
		for i := range values {
			values[i] = time.Duration(math.Exp(random.Float64()*30)) * time.Microsecond
			h.add(values[i])
		}
		slices.Sort(values)
		for _, percent := range []int{50, 95, 100} {
			want := values[(n*percent+99)/100-1].Seconds()
			if got := h.quantile(percent); math.Abs(got-want) > 0.04*want+1e-6 || got > h.max.Seconds() {
				t.Errorf("%d %% of %d values: %g, want %g", percent, n, got, want)
			}
		}
		if h.max != values[n-1] {
			t.Errorf("the greatest is %s, want %s", h.max, values[n-1])
		}
	}
	var empty histogram
	if empty.quantile(95) != 0 {
		t.Error("of nothing there is a quantile")
	}
}

// TestBucketsFollowEachOther without a hole, and hold every time there is.
func TestBucketsFollowEachOther(t *testing.T) {
	last := -1
	for micros := uint64(0); micros < 1<<20; micros++ {
		b := bucketOf(micros)
		if b != last && b != last+1 {
			t.Fatalf("after bucket %d %d us are in %d", last, micros, b)
		}
		last = b
	}
	if b := bucketOf(maxMicros); b >= buckets {
		t.Errorf("the longest time is in bucket %d of %d", b, buckets)
	}
	var h histogram
	h.add(-time.Second)
	h.add(math.MaxInt64)
}

func TestStepsCountTheirRows(t *testing.T) {
	since := time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)
	c := New(since, time.Minute, 3)
	at := func(d time.Duration, number int, outcome plan.Outcome, took, waited time.Duration) {
		c.Add(&store.LogEntry{LogPosition: store.LogPosition{Begun: since.Add(d), Number: number}, Outcome: outcome, Duration: took, Waited: waited})
	}
	at(-1, 1, plan.OutcomeSucceeded, time.Second, 0) // before
	at(0, 1, plan.OutcomeSucceeded, 20*time.Microsecond, 5*time.Microsecond)
	at(time.Minute-1, 1, "", 30*time.Microsecond, 0)
	at(2*time.Minute, 0, plan.OutcomeCancelled, 0, 0) // no attempt
	at(3*time.Minute, 1, plan.OutcomeSucceeded, time.Second, 0)
	want := []client.StatisticsStep{
		{At: since, Attempts: 2, Outcomes: map[string]int{"Succeeded": 1}, DurationP50: 20e-6, DurationP95: 30e-6, DurationMax: 30e-6, WaitedP95: 5e-6, WaitedMax: 5e-6},
		{At: since.Add(time.Minute)},
		{At: since.Add(2 * time.Minute), Outcomes: map[string]int{"Cancelled": 1}},
	}
	if diff := cmp.Diff(want, c.Steps()); diff != "" {
		t.Error(diff)
	}
}
