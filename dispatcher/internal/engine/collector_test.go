package engine

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCollector: what is there goes at once; after a large group the next one is
// waited for until there is enough or a moment is over.
func TestCollector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := make(chan int, 100)
		c := newCollector(from, 20)
		size := func(int) int { return 1 }
		send := func(n int) {
			for i := range n {
				from <- i
			}
		}
		took := func(want int, wantTime time.Duration) {
			t.Helper()
			start := time.Now()
			group, ok := c.next(nil, size)
			if !ok || len(group) != want || time.Since(start) != wantTime {
				t.Errorf("%d after %v, want %d after %v", len(group), time.Since(start), want, wantTime)
			}
		}
		send(1)
		took(1, 0)
		send(busyGroup)
		took(busyGroup, 0)
		send(3)
		took(3, moment) // there was load
		send(30)
		took(30, 0)
		send(25)
		took(25, 0) // enough is there
		send(10)
		go func() {
			time.Sleep(moment / 2) // the bubble's clock
			send(10)
		}()
		took(20, moment/2)
		c.enough = maxGroup
		c.group = nil
		big := func(int) int { return maxGroupBytes / 2 }
		send(5)
		group, _ := c.next(nil, big)
		if diff := cmp.Diff([]int{0, 1}, group); diff != "" {
			t.Errorf("a group of large ones (-want +got):\n%s", diff)
		}
		close(from)
		for range 2 {
			if group, ok := c.next(nil, big); !ok && len(group) > 0 {
				t.Errorf("%v after the end", group)
			}
		}
		if _, ok := c.next(nil, size); ok {
			t.Error("a group after the last")
		}
		stopped := make(chan struct{})
		close(stopped)
		if _, ok := newCollector(make(chan int), 1).next(stopped, size); ok {
			t.Error("a group after the stop")
		}
	})
}
