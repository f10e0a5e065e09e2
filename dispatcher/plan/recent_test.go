package plan

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHealthy: the bounds of each class of counts.
func TestHealthy(t *testing.T) {
	for _, test := range []struct {
		calls, failed int
		want          bool
	}{
		{0, 0, true}, {1, 1, true}, {10, 10, true},
		{11, 5, true}, {11, 6, false}, {12, 6, false}, {50, 24, true}, {50, 25, false},
		{51, 10, true}, {51, 11, false}, {100, 19, true}, {100, 20, false}, {2500, 499, true}, {2500, 500, false},
		{2501, 250, true}, {2501, 251, false}, {10000, 999, true}, {10000, 1000, false},
	} {
		if got := Healthy(test.calls, test.failed); got != test.want {
			t.Errorf("%d of %d failed: healthy %t, want %t", test.failed, test.calls, got, test.want)
		}
	}
}

// TestCount: calls are counted by the hour, for the 24 hours before the last of them.
func TestCount(t *testing.T) {
	at := time.Date(2026, 3, 4, 10, 30, 0, 0, time.UTC)
	first := hourOf(at)
	var r Report
	count := func(after time.Duration, success bool) {
		r.Count(at.Add(after), success)
	}
	count(0, true)
	count(20*time.Minute, false)
	earlier := r
	count(29*time.Minute+59*time.Second, true)
	count(30*time.Minute, false)
	count(-5*time.Hour, true) // the clock went back
	want := []Hour{{Since: first, Calls: 3, Failed: 1}, {Since: first + 1, Calls: 2, Failed: 1}}
	if diff := cmp.Diff(want, r.Hours); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Hour{{Since: first, Calls: 2, Failed: 1}}, earlier.Hours); diff != "" {
		t.Errorf("a copy of the report changed (-want +got):\n%s", diff)
	}
	for _, test := range []struct {
		after         time.Duration
		calls, failed int
	}{
		{0, 5, 2}, {24 * time.Hour, 5, 2}, {24*time.Hour + 30*time.Minute, 2, 1}, {25*time.Hour + 30*time.Minute, 0, 0},
	} {
		if calls, failed := r.Recent(at.Add(test.after)); calls != test.calls || failed != test.failed {
			t.Errorf("after %s: %d of %d failed, want %d of %d", test.after, failed, calls, test.failed, test.calls)
		}
	}
	for i := range 100 {
		count(time.Duration(i)*time.Hour, true)
	}
	if len(r.Hours) != 25 || r.Hours[24].Since != first+99 || r.Hours[0].Since != first+75 {
		t.Errorf("after 100 hours there are %d, from %+v to %+v", len(r.Hours), r.Hours[0], r.Hours[len(r.Hours)-1])
	}
}
