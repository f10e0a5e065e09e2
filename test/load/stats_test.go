//go:build linux

package load

import (
	"slices"
	"testing"
	"time"
)

// now is the time in nanoseconds of CLOCK_REALTIME.
func now() int64 { return time.Now().UnixNano() }

// quantile is the value that a share of the sorted values do not exceed; 0 of none.
func quantile(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(int(share*float64(len(sorted))), len(sorted)-1)]
}

// merge returns the values of both, sorted.
func merge(a, b []time.Duration) []time.Duration {
	return slices.Sorted(slices.Values(append(slices.Clone(a), b...)))
}

// milliseconds is a duration as a metric.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// busiest is the largest number of times, sorted nanoseconds, within any
// half-open second.
func busiest(times []int64) int {
	most, first := 0, 0
	for i, at := range times {
		for times[first] <= at-int64(time.Second) {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// closest is the shortest span of n+1 times, sorted nanoseconds: a second or more
// if no sliding second has more than n. It is 0 of fewer times.
func closest(times []int64, n int) time.Duration {
	var least time.Duration
	for i := n; i < len(times); i++ {
		if span := time.Duration(times[i] - times[i-n]); least == 0 || span < least {
			least = span
		}
	}
	return least
}

// TestStats holds the arithmetic that the figures rest on.
func TestStats(t *testing.T) {
	values := make([]time.Duration, 100)
	for i := range values {
		values[i] = time.Duration(i + 1)
	}
	for share, want := range map[float64]time.Duration{0: 1, 0.5: 51, 0.99: 100, 1: 100} {
		if got := quantile(values, share); got != want {
			t.Errorf("quantile %v is %d, want %d", share, got, want)
		}
	}
	if got := quantile(nil, 0.5); got != 0 {
		t.Errorf("quantile of nothing is %d", got)
	}
	second := int64(time.Second)
	if got := busiest([]int64{0, 1, second - 1, second, second + 1}); got != 3 {
		t.Errorf("busiest second has %d, want 3: one second after the first is outside of it", got)
	}
	if got := closest([]int64{0, 5, 6, 10, 20}, 2); got != 5 {
		t.Errorf("the closest three are within %d, want 5", got)
	}
}
