package statistics

import (
	"math/bits"
	"time"
)

const (
	// parts is how many buckets there are between a power of two and the next: a bucket is
	// a sixteenth of its lower bound wide.
	parts     = 16
	partsBits = 4
	// maxMicros is the longest time that is told from longer ones: 139 years.
	maxMicros = 1 << 52
	buckets   = (52-partsBits)*parts + 2*parts
)

// histogram counts times, to the microsecond, by buckets that grow with them.
type histogram struct {
	counts *[buckets]uint32 // nil while it is empty
	total  int
	max    time.Duration
}

// add counts a time.
func (h *histogram) add(d time.Duration) {
	if h.counts == nil {
		h.counts = new([buckets]uint32)
	}
	h.counts[bucketOf(uint64(min(max(d.Microseconds(), 0), maxMicros)))]++
	h.total++
	h.max = max(h.max, d)
}

// bucketOf is the bucket of so many microseconds.
func bucketOf(micros uint64) int {
	if micros < 2*parts {
		return int(micros)
	}
	shift := bits.Len64(micros) - partsBits - 1
	return shift*parts + int(micros>>shift)
}

// middleOf is the middle of a bucket in microseconds.
func middleOf(bucket int) float64 {
	if bucket < 2*parts {
		return float64(bucket)
	}
	shift := bucket/parts - 1
	return float64(uint64(bucket-shift*parts)<<shift) + float64(uint64(1)<<shift)/2
}

// quantile is the time, in seconds, that so many per cent of the others do not pass; 0
// without any.
func (h *histogram) quantile(percent int) float64 {
	rank := (h.total*percent + 99) / 100
	if rank == 0 {
		return 0
	}
	for bucket, n := range h.counts {
		if rank -= int(n); rank <= 0 {
			return min(middleOf(bucket)/1e6, h.max.Seconds())
		}
	}
	return h.max.Seconds()
}
