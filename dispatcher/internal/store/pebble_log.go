package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// chunkBytes is about how much of what format makes comes to write at a time.
const chunkBytes = 64 << 10

// Log implements [Store].
func (p *Pebble) Log(ctx context.Context, q LogQuery, format func(dst []byte, row *LogRow) []byte, write func(LogChunk) error) (LogEnd, error) {
	if err := p.enter(); err != nil {
		return LogEnd{}, err
	}
	defer p.leave()
	var end LogEnd
	var chunk LogChunk
	flush := func() error {
		if chunk.Rows == 0 {
			return nil
		}
		err := write(chunk)
		chunk = LogChunk{Bytes: chunk.Bytes[:0]}
		return err
	}
	begun := time.Now()
	var failed error
	err := p.entries(ctx, q, func(e *LogEntry) bool {
		if q.Budget > 0 && time.Since(begun) > q.Budget {
			end.More = true
			return false
		}
		end.Last = e.LogPosition
		row, err := p.row(e)
		if err != nil {
			failed = err
			return false
		}
		if row == nil || !matches(row, q.Filter.Text) {
			return true
		}
		chunk.Bytes = format(chunk.Bytes, row)
		chunk.Rows++
		chunk.Last = e.LogPosition
		end.Rows++
		if len(chunk.Bytes) >= chunkBytes {
			if failed = flush(); failed != nil {
				return false
			}
		}
		end.More = q.Limit > 0 && end.Rows == q.Limit
		return !end.More
	})
	if err = errors.Join(err, failed); err == nil {
		err = flush()
	}
	return end, err
}

// LogEntries implements [Store].
func (p *Pebble) LogEntries(ctx context.Context, f LogFilter, visit func(*LogEntry) bool) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	return p.entries(ctx, LogQuery{Filter: f}, visit)
}

// row reads the row of an entry; nil if it is gone.
func (p *Pebble) row(e *LogEntry) (*LogRow, error) {
	row := &LogRow{Attempt: new(Attempt), Call: new(Call)}
	err := p.get(attemptKey(e.ID, e.Number), func(record []byte) error { return decoder.Unmarshal(record, row.Attempt) })
	if err == nil {
		err = p.get(idKey(prefixCall, e.ID), func(record []byte) error { return decodeCall(record, row.Call) })
	}
	switch {
	case errors.Is(err, pebble.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("read attempt %d of call %s: %w", e.Number, e.ID, err)
	case !row.Attempt.Begun.Equal(e.Begun): // there is a later row in its place
		return nil, nil
	}
	return row, nil
}

// matches reports whether a text is in what is shown of a row.
func matches(row *LogRow, text string) bool {
	if text == "" {
		return true
	}
	text = strings.ToLower(text)
	return strings.Contains(strings.ToLower(row.Attempt.URL), text) ||
		bytes.Contains(bytes.ToLower(row.RequestBody()), []byte(text)) ||
		bytes.Contains(bytes.ToLower(row.Attempt.ResponseBody), []byte(text))
}

// RequestBody is the call's body as it is shown: without its private parts.
func (r *LogRow) RequestBody() []byte {
	if len(r.Attempt.RequestBodyMask) == 0 {
		return r.Call.Body
	}
	var shown []byte
	at := 0
	for _, s := range r.Attempt.RequestBodyMask {
		if s.Start < at || s.End < s.Start || s.End > len(r.Call.Body) {
			return []byte(plan.Redacted) // the row does not fit the call
		}
		shown = append(append(shown, r.Call.Body[at:s.Start]...), plan.Redacted...)
		at = s.End
	}
	return append(shown, r.Call.Body[at:]...)
}

// entries visits the entries that the query's filter wants, in its order.
func (p *Pebble) entries(ctx context.Context, q LogQuery, visit func(*LogEntry) bool) error {
	lower, upper := q.bounds()
	if bytes.Compare(lower, upper) >= 0 {
		return nil
	}
	iter, err := p.db.NewIter(&pebble.IterOptions{LowerBound: lower, UpperBound: upper})
	if err != nil {
		return err
	}
	first, next := iter.First, iter.Next
	if q.Newest {
		first, next = iter.Last, iter.Prev
	}
	var e LogEntry
	for more := first(); more && err == nil; {
		var value []byte
		if value, err = iter.ValueAndErr(); err == nil {
			err = readEntry(q.Filter.Namespace, iter.Key(), value, &e)
		}
		if err == nil && q.Filter.wants(&e) && !visit(&e) {
			break
		}
		if err == nil {
			err = ctx.Err()
		}
		more = next()
	}
	return errors.Join(err, iter.Close())
}

// bounds are the keys of the index between which the query looks.
func (q *LogQuery) bounds() (lower, upper []byte) {
	f := &q.Filter
	var prefix []byte
	if f.Webhook != "" {
		prefix = laneKey(prefixLogOf, plan.Key{Namespace: f.Namespace, Name: f.Webhook})
	} else {
		prefix = append(append([]byte(prefixLog), f.Namespace...), 0)
	}
	place := func(at LogPosition) []byte { return appendPlace(bytes.Clone(prefix), at) }
	lower, upper = prefix, end(prefix)
	if !f.Since.IsZero() {
		lower = place(LogPosition{Begun: f.Since})
	}
	if !f.Till.IsZero() {
		upper = place(LogPosition{Begun: f.Till})
	}
	if f.ID != uuid.Nil { // no attempt begins before its call is made
		created := timeOfID(f.ID).Add(-lateID)
		if key := place(LogPosition{Begun: created}); bytes.Compare(key, lower) > 0 {
			lower = key
		}
	}
	if q.After != (LogPosition{}) {
		switch after := place(q.After); {
		case q.Newest && bytes.Compare(after, upper) < 0:
			upper = after
		case !q.Newest && bytes.Compare(after, lower) >= 0:
			lower = append(after, 0)
		}
	}
	return lower, upper
}

// timeOfID is the time in a UUIDv7, to the millisecond.
func timeOfID(id uuid.UUID) time.Time {
	var millis int64
	for _, b := range id[:6] {
		millis = millis<<8 | int64(b)
	}
	return time.UnixMilli(millis)
}
