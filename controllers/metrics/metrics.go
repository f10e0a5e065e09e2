package metrics

import (
	"context"
	"crypto/sha256"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// prefix begins every name.
const prefix = "webhook_manager_"

// listTimeout bounds what is asked of the cache at a scrape.
const listTimeout = 5 * time.Second

// WriteResult is what came of an outcome that was to be written to status.
type WriteResult string

// The results of writes.
const (
	Written   WriteResult = "written"
	Unchanged WriteResult = "unchanged" // status said so already
	Dropped   WriteResult = "dropped"   // the Webhook is gone
	Failed    WriteResult = "failed"    // it is tried again
)

// ReviewResult is how a review of a caller ended.
type ReviewResult string

// The results of reviews.
const (
	Allowed         ReviewResult = "allowed"
	Forbidden       ReviewResult = "forbidden"
	Unauthenticated ReviewResult = "unauthenticated"
	ReviewFailed    ReviewResult = "error" // Kubernetes could not be asked
)

// Backlog is what is yet to be written to status.
type Backlog struct {
	// Waiting is how many webhooks have an outcome that is not in status.
	Waiting int
	// Oldest is since when one waits, and Due since when one should have been written;
	// zero if none does.
	Oldest, Due time.Time
	// BudgetUsed is how much of the burst of writes is used up, from 0 to 1.
	BudgetUsed float64
}

// Object is a kind of objects, and what their condition Ready says.
type Object struct {
	Kind string
	// Ready is true, false or unknown.
	Ready string
}

// Sources are asked at each scrape.
type Sources struct {
	// Backlog is the outcome writer's.
	Backlog func() Backlog
	// Connected says whether the dispatcher is connected.
	Connected func() bool
	// Objects counts the objects of the cache.
	Objects func(context.Context) (map[Object]int, error)
}

// Metrics is what is known of one manager. Make it with [New]; all methods may be called
// concurrently.
type Metrics struct {
	registry *prometheus.Registry
	writes   *prometheus.CounterVec
	reviews  *prometheus.HistogramVec
	sources  atomic.Pointer[Sources]
	serving  certificate
	door     door

	figures []figure
	objects *prometheus.Desc
}

// figure is one number of the sources.
type figure struct {
	desc  *prometheus.Desc
	value func(*Sources) float64
}

// New makes the metrics of a manager.
func New(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		door:     door{reviews: make(chan struct{}, maxReviews), verdicts: map[[sha256.Size]byte]verdict{}},
		writes:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "status_writes_total", Help: "Outcomes that were to be written to status, by what came of it: written, unchanged, dropped since the Webhook is gone, or failed, to be tried again."}, []string{"result"}),
		reviews: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: prefix + "review_duration_seconds", Help: "Time that the API server took to say whether a caller may do something, by what it said.",
			Buckets:                     []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5},
			NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
		}, []string{"result"}),
		objects: prometheus.NewDesc(prefix+"objects", "Objects in the cluster, by kind, and by what their condition Ready says.", []string{"kind", "ready"}, nil),
	}
	for _, result := range []WriteResult{Written, Unchanged, Dropped, Failed} {
		m.writes.WithLabelValues(string(result))
	}
	for _, result := range []ReviewResult{Allowed, Forbidden, Unauthenticated, ReviewFailed} {
		m.reviews.WithLabelValues(string(result))
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "The version of the manager and of Go, always 1.",
		ConstLabels: prometheus.Labels{"version": version, "goversion": runtime.Version()},
	})
	build.Set(1)
	expiry := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: prefix + "serving_certificate_expiry_timestamp_seconds", Help: "When the certificate ends that callers are shown; 0 without one.",
	}, m.serving.expiry)
	m.describe()
	m.registry.MustRegister(build, expiry, m.writes, m.reviews, (*asked)(m))
	return m
}

// describe makes the descriptions of what is asked at a scrape.
func (m *Metrics) describe() {
	add := func(name, help string, value func(*Sources) float64) {
		m.figures = append(m.figures, figure{desc: prometheus.NewDesc(prefix+name, help, nil, nil), value: value})
	}
	add("status_outcomes_waiting", "Webhooks whose newest outcome is not in status.", func(s *Sources) float64 { return float64(s.Backlog().Waiting) })
	add("status_oldest_outcome_age_seconds", "For how long the outcome waits that has waited longest; outcomes like the one before wait for 5 minutes as a rule.", func(s *Sources) float64 { return age(s.Backlog().Oldest) })
	add("status_overdue_seconds", "By how much the outcome is late that should have been written first; 0 if none is.", func(s *Sources) float64 { return age(s.Backlog().Due) })
	add("status_write_budget_used_ratio", "How much of the budget of status writes is used up, from 0 to 1.", func(s *Sources) float64 { return s.Backlog().BudgetUsed })
	add("control_session_connected", "Whether the dispatcher is connected, 0 or 1.", func(s *Sources) float64 {
		if s.Connected() {
			return 1
		}
		return 0
	})
}

// Ask sets what is asked at a scrape; before it is not shown.
func (m *Metrics) Ask(s Sources) { m.sources.Store(&s) }

// Wrote counts what came of an outcome that was to be written to status.
func (m *Metrics) Wrote(result WriteResult) { m.writes.WithLabelValues(string(result)).Inc() }

// Reviewed measures a review of a caller.
func (m *Metrics) Reviewed(result ReviewResult, took time.Duration) {
	m.reviews.WithLabelValues(string(result)).Observe(took.Seconds())
}

// Gatherer gives the metrics to those who read them in this process.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// asked is the collector of what is asked at a scrape.
type asked Metrics

// Describe implements [prometheus.Collector].
func (a *asked) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range a.figures {
		ch <- f.desc
	}
	ch <- a.objects
}

// Collect implements [prometheus.Collector].
func (a *asked) Collect(ch chan<- prometheus.Metric) {
	sources := a.sources.Load()
	if sources == nil {
		return
	}
	for _, f := range a.figures {
		ch <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, f.value(sources))
	}
	ctx, cancel := context.WithTimeout(context.Background(), listTimeout)
	defer cancel()
	counts, err := sources.Objects(ctx)
	if err != nil {
		return // the cache is not there yet
	}
	for object, n := range counts {
		ch <- prometheus.MustNewConstMetric(a.objects, prometheus.GaugeValue, float64(n), object.Kind, object.Ready)
	}
}

// age is how long ago a time was, in seconds; 0 if there is none, or it is to come.
func age(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(time.Since(since).Seconds(), 0)
}
