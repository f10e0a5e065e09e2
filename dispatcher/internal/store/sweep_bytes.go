package store

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// cutoffs are the times before which rows are too many by their bytes: of the whole log,
// and of integrations; latest is the latest of the latter. Zero is none.
type cutoffs struct {
	all, latest time.Time
	of          map[plan.Key]time.Time
}

// byteCutoffs finds the cutoffs.
func (p *Pebble) byteCutoffs(ctx context.Context, r Retention) (cutoffs, error) {
	c := cutoffs{of: map[plan.Key]time.Time{}}
	total, parts := p.account.sums()
	var err error
	if total.Bytes > r.MaxBytes {
		if c.all, err = p.byteCutoff(ctx, p.account.times(nil), nil, r.MaxBytes); err != nil {
			return c, err
		}
	}
	for integration, size := range parts {
		most := r.Policy.LogRetention(integration).MaxBytes
		if most <= 0 || size.Bytes <= most {
			continue
		}
		at, err := p.byteCutoff(ctx, p.account.times(&integration), &integration, most)
		if err != nil {
			return c, err
		}
		c.of[integration], c.latest = at, later(c.latest, at)
	}
	return c, nil
}

// byteCutoff is from when on the rows of an integration, or of all, take no more than
// most, less the slack, to the second: of the bucket in which the bound is passed the
// rows are looked at.
func (p *Pebble) byteCutoff(ctx context.Context, buckets []bucket, integration *plan.Key, most int64) (time.Time, error) {
	left := most - most/sweepSlack
	i := len(buckets) - 1
	for ; i >= 0 && buckets[i].bytes <= left; i-- {
		left -= buckets[i].bytes
	}
	if i < 0 {
		return time.Time{}, nil
	}
	begin := bucketBegin(buckets[i].number)
	seconds := make([]int64, bucketTime/time.Second)
	err := p.eachNamespace(func(namespace string) error {
		c, err := newLogCursor(p, LogQuery{Filter: LogFilter{Namespace: namespace, Since: begin, Till: begin.Add(bucketTime)}})
		for more := true; more && err == nil; {
			more, err = c.portion(ctx, lookAhead, func(e *LogEntry) bool {
				if integration == nil || e.Integration == *integration {
					seconds[e.Begun.Sub(begin)/time.Second] += int64(e.Bytes)
				}
				return true
			})
		}
		return err
	})
	second := len(seconds) - 1
	for ; second >= 0 && seconds[second] <= left; second-- {
		left -= seconds[second]
	}
	return begin.Add(time.Duration(second+1) * time.Second), err
}

// eachNamespace visits the namespaces that have rows.
func (p *Pebble) eachNamespace(visit func(namespace string) error) error {
	for from := []byte(prefixLog); from != nil; {
		var namespace []byte
		err := scan(p.db, from, end([]byte(prefixLog)), func(key, _ []byte) (bool, error) {
			namespace, _, _ = bytes.Cut(bytes.Clone(key[len(prefixLog):]), []byte{0})
			return false, nil
		})
		if err != nil || namespace == nil {
			return err
		}
		if err := visit(string(namespace)); err != nil {
			return err
		}
		from = append(append([]byte(prefixLog), namespace...), 1)
	}
	return nil
}

// sums returns the size of the log and of its parts.
func (a *account) sums() (LogSize, map[plan.Key]LogSize) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	parts := make(map[plan.Key]LogSize, len(a.parts))
	for integration, p := range a.parts {
		parts[integration] = p.LogSize
	}
	return a.total, parts
}

// times returns the buckets of an integration, or with nil of all together, in order.
func (a *account) times(integration *plan.Key) []bucket {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if integration != nil {
		if p := a.parts[*integration]; p != nil {
			return slices.Clone(p.buckets)
		}
		return nil
	}
	all := map[uint32]bucket{}
	for _, p := range a.parts {
		for _, b := range p.buckets {
			sum := all[b.number]
			all[b.number] = bucket{number: b.number, rows: sum.rows + b.rows, bytes: sum.bytes + b.bytes}
		}
	}
	buckets := make([]bucket, 0, len(all))
	for _, number := range slices.Sorted(maps.Keys(all)) {
		buckets = append(buckets, all[number])
	}
	return buckets
}
