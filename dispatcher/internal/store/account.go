package store

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// bucketTime is how long the times are by which the log's bytes are counted.
const bucketTime = 10 * time.Minute

// bucketLen is the tail of a key of the account, bucketValueLen the length of a value.
const (
	bucketLen      = 4
	bucketValueLen = 16
)

// charge is what a row adds to the account, or what one that goes takes from it.
type charge struct {
	integration plan.Key
	bucket      uint32
	bytes, rows int64
}

// bucketOf is the number of a time's bucket since 1970.
func bucketOf(t time.Time) uint32 {
	return uint32(min(max(t.Unix()/int64(bucketTime/time.Second), 0), 1<<32-2)) //nolint:gosec // bounded
}

// bucketBegin is when a bucket begins.
func bucketBegin(n uint32) time.Time {
	return time.Unix(int64(n)*int64(bucketTime/time.Second), 0).UTC()
}

// bucketKey is the key of what the rows of an integration take that began in a bucket.
func bucketKey(integration plan.Key, n uint32) []byte {
	return binary.BigEndian.AppendUint32(laneKey(prefixBytes, integration), n)
}

// bucketValue is the value of a bucket: bytes and rows.
func bucketValue(b *bucket) []byte {
	value := binary.BigEndian.AppendUint64(make([]byte, 0, bucketValueLen), uint64(b.bytes))
	return binary.BigEndian.AppendUint64(value, uint64(b.rows))
}

// readBucket is the inverse of bucketKey and bucketValue.
func readBucket(key, value []byte) (plan.Key, bucket, error) {
	lane, integration, err := parseLane(key, prefixBytes, bucketLen)
	if err != nil || len(value) != bucketValueLen {
		return plan.Key{}, bucket{}, fmt.Errorf("the store is damaged: the account of the log has no bucket %q", key)
	}
	return integration, bucket{
		number: binary.BigEndian.Uint32(key[lane:]),
		bytes:  int64(binary.BigEndian.Uint64(value)),           //nolint:gosec // as it was written
		rows:   uint32(binary.BigEndian.Uint64(value[seqLen:])), //nolint:gosec // as it was written
	}, nil
}

// bucket is what the rows of an integration take that began within one bucketTime.
type bucket struct {
	number uint32
	rows   uint32
	bytes  int64
}

// account is what the log takes, by integration and time. The store's order lock
// guards changes, so that each batch has the numbers that hold after it; mu is for
// those who only look. A bucket takes 16 bytes of memory: an integration that is never
// idle has two thousand of them in two weeks.
type account struct {
	mu    sync.RWMutex
	total LogSize
	parts map[plan.Key]*part
}

// part is the account of one integration.
type part struct {
	LogSize
	buckets []bucket // ascending
}

// read takes over what is stored.
func (a *account) read(r pebble.Reader) error {
	a.parts, a.total = map[plan.Key]*part{}, LogSize{}
	return scan(r, []byte(prefixBytes), end([]byte(prefixBytes)), func(key, value []byte) (bool, error) {
		integration, b, err := readBucket(key, value)
		if err == nil {
			*a.bucket(integration, b.number) = b
			a.add(integration, b.bytes, int64(b.rows))
		}
		return true, err
	})
}

// bucket returns a bucket, which is made if there is none. It is valid until the next
// one is made.
func (a *account) bucket(integration plan.Key, number uint32) *bucket {
	p := a.parts[integration]
	if p == nil {
		p = &part{}
		a.parts[integration] = p
	}
	if n := len(p.buckets); n > 0 && p.buckets[n-1].number == number {
		return &p.buckets[n-1]
	}
	i, found := slices.BinarySearchFunc(p.buckets, number, func(b bucket, n uint32) int { return cmp.Compare(b.number, n) })
	if !found {
		p.buckets = slices.Insert(p.buckets, i, bucket{number: number})
	}
	return &p.buckets[i]
}

// add adds to the sums.
func (a *account) add(integration plan.Key, bytes, rows int64) {
	p := a.parts[integration]
	p.Bytes, p.Rows = p.Bytes+bytes, p.Rows+rows
	a.total.Bytes, a.total.Rows = a.total.Bytes+bytes, a.total.Rows+rows
}

// post adds charges to the account, and what has changed to the batch. The order lock
// is held.
func (a *account) post(batch *pebble.Batch, charges []charge) {
	if len(charges) == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range charges {
		c := &charges[i]
		b := a.bucket(c.integration, c.bucket)
		b.bytes += c.bytes
		b.rows = uint32(int64(b.rows) + c.rows) //nolint:gosec // a bucket never has that many
		a.add(c.integration, c.bytes, c.rows)
	}
	for i := range charges {
		c := &charges[i]
		if slices.ContainsFunc(charges[i+1:min(len(charges), i+1+postAhead)], func(d charge) bool {
			return d.integration == c.integration && d.bucket == c.bucket
		}) {
			continue // a later one writes it
		}
		a.put(batch, c.integration, c.bucket)
	}
}

// postAhead is how far post looks for another charge to the same bucket, so that it is
// not written for each; twice does no harm.
const postAhead = 8

// put adds what a bucket holds now to the batch.
func (a *account) put(batch *pebble.Batch, integration plan.Key, number uint32) {
	p := a.parts[integration]
	if p == nil {
		return // it was written empty before
	}
	i, found := slices.BinarySearchFunc(p.buckets, number, func(b bucket, n uint32) int { return cmp.Compare(b.number, n) })
	switch {
	case !found:
	case p.buckets[i].rows > 0:
		put(batch, bucketKey(integration, number), bucketValue(&p.buckets[i]))
	default:
		drop(batch, bucketKey(integration, number))
		if p.buckets = slices.Delete(p.buckets, i, i+1); len(p.buckets) == 0 {
			delete(a.parts, integration)
		}
	}
}

// sizes adds the sums to metrics.
func (a *account) sizes(m *Metrics) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	m.Log, m.Integrations = a.total, make(map[plan.Key]LogSize, len(a.parts))
	for integration, p := range a.parts {
		m.Integrations[integration] = p.LogSize
		if begin := bucketBegin(p.buckets[0].number); m.Oldest.IsZero() || begin.Before(m.Oldest) {
			m.Oldest = begin
		}
	}
}
