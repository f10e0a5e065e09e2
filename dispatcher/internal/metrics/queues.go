package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
)

// queues shows the queues of integrations.
type queues struct {
	ask          func() []engine.Queue
	integrations *integrations

	calls, bytes, inFlight, age, limited *prometheus.Desc
}

func newQueues(ask func() []engine.Queue, known *integrations) *queues {
	desc := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+name, help, integrationLabels, nil)
	}
	return &queues{
		ask: ask, integrations: known,
		calls:    desc("queue_calls", "Calls without outcome, those under way included; maxWaiting bounds them."),
		bytes:    desc("queue_bytes", "Bytes of the calls without outcome; maxWaitingBytes bounds them."),
		inFlight: desc("attempts_in_flight", "Attempts that are under way or not durable yet."),
		age:      desc("oldest_due_call_age_seconds", "For how long the call waits that has been due for longest, since its creation or since its retry was due; 0 if none is due. What is suspended is not due."),
		limited:  desc("limit_wait_seconds_total", "Time in which a call could have been sent but for requestsPerSecond."),
	}
}

// Describe implements [prometheus.Collector].
func (q *queues) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{q.calls, q.bytes, q.inFlight, q.age, q.limited} {
		ch <- desc
	}
}

// Collect implements [prometheus.Collector].
func (q *queues) Collect(ch chan<- prometheus.Metric) {
	for l, total := range q.totals() {
		for desc, value := range map[*prometheus.Desc]float64{
			q.calls: float64(total.Waiting), q.bytes: float64(total.WaitingBytes), q.inFlight: float64(total.InFlight), q.age: age(total.OldestDue),
		} {
			ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, l.namespace, l.name)
		}
		ch <- prometheus.MustNewConstMetric(q.limited, prometheus.CounterValue, total.LimitWait.Seconds(), l.namespace, l.name)
	}
}

// totals are the queues by label set.
func (q *queues) totals() map[labels]engine.Queue {
	all := q.ask() // before the lock, for it may read from the disk
	totals := make(map[labels]engine.Queue, len(all))
	q.integrations.mu.RLock()
	defer q.integrations.mu.RUnlock()
	totals[q.integrations.other.labels] = engine.Queue{} // shown in any case
	for i := range all {
		queue := &all[i]
		l := q.integrations.labelsOf(queue.Key)
		total := totals[l]
		total.Waiting += queue.Waiting
		total.WaitingBytes += queue.WaitingBytes
		total.InFlight += queue.InFlight
		total.LimitWait += queue.LimitWait
		if total.OldestDue.IsZero() || !queue.OldestDue.IsZero() && queue.OldestDue.Before(total.OldestDue) {
			total.OldestDue = queue.OldestDue
		}
		totals[l] = total
	}
	return totals
}

// age is how long ago a time was, in seconds; 0 if there is none.
func age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(time.Since(since).Seconds(), 0)
}
