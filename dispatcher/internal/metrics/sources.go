package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Sources are asked at each scrape; they are called concurrently, and must be quick.
type Sources struct {
	// Queues are the engine's.
	Queues func() []engine.Queue
	// Store says how the store is.
	Store func() store.Metrics
	// Disk says how full the store's disk is. It is not shown while that is an error.
	Disk func() (Disk, error)
	// Control says how the session with the manager is.
	Control func() Control
	// CacheHits is how many verdicts on callers came from memory.
	CacheHits func() uint64
	// Configured says whether a whole configuration has arrived.
	Configured func() bool
	// CertificateExpiry is when the certificate ends that callers are shown; zero if
	// there is none.
	CertificateExpiry func() time.Time
}

// Disk is how full a disk is, in bytes.
type Disk struct {
	// Free is what can be written, Capacity the size of the disk, and Reserve what is to
	// stay free.
	Free, Capacity, Reserve uint64
}

// Control is how the session with the manager is.
type Control struct {
	// Connected says that there is one now.
	Connected bool
	// Sessions is how many there were, this one included.
	Sessions uint64
	// Unacknowledged is how many webhooks have an outcome that the manager has not
	// acknowledged.
	Unacknowledged int
}

// collectors are those of the sources that there are.
func (s *Sources) collectors(c *calls) (all []prometheus.Collector) {
	if s.Queues != nil {
		all = append(all, newQueues(s.Queues, &c.integrations))
	}
	if s.Store != nil {
		all = append(all, newStore(s, &c.integrations))
	}
	if s.Control != nil {
		all = append(all,
			gauge("control_session_connected", "Whether the manager is connected, 0 or 1.", func() float64 { return number(s.Control().Connected) }),
			counter("control_sessions_total", "Sessions with the manager.", func() float64 { return float64(s.Control().Sessions) }),
			gauge("control_unacknowledged_outcomes", "Webhooks whose newest outcome the manager has not yet acknowledged as written to status.", func() float64 { return float64(s.Control().Unacknowledged) }),
		)
	}
	if s.CacheHits != nil {
		all = append(all, counter("access_cache_hits_total", "Verdicts on callers that came from memory.", func() float64 { return float64(s.CacheHits()) }))
	}
	if s.Configured != nil {
		all = append(all, gauge("configuration_complete", "Whether a whole configuration has arrived since the start, 0 or 1.", func() float64 { return number(s.Configured()) }))
	}
	if s.CertificateExpiry != nil {
		all = append(all, gauge("serving_certificate_expiry_timestamp_seconds", "When the certificate ends that callers are shown; 0 without one.", func() float64 { return unix(s.CertificateExpiry()) }))
	}
	return all
}

// gauge is a gauge without labels that is asked at each scrape.
func gauge(name, help string, ask func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: prefix + name, Help: help}, ask)
}

// counter is a counter without labels that is asked at each scrape.
func counter(name, help string, ask func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: prefix + name, Help: help}, ask)
}

// number is 1 for yes.
func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// unix is a time in seconds since 1970; 0 of none.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}
