//go:build linux

package crash

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
)

// kind is a way to bring the dispatcher down.
type kind string

const (
	anyMoment kind = "any moment" // SIGKILL after a random time under load
	received  kind = "received"   // by the receiver, which has a request and has not answered it
	half      kind = "half"       // by the receiver, in the middle of its answer
	commit    kind = "commit"     // by the receiver, between its answer and the commit of the outcome
	startUp   kind = "start-up"   // SIGKILL soon after exec
	drain     kind = "drain"      // SIGKILL during the drain that SIGTERM begins
)

// kinds is their order; every further dozen repeats it.
var kinds = []kind{anyMoment, commit, startUp, received, drain, commit, half, startUp, commit, anyMoment, commit, drain}

// TestCrashLedger kills the dispatcher many times under load and then accounts
// for every call.
func TestCrashLedger(t *testing.T) {
	kills, seed := 12, rand.Uint64()
	if text := os.Getenv("CRASH_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatalf("CRASH_KILLS: %v", err)
		}
	}
	if text := os.Getenv("CRASH_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("CRASH_SEED: %v", err)
		}
	}
	t.Logf("CRASH_SEED=%d", seed)
	w := &war{rig: newRig(t), rng: rand.New(rand.NewPCG(seed, 0)), kills: map[kind]int{}}
	w.load = newLoad(w.listen)
	w.start()
	w.load.start()
	for i := range kills {
		w.strike(kinds[i%len(kinds)])
	}
	w.load.end()
	w.account()
}

// war is a load against a dispatcher that is killed.
type war struct {
	*rig
	load  *load
	rng   *rand.Rand
	kills map[kind]int
	ended int // drains that came to their end before the kill
}

// strike lets the load run for a moment, kills the dispatcher once and starts it
// again.
func (w *war) strike(k kind) {
	before := w.load.accepted()
	w.await("calls to be accepted", func() bool { return w.load.accepted() >= before+50 })
	switch k {
	case received:
		w.ordered(onReceived, 0)
	case half:
		w.ordered(onHalf, 0)
	case commit:
		w.ordered(onAnswered, time.Duration(w.rng.IntN(3000))*time.Microsecond)
	case anyMoment:
		<-time.After(w.within(100 * time.Millisecond))
		w.process.kill()
	case startUp:
		w.process.kill()
		w.exec()
		<-time.After(w.within(120 * time.Millisecond))
		w.process.kill()
	case drain:
		_ = w.process.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-w.process.done:
		case <-time.After(w.within(1200 * time.Millisecond)):
		}
		w.process.kill()
		if !w.process.killed() {
			w.ended++
		}
	}
	if code := w.process.cmd.ProcessState.ExitCode(); code > 0 {
		w.t.Fatalf("the dispatcher ended with exit code %d", code)
	}
	w.kills[k]++
	w.start()
}

// within is a random time below the given one.
func (w *war) within(d time.Duration) time.Duration { return time.Duration(w.rng.Int64N(int64(d))) }

// ordered lets the receiver kill the dispatcher.
func (w *war) ordered(when moment, delay time.Duration) {
	w.order(when, delay)
	w.await("the receiver to kill the dispatcher", w.process.ended)
	if !w.process.killed() {
		w.t.Fatalf("the dispatcher ended by itself: %s", w.process.cmd.ProcessState)
	}
}

// account waits until all calls are finished, checks that outcomes stay what
// they are, and audits every call.
func (w *war) account() {
	calls := w.load.all()
	finals := map[int]*client.Call{}
	for _, c := range calls {
		if c.fate == accepted {
			finals[c.n] = w.final(c)
		}
	}
	for _, fault := range w.load.faults {
		w.t.Error(fault)
	}
	w.process.kill()
	w.start()
	requests := w.requests()
	count := map[string]int{}
	for _, c := range calls {
		a := &account{call: c, final: finals[c.n], requests: requests[c.n]}
		if err := a.audit(); err != nil {
			w.t.Errorf("call %d (%s, %s, %s, transaction %s): %v", c.n, c.webhook, mannerOf(c.n), c.fate, c.id, err)
		}
		delete(requests, c.n)
		a.count(count)
		if c.fate != accepted {
			continue
		}
		if diff := cmp.Diff(a.final, w.final(c)); diff != "" {
			w.t.Errorf("call %d (%s, %s) is finished otherwise after another kill (-before, +after):\n%s", c.n, c.webhook, mannerOf(c.n), diff)
		}
		if diff := cmp.Diff(c.seen, a.final); c.seen != nil && diff != "" {
			w.t.Errorf("call %d (%s, %s) was shown finished otherwise (-then, +at the end):\n%s", c.n, c.webhook, mannerOf(c.n), diff)
		}
	}
	for n := range requests {
		w.t.Errorf("the receiver got requests for call %d, which nobody made", n)
	}
	w.t.Logf("kills %v (%d drains ended first), calls %v", w.kills, w.ended, count)
}

// final waits for a call's outcome.
func (w *war) final(c *call) *client.Call {
	w.t.Helper()
	var got *client.Call
	w.await("the outcome of call "+c.id, func() bool {
		var err error
		var problem *client.Problem
		if got, err = w.load.get(c); errors.As(err, &problem) {
			w.t.Fatalf("call %d was answered 202 with transaction %s and is now answered: %v", c.n, c.id, err)
		}
		return err == nil && got.State == client.StateFinished
	})
	return got
}

// count adds a call to the numbers that the log tells.
func (a *account) count(to map[string]int) {
	to["in all"]++
	to[string(a.fate)]++
	to["requests"] += len(a.requests)
	if a.fate == unknown && len(a.requests) > 0 {
		to["unknown, arrived"]++
	}
	if a.posts > 1 {
		to["handed in again"]++
	}
	if a.final == nil {
		return
	}
	to[a.webhook+" "+a.final.Outcome]++
	to["repeated over a crash"] += max(0, len(a.requests)-a.final.Attempts)
	if a.final.Outcome == "Lost" && len(a.requests) > 0 {
		to["Lost, arrived"]++
	}
	if a.seen != nil {
		to["seen finished"]++
	}
	if a.slow() && mannerOf(a.n) != stalls {
		to["slow"]++
	}
}
