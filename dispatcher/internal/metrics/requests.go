package metrics

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requests counts requests to the API.
type requests struct {
	total    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	inFlight prometheus.Gauge
	problems *prometheus.CounterVec
}

// requestBuckets are in seconds. A request that waits for an outcome may take a minute.
var requestBuckets = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

func newRequests() *requests {
	r := &requests{
		total:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "http_requests_total", Help: "Requests to the API, by route, method and status code."}, []string{"route", "method", "code"}),
		duration: prometheus.NewHistogramVec(histogram("http_request_duration_seconds", "Time that requests to the API took, their bodies and answers included.", requestBuckets), []string{"route", "method"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: prefix + "http_requests_in_flight", Help: "Requests to the API that are under way."}),
		problems: prometheus.NewCounterVec(prometheus.CounterOpts{Name: prefix + "problems_total", Help: "Problems that callers were told, by type as in docs/http-api.md: of a batch one for each call that was refused."}, []string{"type"}),
	}
	// Those that alerts are about are there from the beginning.
	for _, kind := range []string{"overloaded", "disk-full", "too-many-waiting", "access-unavailable", "internal"} {
		r.problems.WithLabelValues(kind)
	}
	return r
}

// noRoute is the route of a path that names nothing.
const noRoute = "none"

// methods are those that have a label; others are "other".
var methods = map[string]bool{
	http.MethodGet: true, http.MethodHead: true, http.MethodPost: true, http.MethodPut: true, http.MethodPatch: true, http.MethodDelete: true,
}

// RequestBegun counts a request to the API that is under way.
func (m *Metrics) RequestBegun() { m.requests.inFlight.Inc() }

// RequestEnded counts and measures a request that has ended. route is the path of a
// pattern, never one that was asked for; empty or "/" if that names nothing.
func (m *Metrics) RequestEnded(route, method string, status int, took time.Duration) {
	r := m.requests
	if route == "" || route == "/" {
		route = noRoute
	}
	if !methods[method] {
		method = "other"
	}
	r.inFlight.Dec()
	r.total.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	r.duration.WithLabelValues(route, method).Observe(took.Seconds())
}

// Problem counts a problem that a caller was told, by the last part of its type.
func (m *Metrics) Problem(kind string) { m.requests.problems.WithLabelValues(kind).Inc() }

// Describe implements [prometheus.Collector].
func (r *requests) Describe(ch chan<- *prometheus.Desc) {
	for _, part := range r.parts() {
		part.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (r *requests) Collect(ch chan<- prometheus.Metric) {
	for _, part := range r.parts() {
		part.Collect(ch)
	}
}

func (r *requests) parts() []prometheus.Collector {
	return []prometheus.Collector{r.total, r.duration, r.inFlight, r.problems}
}
