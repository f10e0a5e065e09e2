package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func report(name string, seq uint64) plan.Report {
	return plan.Report{
		Webhook: webhook(name).Key, WebhookUID: "uid-" + name, Seq: seq, TransactionID: "0198",
		Time: time.Unix(1_700_000_000, 0).UTC(), Outcome: plan.OutcomeSucceeded, StatusCode: 200, Attempts: 1,
	}
}

func TestReportsAreKeptUntilDone(t *testing.T) {
	socket, m := newSocket(t), newManager(nil)
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: newRecorder()})
	c.Report(report("a", 1))
	c.Report(report("a", 3))
	c.Report(report("a", 2)) // late: an older outcome never replaces a newer one
	stop := connect(t, c)
	await(t, "the outcome", func() bool { return len(m.outcomesSoFar()) == 1 })
	if diff := cmp.Diff([]plan.Report{report("a", 3)}, m.outcomesSoFar()); diff != "" {
		t.Errorf("latest wins:\n%s", diff)
	}

	stop()
	stop = connect(t, c)
	await(t, "the outcome again", func() bool { return len(m.outcomesSoFar()) == 2 })
	m.Done([]plan.Report{report("a", 2)}) // not the one that waits
	c.Report(report("b", 1))
	await(t, "another webhook's", func() bool { return len(m.outcomesSoFar()) == 3 })
	if got := waiting(c); got != 2 {
		t.Errorf("%d outcomes wait, want those of a and b", got)
	}
	m.Done([]plan.Report{report("a", 3), report("b", 1)})
	await(t, "nothing to wait", func() bool { return waiting(c) == 0 })

	stop()
	stop = connect(t, c)
	c.Report(report("c", 1))
	await(t, "the third webhook's", func() bool { return len(m.outcomesSoFar()) >= 4 })
	if diff := cmp.Diff([]plan.Report{report("c", 1)}, m.outcomesSoFar()[3:]); diff != "" {
		t.Errorf("what was done came again:\n%s", diff)
	}
	stop()
}

func TestManyReports(t *testing.T) {
	const count = 5_000
	socket, m := newSocket(t), newManager(nil)
	m.Open()
	m.start(t, socket)
	c := NewClient(ClientOptions{Socket: socket, Catalog: newRecorder()})
	connect(t, c)
	for i := range count {
		r := report(numbered(i), 1)
		r.Message = "the receiver said \xff"
		c.Report(r)
	}
	await(t, "all of them", func() bool { return len(m.outcomesSoFar()) == count })
	m.Done(m.outcomesSoFar())
	await(t, "nothing to wait", func() bool { return waiting(c) == 0 })
}

// waiting is how many outcomes are not acknowledged.
func waiting(c *Client) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}
