package queuelog

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

var in = plan.Key{Namespace: "ns", Name: "in"}

// depth is of an integration, due for so long.
func depth(namespace string, in plan.Key, waiting int, due time.Duration) engine.Depth {
	d := engine.Depth{Namespace: namespace, Integration: in, Waiting: waiting}
	if due > 0 {
		d.OldestDue = time.Now().Add(-due)
	}
	return d
}

func TestPeaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		start := time.Now()
		other := plan.Key{Namespace: "ns", Name: "other"}
		minutes := 0
		var log Log
		done := make(chan struct{})
		go func() {
			defer close(done)
			log.Run(ctx, func() []engine.Depth {
				minutes++
				if minutes == 4 {
					return nil
				}
				return []engine.Depth{
					depth("ns", in, minutes, time.Duration(minutes)*time.Second), depth("ns", other, 10, 0), depth("foreign", in, 1000, time.Hour),
				}
			})
		}()
		synctest.Wait()
		timer := time.NewTimer(4*time.Minute + time.Second)
		<-timer.C
		stop()
		<-done
		check := func(name string, integration plan.Key, since, till time.Duration, waiting int, oldest time.Duration, ok bool) {
			t.Helper()
			if w, o, k := log.Peak("ns", integration, start.Add(since), start.Add(till)); w != waiting || o != oldest || k != ok {
				t.Errorf("%s: %d, %s, %t", name, w, o, k)
			}
		}
		check("all of it", plan.Key{}, 0, time.Hour, 15, 5*time.Second, true)
		check("the first", plan.Key{}, 0, time.Minute, 11, time.Second, true)
		check("one integration", in, time.Minute, 3*time.Minute, 3, 3*time.Second, true)
		check("nothing due", other, 0, time.Hour, 10, 0, true)
		check("nothing waited", plan.Key{}, 3*time.Minute, 4*time.Minute, 0, 0, true)
		check("between two samples", plan.Key{}, 70*time.Second, 80*time.Second, 12, 2*time.Second, true)
		check("before the start", plan.Key{}, -time.Hour, 0, 0, 0, false)
		check("after the last", plan.Key{}, 6*time.Minute, time.Hour, 0, 0, false)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log Log
		for range kept + 10 {
			log.Add(time.Now(), []engine.Depth{depth("ns", in, 1, 0)})
		}
		if n := len(log.minutes); n != kept {
			t.Errorf("%d minutes are kept", n)
		}
		var many []engine.Depth
		for i := range 2 * maxSamples {
			many = append(many, depth("ns", plan.Key{Namespace: "ns", Name: fmt.Sprint(i)}, i, time.Duration(i)*time.Second))
		}
		now := time.Now()
		log.Add(now, many)
		if n := len(log.minutes[kept-1].samples); n != maxSamples {
			t.Errorf("%d samples are kept", n)
		}
		if _, oldest, _ := log.Peak("ns", plan.Key{}, now, now.Add(1)); oldest != (2*maxSamples-1)*time.Second {
			t.Errorf("the oldest of them is %s", oldest)
		}
	})
}
