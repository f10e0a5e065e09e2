package tail

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/export"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Bounds of what waits for one reader. One row may be larger than maxBytes.
const (
	maxRows  = 1000
	maxBytes = 1 << 20
)

// ErrTooMany is returned by [Broadcaster.Subscribe] when there is no room for a further
// reader.
var ErrTooMany = errors.New("as many live tails are read as there is memory for")

// format is that of rows: one line of JSON with the details.
var format = export.Of("ndjson", true)

// Row is a row in the form in which it is shown. It is immutable.
type Row struct {
	At store.LogPosition
	// Line is one line of NDJSON.
	Line []byte
}

// Broadcaster hands rows on. Make one with [New]; all methods may be called concurrently.
type Broadcaster struct {
	most    int
	mu      sync.Mutex                // held to change readers
	readers atomic.Pointer[[]*Reader] // nil or not empty; immutable
}

// New makes a broadcaster for at most so many readers at a time, each of which can take
// about a megabyte.
func New(maxReaders int) *Broadcaster { return &Broadcaster{most: maxReaders} }

// Subscribe begins to keep rows that the filter wants, until [Reader.Close].
func (b *Broadcaster) Subscribe(f store.LogFilter) (*Reader, error) {
	r := &Reader{from: b, filter: f, ready: make(chan struct{}, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	var now []*Reader
	if was := b.readers.Load(); was != nil {
		now = slices.Clone(*was)
	}
	if len(now) >= b.most {
		return nil, ErrTooMany
	}
	now = append(now, r)
	b.readers.Store(&now)
	return r, nil
}

// Ended takes the rows of ends that are durable. It keeps none of them.
func (b *Broadcaster) Ended(ends []*store.End) {
	readers := b.readers.Load()
	if readers == nil {
		return
	}
	for _, end := range ends {
		switch {
		case end.Attempt != nil:
			hand(*readers, &store.LogRow{Attempt: end.Attempt, Call: end.Call})
		case end.Now.Finished():
			hand(*readers, store.EndRow(end.Call, end.Now))
		}
		finished(*readers, end.Calls)
	}
}

// Accepted takes the rows of calls that are durable and ended at intake. It keeps none of
// them.
func (b *Broadcaster) Accepted(entries []*store.Entry) {
	if readers := b.readers.Load(); readers != nil {
		finished(*readers, entries)
	}
}

// finished hands on the rows of those entries that have ended.
func finished(readers []*Reader, entries []*store.Entry) {
	for _, entry := range entries {
		if entry.State.Finished() {
			hand(readers, store.EndRow(&entry.Call, entry.State))
		}
	}
}

// hand hands a row to those who want it. It is encoded once, and only for them.
func hand(readers []*Reader, row *store.LogRow) {
	var line []byte
	for _, r := range readers {
		if !r.filter.Wants(row) {
			continue
		}
		if line == nil {
			line = format.AppendRow(nil, row)
		}
		r.add(Row{At: row.Position(), Line: line})
	}
}

// Reader has the rows for one who watches.
type Reader struct {
	from   *Broadcaster
	filter store.LogFilter
	ready  chan struct{}

	mu      sync.Mutex
	rows    []Row
	bytes   int
	dropped int // since rows were taken
}

// add keeps a row, if there is room. What is dropped is all that comes until the rows are
// taken, so that a gap is behind them.
func (r *Reader) add(row Row) {
	r.mu.Lock()
	switch {
	case r.dropped > 0, len(r.rows) == maxRows, len(r.rows) > 0 && r.bytes+len(row.Line) > maxBytes:
		r.dropped++
	default:
		r.rows = append(r.rows, row)
		r.bytes += len(row.Line)
	}
	r.mu.Unlock()
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

// Ready delivers when there may be something to take.
func (r *Reader) Ready() <-chan struct{} { return r.ready }

// Take returns the rows that wait, in order, and how many were dropped behind them.
func (r *Reader) Take() (rows []Row, dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	rows, dropped = r.rows, r.dropped
	r.rows, r.bytes, r.dropped = nil, 0, 0
	return rows, dropped
}

// Close ends the reading.
func (r *Reader) Close() {
	b := r.from
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.readers.Load()
	if was == nil {
		return
	}
	now := slices.DeleteFunc(slices.Clone(*was), func(other *Reader) bool { return other == r })
	if len(now) == 0 {
		b.readers.Store(nil)
		return
	}
	b.readers.Store(&now)
}
