package store

import (
	"sync"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Step is a kind of step that is made durable.
type Step string

// The steps.
const (
	StepAccept  Step = "accept"
	StepBegin   Step = "begin"
	StepEnd     Step = "end"
	StepForget  Step = "forget"  // of idempotency keys
	StepSweep   Step = "sweep"   // of the log, by [Pebble.Sweep]
	StepUpgrade Step = "upgrade" // of the format, at open
)

// Metrics is how a store is, at one moment; counts are since it was opened.
type Metrics struct {
	// DiskBytes is what the store takes on its disk, WALBytes what of it is the log that
	// is synced at each step.
	DiskBytes, WALBytes uint64
	// Compactions is how many are under way, CompactionDebtBytes about how much is yet
	// to be compacted.
	Compactions         int
	CompactionDebtBytes uint64
	// ReadAmplification is in how many places one look-up may have to look,
	// Level0Files how many tables wait in level 0 to be compacted.
	ReadAmplification int
	Level0Files       int64
	// Stalls is how often writes had to wait for the disk, StallTime how long in all;
	// one that is under way counts.
	Stalls    uint64
	StallTime time.Duration
	// Fsync is how long the syncs of the log took.
	Fsync Histogram
	// Log is the size of the delivery log, Integrations that of each integration.
	Log          LogSize
	Integrations map[plan.Key]LogSize
	// Oldest is when the oldest row of the log began, rounded down to ten minutes;
	// zero if there is none.
	Oldest time.Time
	// CacheBytes is the size of the cache of blocks, CacheHits and CacheMisses are
	// look-ups in it.
	CacheBytes             int64
	CacheHits, CacheMisses int64
}

// LogSize is the size of the delivery log, or of a part of it: the rows, their places
// in the indexes and the calls they are of, before compression.
type LogSize struct {
	Bytes int64
	Rows  int64
}

// Histogram counts durations.
type Histogram struct {
	Count uint64
	Sum   time.Duration
	// Buckets are cumulative, with ascending bounds; there is none without a bound.
	Buckets []Bucket
}

// Bucket counts durations up to a bound, which is included.
type Bucket struct {
	Bound time.Duration
	Count uint64
}

// Metrics says how the store is. It takes some tens of microseconds, and does not
// touch the disk. After Close it is zero.
func (p *Pebble) Metrics() Metrics {
	if p.enter() != nil {
		return Metrics{}
	}
	defer p.leave()
	m := p.db.Metrics()
	metrics := Metrics{
		DiskBytes: m.DiskSpaceUsage(), WALBytes: max(m.WAL.Size, m.WAL.PhysicalSize),
		Compactions: int(m.Compact.NumInProgress), CompactionDebtBytes: m.Compact.EstimatedDebt,
		ReadAmplification: m.ReadAmp(), Level0Files: m.Levels[0].TablesCount,
		CacheBytes: m.BlockCache.Size, CacheHits: m.BlockCache.Hits, CacheMisses: m.BlockCache.Misses,
	}
	metrics.Stalls, metrics.StallTime = p.stalls.read(time.Now())
	var histogram dto.Metric
	if m.LogWriter.FsyncLatency != nil && m.LogWriter.FsyncLatency.Write(&histogram) == nil {
		metrics.Fsync = histogramOf(histogram.GetHistogram())
	}
	p.account.sizes(&metrics)
	return metrics
}

// histogramOf reads a histogram of Pebble's, which is in nanoseconds.
func histogramOf(h *dto.Histogram) Histogram {
	out := Histogram{Count: h.GetSampleCount(), Sum: time.Duration(h.GetSampleSum())}
	for _, b := range h.GetBucket() {
		bound := time.Duration(b.GetUpperBound())
		if n := len(out.Buckets); n > 0 && out.Buckets[n-1].Bound >= bound { // its two series of bounds meet
			out.Buckets[n-1].Count = b.GetCumulativeCount()
			continue
		}
		out.Buckets = append(out.Buckets, Bucket{Bound: bound, Count: b.GetCumulativeCount()})
	}
	return out
}

// stalls counts the times in which writes wait for the disk.
type stalls struct {
	mu    sync.Mutex
	count uint64
	time  time.Duration
	since time.Time // zero while there is none
}

func (s *stalls) begin(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.since = now
}

func (s *stalls) end(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.since.IsZero() {
		s.time += now.Sub(s.since)
		s.since = time.Time{}
	}
}

func (s *stalls) read(now time.Time) (uint64, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() {
		return s.count, s.time
	}
	return s.count, s.time + now.Sub(s.since)
}
