package limit

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const ms = time.Millisecond

// step is one question to a Limiter: rate changes the limit first if not zero.
type step struct {
	at   time.Duration
	rate int
	want time.Duration
}

func TestTake(t *testing.T) {
	tests := []struct {
		name  string
		rate  int
		steps []step
	}{
		{"one a second", 1, []step{{0, 0, 0}, {0, 0, time.Second}, {999 * ms, 0, ms}, {1000 * ms, 0, 0}}},
		{"a limit below one counts as one", -3, []step{{0, 0, 0}, {1 * ms, 0, 999 * ms}}},
		{"even pace", 4, []step{{0, 0, 0}, {0, 0, 250 * ms}, {250 * ms, 0, 0}, {250 * ms, 0, 250 * ms}}},
		{"asking takes nothing", 2, []step{{0, 0, 0}, {100 * ms, 0, 400 * ms}, {200 * ms, 0, 300 * ms}, {500 * ms, 0, 0}}},
		{"lateness is caught up", 10, []step{{0, 0, 0}, {180 * ms, 0, 0}, {190 * ms, 0, 10 * ms}, {200 * ms, 0, 0}}},
		{"idle time is not", 10, []step{{0, 0, 0}, {5000 * ms, 0, 0}, {5000 * ms, 0, 100 * ms}}},
		{"the second counts from a late send", 1, []step{{0, 0, 0}, {1050 * ms, 0, 0}, {2000 * ms, 0, 50 * ms}}},
		{"the clock goes back a year", 2, []step{{0, 0, 0}, {-8760 * time.Hour, 0, 500 * ms}, {-8760*time.Hour + 500*ms, 0, 0}}},
		{"the clock goes forward a year", 2, []step{{0, 0, 0}, {8760 * time.Hour, 0, 0}, {8760 * time.Hour, 0, 500 * ms}}},
		{"a lower limit counts what was sent", 2, []step{{0, 0, 0}, {500 * ms, 0, 0}, {600 * ms, 1, 900 * ms}, {1500 * ms, 0, 0}}},
		{"a higher limit takes effect at once", 1, []step{{0, 0, 0}, {100 * ms, 10, 0}, {100 * ms, 0, 100 * ms}}},
		{"the same limit changes nothing", 2, []step{{0, 0, 0}, {100 * ms, 2, 400 * ms}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := New(tt.rate)
			for i, s := range tt.steps {
				now := start.Add(s.at)
				if s.rate != 0 {
					l.SetRate(s.rate, now)
				}
				if got := l.Take(now); got != s.want {
					t.Fatalf("step %d: Take at %v = %v, want %v", i, s.at, got, s.want)
				}
			}
		})
	}
}

// A change to a low limit and back must not forget what was sent before it.
func TestSetRateThereAndBack(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	l := New(100)
	now, sends := start, []time.Time(nil)
	for now.Before(start.Add(3 * time.Second)) {
		l.SetRate(1+99*random.IntN(2), now)
		l.SetRate(100, now)
		if wait := l.Take(now); wait > 0 {
			now = now.Add(wait + time.Duration(random.Int64N(int64(60*ms))))
			continue
		}
		sends = append(sends, now)
	}
	checkWindow(t, sends, 100)
}

// Every mix of bursts, trickles, pauses and late wake-ups keeps both promises.
func TestNeverMoreThanTheLimit(t *testing.T) {
	for _, rate := range []int{1, 2, 3, 10, 100, 1000} {
		for seed := range uint64(5) {
			t.Run(fmt.Sprintf("%d a second, seed %d", rate, seed), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(seed, uint64(rate)))
				sends := simulate(New(rate), arrivals(random, rate), func() time.Duration {
					return time.Duration(random.Int64N(int64(150 * ms)))
				})
				checkWindow(t, sends, rate)
				checkPace(t, sends, rate)
			})
		}
	}
}

// TestSends: whatever the time from slot to sending, which here is at times far
// longer than the distance of slots, no second sees more sends than the limit, and
// nearly all of it is used.
func TestSends(t *testing.T) {
	const seconds = 20
	for _, rate := range []int{1, 10, 100, 1000} {
		for _, most := range []time.Duration{ms, 50 * ms, 700 * ms} {
			t.Run(fmt.Sprintf("%d a second, up to %v from slot to sending", rate, most), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(9, uint64(rate)))
				sends := sendLate(New(rate), rate*seconds, func() time.Duration { return time.Duration(random.Int64N(int64(most))) })
				checkWindow(t, sends, rate)
				if took := sends[len(sends)-1].Sub(start); float64(len(sends)-1) < 0.98*(took-most).Seconds()*float64(rate) {
					t.Errorf("%d sends took %v", len(sends), took)
				}
			})
		}
	}
}

// sendLate takes n slots as early as it can and sends each some time after.
func sendLate(l *Limiter, n int, late func() time.Duration) []time.Time {
	var sends, ready []time.Time
	slots := n
	for slot := start; len(sends) < n; {
		if len(ready) > 0 && (slots == 0 || ready[0].Before(slot)) {
			now := ready[0]
			ready = ready[1:]
			if wait := l.Send(now); wait > 0 {
				ready = append(ready, now.Add(wait))
			} else {
				sends = append(sends, now)
			}
		} else if wait := l.Take(slot); wait > 0 {
			slot = slot.Add(wait)
		} else {
			slots--
			ready = append(ready, slot.Add(late()))
		}
		slices.SortStableFunc(ready, time.Time.Compare)
	}
	return sends
}

// Under steady demand a caller that wakes up late still gets nearly all of the limit.
func TestUtilisation(t *testing.T) {
	const seconds = 20
	for _, rate := range []int{1, 2, 3, 10, 100, 1000, MaxPerSecond} {
		for _, late := range []time.Duration{0, ms, 5 * ms, 20 * ms} {
			t.Run(fmt.Sprintf("%d a second, up to %v late", rate, late), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(1, uint64(rate)))
				demand := make([]time.Time, rate*seconds)
				for i := range demand {
					demand[i] = start
				}
				sends := simulate(New(rate), demand, func() time.Duration {
					return time.Duration(random.Int64N(int64(late) + 1))
				})
				took := sends[len(sends)-1].Sub(start)
				if used := float64(len(sends)-1) / (took.Seconds() * float64(rate)); used < 0.98 {
					t.Errorf("used %.3f of the limit, want at least 0.98", used)
				}
				checkWindow(t, sends, rate)
			})
		}
	}
}

// The wait is bounded whatever the clock does.
func TestWaitIsBounded(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, rate := range []int{1, 2, 10, 1000} {
		l, bound := New(rate), time.Second+interval(rate)
		for range 20_000 {
			now := start.Add(time.Duration(random.Int64N(int64(3*time.Second))) - 1500*ms)
			if wait := l.Take(now); wait < 0 || wait > bound {
				t.Fatalf("%d a second: wait %v, want 0 to %v", rate, wait, bound)
			}
		}
	}
}

// simulate serves the arrivals in order with one caller that sleeps as it is
// told and wakes up late.
func simulate(l *Limiter, arrivals []time.Time, late func() time.Duration) []time.Time {
	sends := make([]time.Time, 0, len(arrivals))
	now := start
	for _, arrival := range arrivals {
		if arrival.After(now) {
			now = arrival
		}
		for {
			wait := l.Take(now)
			if wait == 0 {
				break
			}
			now = now.Add(wait + late())
		}
		sends = append(sends, now)
	}
	return sends
}

// arrivals returns some seconds' worth of calls in bursts, trickles and pauses.
func arrivals(random *rand.Rand, rate int) []time.Time {
	var times []time.Time
	at := start
	for len(times) < 5*rate+20 {
		switch random.IntN(3) {
		case 0: // burst
			times = append(times, slices.Repeat([]time.Time{at}, 1+random.IntN(rate+1))...)
		case 1: // trickle around the limit
			for range random.IntN(rate + 1) {
				at = at.Add(time.Duration(random.Int64N(int64(2 * time.Second / time.Duration(rate)))))
				times = append(times, at)
			}
		default: // pause
			at = at.Add(time.Duration(random.Int64N(int64(2 * time.Second))))
		}
	}
	return times
}

// checkWindow holds the limit: sends i and i+N are at least a second apart.
func checkWindow(t *testing.T, sends []time.Time, rate int) {
	t.Helper()
	for i := rate; i < len(sends); i++ {
		if apart := sends[i].Sub(sends[i-rate]); apart < time.Second {
			t.Fatalf("sends %d and %d are %v apart, want at least 1s", i-rate, i, apart)
		}
	}
}

// checkPace holds the documented bound of bursts: (w + CatchUp) × N + 1 sends in
// a window of w, here for every window of up to a second that starts at a send.
func checkPace(t *testing.T, sends []time.Time, rate int) {
	t.Helper()
	for i := range sends {
		for j := i + 1; j < min(len(sends), i+rate); j++ {
			allowed := int((sends[j].Sub(sends[i])+CatchUp)/interval(rate)) + 1
			if n := j - i + 1; n > allowed {
				t.Fatalf("%d sends within %v, want at most %d", n, sends[j].Sub(sends[i]), allowed)
			}
		}
	}
}
