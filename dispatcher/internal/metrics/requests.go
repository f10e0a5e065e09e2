package metrics

import (
	"net/http"
	"strconv"
	"strings"
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

// Requests counts and measures the requests to a handler. It must have an
// [http.ServeMux] in it, which notes the pattern of the route in the request that it is
// given: a path never becomes a label.
func (m *Metrics) Requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		begun := time.Now()
		noted := &noted{ResponseWriter: w, request: r}
		m.requests.inFlight.Inc()
		defer func() { // also of a handler that cuts the connection off, by a panic
			m.requests.inFlight.Dec()
			m.requests.observe(r, noted.code(), time.Since(begun))
		}()
		next.ServeHTTP(noted, r)
	})
}

func (r *requests) observe(request *http.Request, code int, took time.Duration) {
	route, method := routeOf(request.Pattern), request.Method
	if !methods[method] {
		method = "other"
	}
	r.total.WithLabelValues(route, method, strconv.Itoa(code)).Inc()
	r.duration.WithLabelValues(route, method).Observe(took.Seconds())
}

// routeOf is the path of a pattern.
func routeOf(pattern string) string {
	if _, path, ok := strings.Cut(pattern, " "); ok {
		pattern = path
	}
	if pattern == "" || pattern == "/" {
		return noRoute
	}
	return pattern
}

// Problem counts a problem that a caller was told, by the last part of its type.
func (m *Metrics) Problem(kind string) { m.requests.problems.WithLabelValues(kind).Inc() }

// noted notes the status of an answer.
type noted struct {
	http.ResponseWriter

	request *http.Request
	status  int
}

// WriteHeader notes the status. The server ends a connection whose request had too large
// a body, of which it would else have to read the rest, but [http.MaxBytesReader] tells
// that to its own writer alone.
func (n *noted) WriteHeader(status int) {
	if status == http.StatusRequestEntityTooLarge && n.request.ProtoMajor == 1 {
		n.Header().Set("Connection", "close")
	}
	if n.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		n.status = status
	}
	n.ResponseWriter.WriteHeader(status)
}

// Write notes that the status is 200 if none was set.
func (n *noted) Write(p []byte) (int, error) {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	return n.ResponseWriter.Write(p)
}

// Flush notes that the status is 200 if none was set.
func (n *noted) Flush() {
	if n.status == 0 {
		n.status = http.StatusOK
	}
	_ = http.NewResponseController(n.ResponseWriter).Flush() // what cannot be flushed is sent at the end
}

// Unwrap is for [http.ResponseController].
func (n *noted) Unwrap() http.ResponseWriter { return n.ResponseWriter }

// code is the status of the answer, which is 200 if the handler has said nothing.
func (n *noted) code() int {
	if n.status == 0 {
		return http.StatusOK
	}
	return n.status
}

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
