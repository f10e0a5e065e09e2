package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// How much of the log is read at a time. What follows each other is read and formatted
// by several goroutines, a batch each, and written in order; a batch that is ready waits
// until it is its turn. So memory is bounded by the chunks that can be ready at a time,
// of about chunkBytes and a row each, and not by rows.
const (
	// chunkBytes is about how much of what format makes comes to write at a time.
	chunkBytes = 64 << 10
	// readyChunks is how many chunks of a batch can be ready before they are written.
	readyChunks = 4
	// batchRows and batchBytes bound a batch; bytes are those of the account.
	batchRows  = 128
	batchBytes = 256 << 10
	// lookAhead is how many entries that are not wanted are looked at until the budget is.
	lookAhead = 4096
)

// LogEntries implements [Store].
func (p *Pebble) LogEntries(ctx context.Context, f LogFilter, visit func(*LogEntry) bool) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	c, err := newLogCursor(p, LogQuery{Filter: f})
	going := true
	for more := true; more && going && err == nil; {
		more, err = c.portion(ctx, lookAhead, func(e *LogEntry) bool {
			going = visit(e)
			return going
		})
	}
	return err
}

// Log implements [Store].
func (p *Pebble) Log(ctx context.Context, q LogQuery, format func(dst []byte, row *LogRow) []byte, write func(LogChunk) error) (LogEnd, error) {
	if err := p.enter(); err != nil {
		return LogEnd{}, err
	}
	defer p.leave()
	cursor, err := newLogCursor(p, q)
	if err != nil {
		return LogEnd{}, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r := &logReading{
		store: p, query: q, cursor: cursor, format: format, write: write,
		jobs: make(chan *logBatch), order: make(chan *logBatch, runtime.GOMAXPROCS(0)),
	}
	var group sync.WaitGroup
	group.Go(func() { r.produce(ctx) })
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() { r.work(ctx) })
	}
	err = r.consume(ctx)
	cancel()
	group.Wait() // they have iterators, which must not outlive the store
	return r.end, err
}

// logReading is one reading under way.
type logReading struct {
	store  *Pebble
	query  LogQuery
	cursor *logCursor
	format func(dst []byte, row *LogRow) []byte
	write  func(LogChunk) error

	jobs   chan *logBatch // to those who read and format
	order  chan *logBatch // the same, in order, to the one who writes
	buffer sync.Pool      // of *logChunk
	end    LogEnd
}

// logBatch is some entries that follow each other.
type logBatch struct {
	entries []LogEntry
	ready   chan *logChunk // closed behind the last
	err     error          // of the batch, once ready is closed

	// last is where the index has been looked at up to, more whether there may be more
	// behind it though this is the last batch. failed is why it is the last.
	last   LogPosition
	more   bool
	failed error
}

// logChunk is a chunk with the ends of its rows.
type logChunk struct {
	bytes []byte
	ends  []int
	at    []LogPosition
}

// produce reads the index and gives batches out, to those who work on them and, in
// order, to the one who writes.
func (r *logReading) produce(ctx context.Context) {
	defer close(r.order)
	defer close(r.jobs)
	begun := time.Now()
	for more := true; more; {
		b := r.next(ctx, begun)
		more = b.failed == nil && !b.more && len(b.entries) > 0
		select {
		case r.order <- b:
		case <-ctx.Done():
			return
		}
		select {
		case r.jobs <- b:
		case <-ctx.Done():
			return
		}
	}
}

// next reads the entries of the next batch. One without entries, or that says that there
// may be more, is the last.
func (r *logReading) next(ctx context.Context, begun time.Time) *logBatch {
	b := &logBatch{ready: make(chan *logChunk, readyChunks)}
	rows, size := batchRows, 0
	if r.query.Limit > 0 && r.query.Filter.Text == "" {
		rows = min(rows, r.query.Limit)
	}
	for more := true; more && len(b.entries) < rows && size < batchBytes; {
		more, b.failed = r.cursor.portion(ctx, lookAhead, func(e *LogEntry) bool {
			b.entries = append(b.entries, *e)
			size += e.Bytes
			return len(b.entries) < rows && size < batchBytes
		})
		if b.failed != nil {
			break
		}
		if more && r.query.Budget > 0 && time.Since(begun) > r.query.Budget {
			b.more = true
			break
		}
	}
	b.last = r.cursor.last
	return b
}

// work reads and formats batches until there are no more.
func (r *logReading) work(ctx context.Context) {
	rows := rowReader{store: r.store, search: newSearch(r.query.Filter.Text)}
	for b := range r.jobs {
		b.err = r.one(ctx, &rows, b)
		close(b.ready)
	}
}

// one reads and formats one batch.
func (r *logReading) one(ctx context.Context, rows *rowReader, b *logBatch) (err error) {
	if len(b.entries) == 0 {
		return nil
	}
	if err := rows.open(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	chunk := r.empty()
	send := func() error {
		select {
		case b.ready <- chunk:
			chunk = r.empty()
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for i := range b.entries {
		row, err := rows.read(&b.entries[i])
		if err != nil {
			return fmt.Errorf("read attempt %d of call %s: %w", b.entries[i].Number, b.entries[i].ID, err)
		}
		if row == nil {
			continue
		}
		chunk.bytes = r.format(chunk.bytes, row)
		chunk.ends = append(chunk.ends, len(chunk.bytes))
		chunk.at = append(chunk.at, b.entries[i].LogPosition)
		if len(chunk.bytes) < chunkBytes {
			continue
		}
		if err := send(); err != nil {
			return err
		}
	}
	if len(chunk.ends) == 0 {
		return nil
	}
	return send()
}

// maxChunk is the largest buffer of a chunk that is used again.
const maxChunk = 4 * chunkBytes

// empty returns a chunk to be filled.
func (r *logReading) empty() *logChunk {
	if c, ok := r.buffer.Get().(*logChunk); ok {
		return c
	}
	return &logChunk{bytes: make([]byte, 0, chunkBytes+chunkBytes/4)}
}

// keep takes a chunk back.
func (r *logReading) keep(c *logChunk) {
	if cap(c.bytes) <= maxChunk {
		c.bytes, c.ends, c.at = c.bytes[:0], c.ends[:0], c.at[:0]
		r.buffer.Put(c)
	}
}

// consume writes the chunks of batches in order, up to the query's limit.
func (r *logReading) consume(ctx context.Context) error {
	for b := range r.order {
		for {
			var chunk *logChunk
			select {
			case chunk = <-b.ready:
			case <-ctx.Done():
				return ctx.Err()
			}
			if chunk == nil {
				break
			}
			if full, err := r.hand(chunk); full || err != nil {
				return err
			}
		}
		if err := errors.Join(b.err, b.failed); err != nil {
			return err
		}
		r.end.Last, r.end.More = b.last, b.more
	}
	return ctx.Err()
}

// hand hands a chunk to write; full says that the limit is reached.
func (r *logReading) hand(c *logChunk) (full bool, err error) {
	rows := len(c.ends)
	if limit := r.query.Limit; limit > 0 && r.end.Rows+rows >= limit {
		rows, full = limit-r.end.Rows, true
	}
	last := c.at[rows-1]
	if err := r.write(LogChunk{Bytes: c.bytes[:c.ends[rows-1]], Rows: rows, Last: last}); err != nil {
		return false, err
	}
	r.end.Rows += rows
	r.end.Last, r.end.More = last, full
	r.keep(c)
	return full, nil
}

// rowReader reads rows with two iterators that stay near: calls and rows lie in the
// order of ids, which is about that of time.
type rowReader struct {
	store       *Pebble
	search      *search
	calls, rows *pebble.Iterator
	reading     [2]reading
	row         LogRow
	key         []byte
}

// open makes the iterators.
func (r *rowReader) open() (err error) {
	bounds := func(prefix string) *pebble.IterOptions {
		return &pebble.IterOptions{LowerBound: []byte(prefix), UpperBound: end([]byte(prefix))}
	}
	if r.row.Attempt == nil {
		r.row = LogRow{Attempt: new(Attempt), Call: new(Call)}
	}
	if r.rows, err = r.store.db.NewIter(bounds(prefixAttempt)); err != nil {
		return err
	}
	if r.calls, err = r.store.db.NewIter(bounds(prefixCall)); err != nil {
		return errors.Join(err, r.rows.Close())
	}
	return nil
}

func (r *rowReader) close() error { return errors.Join(r.rows.Close(), r.calls.Close()) }

// read reads the row of an entry; nil if it is gone, or is not wanted for its text. It is
// valid until the next one is read.
func (r *rowReader) read(e *LogEntry) (*LogRow, error) {
	row := &r.row
	r.key = append(append(r.key[:0], prefixAttempt...), e.ID[:]...)
	r.key = append(r.key, byte(e.Number>>24), byte(e.Number>>16), byte(e.Number>>8), byte(e.Number))
	record, err := seek(r.rows, r.key)
	if record == nil || err != nil {
		return nil, err
	}
	if err := r.reading[0].attempt(record, row.Attempt); err != nil {
		return nil, err
	}
	if !sameTime(row.Attempt.Begun, e.Begun) { // there is a later row in its place
		return nil, nil
	}
	r.key = append(append(r.key[:0], prefixCall...), e.ID[:]...)
	if record, err = seek(r.calls, r.key); record == nil || err != nil {
		return nil, err
	}
	if err := r.reading[1].call(record, row.Call); err != nil || !r.search.in(row) {
		return nil, err
	}
	return row, nil
}

// seek returns the record under a key, as long as the iterator stays there; nil if there
// is none.
func seek(iter *pebble.Iterator, key []byte) ([]byte, error) {
	if !iter.SeekGE(key) || !bytes.Equal(iter.Key(), key) {
		return nil, iter.Error()
	}
	return iter.ValueAndErr()
}
