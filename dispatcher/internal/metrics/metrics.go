package metrics

import (
	"cmp"
	"net/http"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// prefix begins every name.
const prefix = "webhook_dispatcher_"

// Other is the value of the labels integration, integration_namespace and webhook for all
// that have no label set of their own. No object can have this name.
const Other = "_other"

// Bounds of label sets, by default. An integration has about 60 series, those of its
// histograms included, and a webhook about 15.
const (
	DefaultMaxIntegrations = 2_000
	DefaultMaxWebhooks     = 10_000
)

const (
	// maxScrapes bounds the scrapes that are answered at one time; further ones get 503.
	maxScrapes = 4
	// scrapeTimeout bounds one, which takes milliseconds.
	scrapeTimeout = 30 * time.Second
)

// Options are what a [Metrics] works with.
type Options struct {
	// Version is that of the dispatcher.
	Version string
	// PerWebhook counts calls and attempts of each webhook apart.
	PerWebhook bool
	// MaxIntegrations bounds the integrations with a label set of their own, and
	// MaxWebhooks the webhooks, if PerWebhook is set. The defaults are
	// [DefaultMaxIntegrations] and [DefaultMaxWebhooks].
	MaxIntegrations, MaxWebhooks int
	// Sources are asked at each scrape. Those that are nil are not shown.
	Sources Sources
}

// Metrics is what is known of one dispatcher. Make it with [New]; all methods may be
// called concurrently.
type Metrics struct {
	registry *prometheus.Registry

	calls    *calls
	requests *requests
	steps    *steps
	reviews  *prometheus.HistogramVec
}

// New makes the metrics of a dispatcher, with those of the Go runtime and the process.
func New(o Options) *Metrics {
	o.MaxIntegrations = cmp.Or(o.MaxIntegrations, DefaultMaxIntegrations)
	o.MaxWebhooks = cmp.Or(o.MaxWebhooks, DefaultMaxWebhooks)
	m := &Metrics{registry: prometheus.NewRegistry(), calls: newCalls(&o), requests: newRequests(), steps: newSteps(), reviews: newReviews()}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: prefix + "build_info", Help: "The version of the dispatcher and of Go, always 1.",
		ConstLabels: prometheus.Labels{"version": o.Version, "goversion": runtime.Version()},
	})
	build.Set(1)
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), build, m.calls, m.requests, m.steps, m.reviews)
	m.registry.MustRegister(o.Sources.collectors(m.calls)...)
	return m
}

// Handler serves the metrics in the text format of Prometheus, or in its protobuf format
// to those who ask for it, which alone has native histograms.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{
		Registry: nil, MaxRequestsInFlight: maxScrapes, Timeout: scrapeTimeout, ErrorHandling: promhttp.HTTPErrorOnError,
	})
}

// Gatherer gives the metrics to those who read them in this process.
func (m *Metrics) Gatherer() prometheus.Gatherer { return m.registry }

// histogram is a histogram with the given classic buckets, and a native one of the same
// observations: within 10 % of each, at most 100 buckets, begun anew after an hour at the
// soonest if they are not enough.
func histogram(name, help string, buckets []float64) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: prefix + name, Help: help, Buckets: buckets,
		NativeHistogramBucketFactor: 1.1, NativeHistogramMaxBucketNumber: 100, NativeHistogramMinResetDuration: time.Hour,
	}
}
