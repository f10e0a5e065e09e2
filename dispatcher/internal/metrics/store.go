package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// steps measures the steps that the store makes durable.
type steps struct {
	calls, took *prometheus.HistogramVec
}

// Buckets: a step has at most 10,000 calls; a sync takes from tenths of milliseconds.
var (
	stepCallsBuckets = []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000}
	syncBuckets      = []float64{0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}
)

func newSteps() *steps {
	label := []string{"step"}
	s := &steps{
		calls: prometheus.NewHistogramVec(histogram("store_step_calls", "Calls that were made durable in one step: accept for those taken in, begin for marks of attempts, end for ends of attempts.", stepCallsBuckets), label),
		took:  prometheus.NewHistogramVec(histogram("store_step_duration_seconds", "Time that one step took to be durable, its sync included.", syncBuckets), label),
	}
	for _, step := range []store.Step{store.StepAccept, store.StepBegin, store.StepEnd} {
		s.calls.WithLabelValues(string(step))
		s.took.WithLabelValues(string(step))
	}
	return s
}

// Committed measures a step of the store; see [store.Options].
func (m *Metrics) Committed(step store.Step, calls int, took time.Duration) {
	if calls > 0 { // else it is about keys and rows
		m.steps.calls.WithLabelValues(string(step)).Observe(float64(calls))
	}
	m.steps.took.WithLabelValues(string(step)).Observe(took.Seconds())
}

// Describe implements [prometheus.Collector].
func (s *steps) Describe(ch chan<- *prometheus.Desc) {
	s.calls.Describe(ch)
	s.took.Describe(ch)
}

// Collect implements [prometheus.Collector].
func (s *steps) Collect(ch chan<- prometheus.Metric) {
	s.calls.Collect(ch)
	s.took.Collect(ch)
}

// figure is one number of the store.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(*store.Metrics) float64
}

// storeHealth shows how the store is.
type storeHealth struct {
	sources      *Sources
	integrations *integrations
	figures      []figure

	fsync, logBytes, logRows, free, capacity, reserve *prometheus.Desc
}

func newStore(sources *Sources, known *integrations) *storeHealth {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(prefix+name, help, labels, nil)
	}
	s := &storeHealth{
		sources: sources, integrations: known,
		fsync:    desc("store_fsync_duration_seconds", "Time that syncs of the store's log of writes took."),
		logBytes: desc("delivery_log_bytes", "Bytes of the delivery log, by integration, before compression.", integrationLabels...),
		logRows:  desc("delivery_log_rows", "Rows of the delivery log, by integration.", integrationLabels...),
		free:     desc("store_disk_free_bytes", "What is free on the store's disk."),
		capacity: desc("store_disk_capacity_bytes", "The size of the store's disk."),
		reserve:  desc("store_disk_reserve_bytes", "What is to stay free on the store's disk: below it no call is taken in."),
	}
	for _, f := range []struct {
		name, help string
		kind       prometheus.ValueType
		value      func(*store.Metrics) float64
	}{
		{"store_bytes", "What the store takes on its disk.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.DiskBytes) }},
		{"store_wal_bytes", "What of it is the log of writes.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.WALBytes) }},
		{"store_compactions_in_progress", "Compactions under way.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.Compactions) }},
		{"store_compaction_debt_bytes", "About how much is yet to be compacted.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.CompactionDebtBytes) }},
		{"store_read_amplification", "In how many places one look-up may have to look.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.ReadAmplification) }},
		{"store_level0_tables", "Tables that wait in level 0 to be compacted.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.Level0Files) }},
		{"store_write_stalls_total", "How often writes had to wait for compactions.", prometheus.CounterValue, func(m *store.Metrics) float64 { return float64(m.Stalls) }},
		{"store_write_stall_seconds_total", "For how long writes had to wait for compactions.", prometheus.CounterValue, func(m *store.Metrics) float64 { return m.StallTime.Seconds() }},
		{"store_cache_bytes", "The size of the cache of blocks.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return float64(m.CacheBytes) }},
		{"store_cache_hits_total", "Look-ups that found their block in the cache.", prometheus.CounterValue, func(m *store.Metrics) float64 { return float64(m.CacheHits) }},
		{"store_cache_misses_total", "Look-ups that read their block from the disk.", prometheus.CounterValue, func(m *store.Metrics) float64 { return float64(m.CacheMisses) }},
		{"delivery_log_oldest_row_timestamp_seconds", "When the oldest row of the delivery log began; 0 if there is none.", prometheus.GaugeValue, func(m *store.Metrics) float64 { return unix(m.Oldest) }},
	} {
		s.figures = append(s.figures, figure{desc: desc(f.name, f.help), kind: f.kind, value: f.value})
	}
	return s
}

// Describe implements [prometheus.Collector].
func (s *storeHealth) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range s.figures {
		ch <- f.desc
	}
	for _, desc := range []*prometheus.Desc{s.fsync, s.logBytes, s.logRows, s.free, s.capacity, s.reserve} {
		ch <- desc
	}
}

// Collect implements [prometheus.Collector].
func (s *storeHealth) Collect(ch chan<- prometheus.Metric) {
	m := s.sources.Store()
	for _, f := range s.figures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(&m))
	}
	buckets := make(map[float64]uint64, len(m.Fsync.Buckets))
	for _, b := range m.Fsync.Buckets {
		buckets[b.Bound.Seconds()] = b.Count
	}
	ch <- prometheus.MustNewConstHistogram(s.fsync, m.Fsync.Count, m.Fsync.Sum.Seconds(), buckets)
	for l, size := range s.logs(m.Integrations) {
		ch <- prometheus.MustNewConstMetric(s.logBytes, prometheus.GaugeValue, float64(size.Bytes), l.namespace, l.name)
		ch <- prometheus.MustNewConstMetric(s.logRows, prometheus.GaugeValue, float64(size.Rows), l.namespace, l.name)
	}
	s.disk(ch)
}

// logs are the sizes of the log by label set.
func (s *storeHealth) logs(all map[plan.Key]store.LogSize) map[labels]store.LogSize {
	totals := make(map[labels]store.LogSize, len(all))
	s.integrations.mu.RLock()
	defer s.integrations.mu.RUnlock()
	totals[s.integrations.other.labels] = store.LogSize{} // shown in any case
	for key, size := range all {
		l := s.integrations.labelsOf(key)
		total := totals[l]
		total.Bytes += size.Bytes
		total.Rows += size.Rows
		totals[l] = total
	}
	return totals
}

// disk shows the disk, unless it cannot be asked.
func (s *storeHealth) disk(ch chan<- prometheus.Metric) {
	if s.sources.Disk == nil {
		return
	}
	disk, err := s.sources.Disk()
	if err != nil {
		return
	}
	for desc, value := range map[*prometheus.Desc]uint64{s.free: disk.Free, s.capacity: disk.Capacity, s.reserve: disk.Reserve} {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
}
