package dispatcher

import (
	"context"
	"net/http"
	"path"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/httpapi"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
)

// What is told to those who watch. Nothing here may block, or keep or change what it is
// given.

// flushTimeout is how long the last traces have at the end, after the drain, of the 15 s
// that are left of a pod's grace period.
const flushTimeout = 3 * time.Second

// observe prepares what tells of calls and attempts.
func (d *Dispatcher) observe(memory budget) (err error) {
	d.tail = tail.New(memory.tails)
	d.measure()
	d.calls = newCallLog(d.log, d.options.LogCalls)
	d.tracer, err = tracing.New(*d.options.tracing())
	return err
}

// accepted tells of calls that are durable.
func (d *Dispatcher) accepted(entries []*store.Entry) {
	d.tail.Accepted(entries)
	d.metrics.Accepted(entries)
	d.calls.accepted(entries)
}

// ended tells of ends that are durable.
func (d *Dispatcher) ended(ends []*store.End) {
	d.tail.Ended(ends)
	d.metrics.Ended(ends)
	d.calls.ended(ends)
}

// overloaded answers requests that there is no place for.
func (d *Dispatcher) overloaded() http.HandlerFunc {
	answer := httpapi.Overloaded(d.log)
	return func(w http.ResponseWriter, r *http.Request) {
		d.metrics.Problem(path.Base(client.ProblemOverloaded))
		answer(w, r)
	}
}

// measure makes the metrics. Whatever they ask at a scrape is there by the time that the
// API is served.
func (d *Dispatcher) measure() {
	sources := metrics.Sources{
		Queues:     func() []engine.Queue { return d.engine.Queues() },
		Store:      func() store.Metrics { return d.store.Metrics() },
		Disk:       d.disk,
		Control:    func() metrics.Control { return metrics.Control(d.control.Link()) },
		Configured: d.config.catalog.Complete,
	}
	if !d.options.InsecureNoAuth {
		sources.CacheHits = func() uint64 { return d.access.Hits() }
	}
	if !d.options.InsecureHTTP {
		sources.CertificateExpiry = d.serving.expiry
	}
	d.metrics = metrics.New(metrics.Options{Version: d.options.Version, PerWebhook: d.options.MetricsPerWebhook, Sources: sources})
	d.config.metrics = d.metrics
}

// disk is how full the store's disk is.
func (d *Dispatcher) disk() (disk metrics.Disk, err error) {
	if disk.Free, err = d.store.Free(); err != nil {
		return disk, err
	}
	if disk.Capacity, err = d.store.Capacity(); err != nil {
		return disk, err
	}
	disk.Reserve, err = d.reserve()
	return disk, err
}

// reserve is what is to stay free on the store's disk, in bytes.
func (d *Dispatcher) reserve() (uint64, error) {
	if d.options.DiskReserve != 0 {
		return d.options.DiskReserve, nil
	}
	capacity, err := d.store.Capacity()
	return reserveOf(capacity), err
}

// resultOf is how a review of a caller ended.
func resultOf(verdict control.Verdict, err error) metrics.ReviewResult {
	switch {
	case err != nil:
		return metrics.ReviewError
	case !verdict.Authenticated:
		return metrics.ReviewUnauthenticated
	case !verdict.Allowed:
		return metrics.ReviewForbidden
	}
	return metrics.ReviewAllowed
}

// flushTraces hands the last traces over. That they cannot be is said in the log: it is no
// failure of the dispatcher.
func (d *Dispatcher) flushTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := d.tracer.Shutdown(ctx); err != nil {
		d.log.Warn("traces are lost", "error", err, "spans", d.tracer.Dropped())
	}
}
