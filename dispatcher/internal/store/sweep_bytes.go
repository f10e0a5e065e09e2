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
// most, less the slack. Of the bucket in which the bound is passed the rows are looked at
// to find the second, and of that to find the row, so that memory is bounded by what
// begins in a second.
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
	err := p.eachEntry(ctx, integration, begin, bucketTime, func(e *LogEntry) {
		seconds[e.Begun.Sub(begin)/time.Second] += int64(e.Bytes)
	})
	second := len(seconds) - 1
	for ; second >= 0 && seconds[second] <= left; second-- {
		left -= seconds[second]
	}
	if err != nil || second < 0 {
		return begin, err
	}
	begin = begin.Add(time.Duration(second) * time.Second)
	var rows []LogEntry
	err = p.eachEntry(ctx, integration, begin, time.Second, func(e *LogEntry) { rows = append(rows, LogEntry{LogPosition: e.LogPosition, Bytes: e.Bytes}) })
	slices.SortFunc(rows, func(a, b LogEntry) int { return b.Begun.Compare(a.Begun) }) // the newest first
	for _, row := range rows {
		if left -= int64(row.Bytes); left < 0 {
			return row.Begun.Add(1), err
		}
	}
	return begin, err
}

// eachEntry visits the entries of an integration, or with nil all, that begin in a span of
// time, in no order.
func (p *Pebble) eachEntry(ctx context.Context, integration *plan.Key, begin time.Time, span time.Duration, visit func(*LogEntry)) error {
	return p.eachNamespace(func(namespace string) error {
		f := LogFilter{Namespace: namespace, Since: begin, Till: begin.Add(span)}
		c, err := newLogCursor(p, LogQuery{Filter: f})
		for more := true; more && err == nil; {
			more, err = c.portion(ctx, lookAhead, func(e *LogEntry) bool {
				if integration == nil || e.Integration == *integration { // not the filter's: the zero key is one, too
					visit(e)
				}
				return true
			})
		}
		return err
	})
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
