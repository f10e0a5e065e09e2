package metrics

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The labels of all that is counted by integration. They do not have the name namespace,
// which Prometheus gives to targets.
var (
	integrationLabels = []string{"integration_namespace", "integration"}
	webhookLabels     = []string{"integration_namespace", "integration", "webhook"}
)

// source is what brought a call.
type source int

// The sources, and their labels.
const (
	fromAPI source = iota
	fromEvent
	fromOutcome
	allSources
)

var sourceNames = [allSources]string{"api", "event", "outcome"}

// sourceOf is what brought a call.
func sourceOf(call *store.Call) source {
	switch {
	case call.Hops > 0:
		return fromOutcome
	case call.Event != nil:
		return fromEvent
	}
	return fromAPI
}

// statusClasses are the labels of answers, by the first digit of their code; 0 is none.
var statusClasses = [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx", "other"}

// classOf is the place of a status code in statusClasses.
func classOf(code int) int {
	switch class := code / 100; {
	case code == 0:
		return 0
	case class >= 1 && class <= 5:
		return class
	}
	return len(statusClasses) - 1
}

// outcomeIndex and reasonIndex are the places of outcomes and reasons in their lists.
var (
	outcomeIndex = indexOf(plan.Outcomes)
	reasonIndex  = indexOf(plan.Reasons)
)

func indexOf[T comparable](all []T) map[T]int {
	index := make(map[T]int, len(all))
	for i, one := range all {
		index[one] = i
	}
	return index
}

// calls counts calls and attempts.
type calls struct {
	accepted, finished, attempts *prometheus.CounterVec
	duration, latency            *prometheus.HistogramVec
	objects                      *prometheus.Desc

	integrations integrations
}

// counters are those of one label set, resolved. The attempts are resolved at their first
// use: an integration meets few of the pairs.
type counters struct {
	labels   []string
	accepted [allSources]prometheus.Counter
	finished []prometheus.Counter
	attempts [][]atomic.Pointer[prometheus.Counter]
}

// durations are the histograms of one integration.
type durations struct{ attempt, latency prometheus.Observer }

// Buckets, in seconds. An attempt takes at most 120 s; a call may wait for days.
var (
	attemptBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120}
	latencyBuckets = []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 15, 60, 300, 900, 3600, 21600, 86400}
)

func newCalls(o *Options) *calls {
	counter := func(name, help string, more ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + name, Help: help}, append(webhookLabels[:3:3], more...))
	}
	c := &calls{
		accepted: counter("calls_accepted_total", "Calls that were made durable, by what brought them: api, event, or the outcome of another call.", "source"),
		finished: counter("calls_finished_total", "Calls that came to their outcome. One that is delivered anew is counted again.", "outcome"),
		attempts: counter("attempts_total", "Attempts that ended, by the class of the status code that was answered (none without an answer), and by reason.", "status_class", "reason"),
		duration: prometheus.NewHistogramVec(histogram("attempt_duration_seconds", "Time from an attempt's begin to the end of the answer, or to the error.", attemptBuckets), integrationLabels),
		latency:  prometheus.NewHistogramVec(histogram("call_latency_seconds", "Time from a call's creation to its outcome, of calls that were sent, without those delivered anew, cancelled or lost.", latencyBuckets), integrationLabels),
		objects:  prometheus.NewDesc(prefix+"configuration_objects", "Objects of the configuration, by kind, and by whether calls can be sent for them.", []string{"kind", "ready"}, nil),
	}
	c.integrations = integrations{
		make: c.integration, drop: c.drop, makeCounters: c.counters, dropCounters: c.dropCounters,
		perWebhook: o.PerWebhook, maxIntegrations: o.MaxIntegrations, maxWebhooks: o.MaxWebhooks,
		known: map[plan.Key]*integration{}, webhooks: map[plan.Key]*webhook{}, members: map[plan.Key]map[plan.Key]*webhook{}, ready: map[plan.Ref]bool{},
	}
	c.integrations.other = c.integration(labels{namespace: Other, name: Other})
	return c
}

// integration makes the label set of an integration.
func (c *calls) integration(l labels) *integration {
	name := ""
	if c.integrations.perWebhook {
		name = Other
	}
	return &integration{
		labels: l, counters: c.counters(l, name),
		durations: durations{attempt: c.duration.WithLabelValues(l.namespace, l.name), latency: c.latency.WithLabelValues(l.namespace, l.name)},
	}
}

// drop removes the label set of an integration.
func (c *calls) drop(in *integration) {
	c.dropCounters(in.counters)
	c.duration.DeleteLabelValues(in.namespace, in.name)
	c.latency.DeleteLabelValues(in.namespace, in.name)
}

// counters makes the counters of a label set. Those of accepted calls and of outcomes are
// there from the beginning, since Prometheus sees no increase in a series that begins at 1.
func (c *calls) counters(l labels, webhook string) *counters {
	made := &counters{
		labels:   []string{l.namespace, l.name, webhook},
		finished: make([]prometheus.Counter, len(plan.Outcomes)),
		attempts: make([][]atomic.Pointer[prometheus.Counter], len(statusClasses)),
	}
	for s, name := range sourceNames {
		made.accepted[s] = c.accepted.WithLabelValues(made.with(name)...)
	}
	for o, outcome := range plan.Outcomes {
		made.finished[o] = c.finished.WithLabelValues(made.with(string(outcome))...)
	}
	for class := range made.attempts {
		made.attempts[class] = make([]atomic.Pointer[prometheus.Counter], len(plan.Reasons))
	}
	return made
}

// with are the label values, and more.
func (s *counters) with(more ...string) []string { return append(s.labels[:3:3], more...) }

// dropCounters removes the counters of a label set.
func (c *calls) dropCounters(s *counters) {
	for _, name := range sourceNames {
		c.accepted.DeleteLabelValues(s.with(name)...)
	}
	for _, outcome := range plan.Outcomes {
		c.finished.DeleteLabelValues(s.with(string(outcome))...)
	}
	for class, reasons := range s.attempts {
		for reason := range reasons {
			if reasons[reason].Load() != nil {
				c.attempts.DeleteLabelValues(s.with(statusClasses[class], string(plan.Reasons[reason]))...)
			}
		}
	}
}

// Accepted counts calls that are durable, those included that ended at intake.
func (m *Metrics) Accepted(entries []*store.Entry) {
	c := m.calls
	c.integrations.mu.RLock()
	defer c.integrations.mu.RUnlock()
	for _, entry := range entries {
		c.entered(entry)
	}
}

// Ended counts ends that are durable, and the calls that came with them.
func (m *Metrics) Ended(ends []*store.End) {
	c := m.calls
	c.integrations.mu.RLock()
	defer c.integrations.mu.RUnlock()
	for _, end := range ends {
		in, counters := c.integrations.of(end.Call.Webhook, end.Call.Integration)
		if a := end.Attempt; a != nil && a.Number > 0 {
			c.attempt(counters, a)
			if a.Reason != plan.ReasonCrash { // it is unknown how long that took
				in.durations.attempt.Observe(max(a.Duration, 0).Seconds())
			}
		}
		if end.Now.Finished() && !end.Was.Finished() {
			counters.finish(end.Now.Outcome)
			in.durations.finish(end.Call, &end.Now)
		}
		for _, entry := range end.Calls {
			c.entered(entry)
		}
	}
}

// entered counts a call that was accepted. The lock is held for reading.
func (c *calls) entered(entry *store.Entry) {
	in, counters := c.integrations.of(entry.Call.Webhook, entry.Call.Integration)
	counters.accepted[sourceOf(&entry.Call)].Inc()
	if entry.State.Finished() {
		counters.finish(entry.State.Outcome)
		in.durations.finish(&entry.Call, &entry.State)
	}
}

// attempt counts an attempt. The lock is held for reading.
func (c *calls) attempt(s *counters, a *store.Attempt) {
	reason, ok := reasonIndex[a.Reason]
	if !ok {
		return // of a later version
	}
	class := classOf(a.StatusCode)
	slot := &s.attempts[class][reason]
	counter := slot.Load()
	if counter == nil {
		made := c.attempts.WithLabelValues(s.with(statusClasses[class], string(a.Reason))...)
		counter = &made
		slot.Store(counter)
	}
	(*counter).Inc()
}

// finish counts an outcome.
func (s *counters) finish(outcome plan.Outcome) {
	if i, ok := outcomeIndex[outcome]; ok {
		s.finished[i].Inc()
	}
}

// finish measures how long a call took that was sent. Of one that was delivered anew, or
// that somebody has ended, that says nothing.
func (d *durations) finish(call *store.Call, state *store.State) {
	if state.Attempts > 0 && state.Series == 0 && state.Outcome != plan.OutcomeCancelled && state.Outcome != plan.OutcomeLost {
		d.latency.Observe(max(state.EndedAt.Sub(call.CreatedAt), 0).Seconds())
	}
}

// SetIntegration tells of an integration of the configuration, and whether calls can be
// sent for it.
func (m *Metrics) SetIntegration(key plan.Key, ready bool) {
	m.calls.integrations.setIntegration(key, ready)
}

// SetWebhook tells of a webhook of the configuration, of its integration, and whether it
// takes calls.
func (m *Metrics) SetWebhook(key, integration plan.Key, ready bool) {
	m.calls.integrations.setWebhook(key, integration, ready)
}

// Remove tells that an object is gone. Its series go with it; what is still counted for
// it is counted under [Other].
func (m *Metrics) Remove(ref plan.Ref) { m.calls.integrations.remove(ref) }

// Describe implements [prometheus.Collector].
func (c *calls) Describe(ch chan<- *prometheus.Desc) {
	for _, part := range c.parts() {
		part.Describe(ch)
	}
	ch <- c.objects
}

// Collect implements [prometheus.Collector].
func (c *calls) Collect(ch chan<- prometheus.Metric) {
	for _, part := range c.parts() {
		part.Collect(ch)
	}
	for labels, n := range c.integrations.objects() {
		ch <- prometheus.MustNewConstMetric(c.objects, prometheus.GaugeValue, float64(n), labels[0], labels[1])
	}
}

func (c *calls) parts() []prometheus.Collector {
	return []prometheus.Collector{c.accepted, c.finished, c.attempts, c.duration, c.latency}
}
