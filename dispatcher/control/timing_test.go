package control

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// pair runs both halves over a connection in memory, for time that does not pass
// by itself. It returns once the first difference has arrived.
func pair(t *testing.T, m *manager, r *recorder) *Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	background(t, func(ctx context.Context) error { return m.serve(ctx, listener) })
	c := NewClient(ClientOptions{Socket: "memory", Catalog: r})
	c.dial = func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
	background(t, c.Run)
	m.Open()
	synctest.Wait()
	if r.completions() != 1 {
		t.Fatal("no session")
	}
	return c
}

func TestDeltasAreHeldOff(t *testing.T) {
	for name, test := range map[string]struct {
		changes []time.Duration // when each change is made
		deltas  []time.Duration // when each delta arrives
	}{
		"one change":     {[]time.Duration{0}, []time.Duration{50 * time.Millisecond}},
		"three together": {[]time.Duration{0, 30 * time.Millisecond, 60 * time.Millisecond}, []time.Duration{110 * time.Millisecond}},
		"two apart":      {[]time.Duration{0, 70 * time.Millisecond}, []time.Duration{50 * time.Millisecond, 120 * time.Millisecond}},
		"never quiet":    {every(40*time.Millisecond, 20), []time.Duration{500 * time.Millisecond, 810 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m, r := newManager(nil), newRecorder()
				pair(t, m, r)
				began := time.Now()
				for i, at := range test.changes {
					time.Sleep(time.Until(began.Add(at))) // the bubble's clock: no real time passes
					m.SetWebhook(webhook(numbered(i)))
				}
				time.Sleep(time.Second) // the bubble's clock
				synctest.Wait()
				var deltas []time.Duration
				for _, at := range r.times {
					deltas = append(deltas, at.Sub(began))
				}
				if !slices.Equal(deltas, test.deltas) {
					t.Errorf("deltas came after %v, want %v", deltas, test.deltas)
				}
				if n := len(r.upserts()); n != len(test.changes) {
					t.Errorf("%d entries came, want %d", n, len(test.changes))
				}
			})
		})
	}
}

// every lists n moments.
func every(interval time.Duration, n int) []time.Duration {
	var moments []time.Duration
	for i := range n {
		moments = append(moments, time.Duration(i)*interval)
	}
	return moments
}

func TestReportsAreGathered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var messages []int
		m := newManager(nil)
		m.outcomes = func(reports []plan.Report) { messages = append(messages, len(reports)) }
		c := pair(t, m, newRecorder())
		for i := range 1_200 {
			if i == 600 {
				time.Sleep(reportDelay / 2) // the bubble's clock
			}
			c.Report(report(numbered(i), 1))
		}
		time.Sleep(reportDelay) // the bubble's clock
		synctest.Wait()
		if !slices.Equal(messages, []int{500, 500, 200}) {
			t.Errorf("outcomes a message: %v, want 500, 500, 200", messages)
		}
	})
}

func TestIdleSessionLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, r := newManager(nil), newRecorder()
		pair(t, m, r)
		session := func() *session {
			m.Server.mu.Lock()
			defer m.Server.mu.Unlock()
			return m.current
		}
		first := session()
		time.Sleep(24 * time.Hour) // the bubble's clock: 2,880 pings of either side
		if session() != first {
			t.Error("the session was lost, perhaps to its own pings")
		}
	})
}

func TestWaitBetweenAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tries []time.Time
		c := NewClient(ClientOptions{Socket: "memory", Catalog: newRecorder()})
		c.dial = func(context.Context, string) (net.Conn, error) {
			tries = append(tries, time.Now())
			return nil, errors.New("nobody listens")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := c.Run(ctx); err != nil {
			t.Error(err)
		}
		for i := 1; i < len(tries); i++ {
			wait, longest := tries[i].Sub(tries[i-1]), min(firstWait<<min(i-1, 10), maxWait)
			if wait > longest || wait < longest*3/4 {
				t.Errorf("wait %d was %v, want %v less at most a quarter", i, wait, longest)
			}
		}
		if len(tries) < 30 {
			t.Errorf("only %d tries in a minute", len(tries))
		}
	})
}
