//go:build linux

package load

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// accepted is how many calls an answer says are accepted; refused says that the
// server wants to be left alone for a while.
func (a answer) accepted() (calls int, refused bool, err error) {
	switch a.status {
	case http.StatusAccepted:
		return 1, false, nil
	case http.StatusOK: // one line for each line of a batch
		calls = bytes.Count(a.body, []byte(`"status":202`))
		return calls, calls < bytes.Count(a.body, []byte("\n")), nil
	case http.StatusTooManyRequests, http.StatusInsufficientStorage, http.StatusServiceUnavailable:
		return 0, true, nil
	}
	return 0, false, fmt.Errorf("the answer is %d: %s", a.status, a.body)
}

// leisure is how long a caller that was refused stays away.
func (a answer) leisure() time.Duration { return max(a.retryAfter, 100*time.Millisecond) }

// The phases of a measurement.
const (
	warming int32 = iota
	measuring
	ending
)

// closedLoop is callers who each send a request, wait for its answer, and again.
type closedLoop struct {
	address string
	request []byte
	callers int
	// calls is how many calls are in one request if the answer does not say it,
	// as the appender's; 0 if it does.
	calls int
}

// taken is what came of a closed loop within the window.
type taken struct {
	perSecond float64
	latencies []time.Duration // of the answers, sorted
	refused   int
	total     int // calls in all, also before and after the window
}

// warmth is how long a load runs before it is measured.
const warmth = time.Second

// run warms up, measures for a window, and stops. Around the window it calls
// measured, if not nil.
func (l closedLoop) run(tb testing.TB, window time.Duration, measured func()) taken {
	tb.Helper()
	var phase atomic.Int32
	var group sync.WaitGroup
	tallies := make([]tally, l.callers)
	for i := range tallies {
		group.Go(func() { tallies[i].call(&l, &phase) })
	}
	if measured == nil {
		measured = func() {}
	}
	pause(min(warmth, window))
	measured()
	phase.Store(measuring)
	begun := time.Now()
	pause(window)
	phase.Store(ending)
	elapsed := time.Since(begun)
	measured()
	group.Wait()
	var t taken
	calls := 0
	for _, one := range tallies {
		if one.err != nil {
			tb.Fatal(one.err)
		}
		calls += one.calls
		t.refused += one.refused
		t.total += one.total
		t.latencies = append(t.latencies, one.latencies...)
	}
	slices.Sort(t.latencies)
	t.perSecond = float64(calls) / elapsed.Seconds()
	return t
}

// tally is what one caller counts.
type tally struct {
	calls, total, refused int
	latencies             []time.Duration
	err                   error
}

// call calls until the end, and counts what is answered within the window.
func (t *tally) call(l *closedLoop, phase *atomic.Int32) {
	w := newWire(l.address)
	defer w.close()
	for phase.Load() != ending {
		begun := time.Now()
		a, err := w.do(l.request)
		if err != nil {
			t.err = err
			return
		}
		calls, refused, err := a.accepted()
		t.total += calls
		switch {
		case err != nil:
			t.err = err
			return
		case refused:
			t.refused++
			pause(a.leisure())
		case phase.Load() == measuring:
			t.calls += max(calls, l.calls)
			t.latencies = append(t.latencies, time.Since(begun))
		}
	}
}

// feeder hands batches in so that a bounded number of calls waits.
type feeder struct {
	request []byte
	address string
	// limit bounds what is accepted and not received.
	limit int64
	// received is what has come to the receiver, told from outside.
	received atomic.Int64

	reserved atomic.Int64 // accepted, or on the way
	accepted atomic.Int64
	refused  atomic.Int64
	stopped  atomic.Bool
	group    sync.WaitGroup
}

// run feeds over some connections until stop.
func (f *feeder) run(tb testing.TB, connections int) {
	for range connections {
		f.group.Go(func() {
			w := newWire(f.address)
			defer w.close()
			for !f.stopped.Load() {
				if err := f.feed(w); err != nil {
					tb.Error(err)
					return
				}
			}
		})
	}
}

// feed hands one batch in if there is room for it, else it waits a little.
func (f *feeder) feed(w *wire) error {
	if f.reserved.Add(batchLines)-f.received.Load() > f.limit {
		f.reserved.Add(-batchLines)
		pause(2 * time.Millisecond)
		return nil
	}
	a, err := w.do(f.request)
	if err != nil {
		return err
	}
	calls, refused, err := a.accepted()
	if err != nil {
		return err
	}
	f.accepted.Add(int64(calls))
	f.reserved.Add(int64(calls) - batchLines)
	if refused {
		f.refused.Add(1)
		pause(a.leisure())
	}
	return nil
}

// stop ends feeding and returns how many calls were accepted.
func (f *feeder) stop() int64 {
	f.stopped.Store(true)
	f.group.Wait()
	return f.accepted.Load()
}

// fill hands in at least calls calls as fast as it goes, and returns how many.
func fill(tb testing.TB, w *world, webhook string, calls int) int64 {
	tb.Helper()
	// A last batch may be more than what is missing.
	f := &feeder{request: batchRequest(webhook), address: w.address, limit: int64(calls + batchLines - 1)}
	f.run(tb, 4)
	await(tb, time.Hour, "calls to be accepted", func() bool { return tb.Failed() || f.accepted.Load() >= int64(calls) })
	filled := f.stop()
	if tb.Failed() {
		tb.FailNow()
	}
	return filled
}

// openLoop does work at a steady rate, however long the work takes: the i-th at
// i/perSecond after the begin, or as soon after as one of the workers is free.
// Each worker gets its own function from worker. It returns when stopped says
// so and all workers are done.
func openLoop(perSecond float64, workers int, stopped func() bool, worker func(int) func(int)) {
	due := make(chan int, 1<<16)
	var group sync.WaitGroup
	for i := range workers {
		work := worker(i)
		group.Go(func() {
			for i := range due {
				work(i)
			}
		})
	}
	const tick = 500 * time.Microsecond
	begun := time.Now()
	for next := 0; !stopped(); pause(tick) {
		for ; next < int(time.Since(begun).Seconds()*perSecond); next++ {
			due <- next
		}
	}
	close(due)
	group.Wait()
}

// calledOut is when the 202 of each call came, by its place in the schedule.
type calledOut struct {
	begun, answered []int64 // 0 if it was not accepted
	refused         atomic.Int64
}

// callOut hands in single calls in an open loop until the window ends: the i-th
// call is of requests[i modulo their number] and has the number firstNumber+i.
func callOut(tb testing.TB, address string, requests [][]byte, perSecond float64, window time.Duration) *calledOut {
	tb.Helper()
	size := int(perSecond*window.Seconds()*1.1) + 1000
	c := &calledOut{begun: make([]int64, size), answered: make([]int64, size)}
	end := time.Now().Add(window)
	openLoop(perSecond, 64, func() bool { return time.Now().After(end) || tb.Failed() }, func(int) func(int) {
		w := newWire(address)
		var buffer []byte
		return func(i int) {
			buffer = append(buffer[:0], requests[i%len(requests)]...)
			renumber(buffer, firstNumber+i)
			begun := now()
			a, err := w.do(buffer)
			answered := now()
			var refused bool
			if err == nil {
				_, refused, err = a.accepted()
			}
			switch {
			case err != nil:
				tb.Error(err)
			case refused:
				c.refused.Add(1)
				pause(a.leisure())
			default:
				c.begun[i], c.answered[i] = begun, answered
			}
		}
	})
	return c
}
