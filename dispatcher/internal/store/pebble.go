package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ErrClosed is returned by methods called after Close.
var ErrClosed = errors.New("the store is closed")

// Options are the settings of [Open]. The zero value is ready to use.
type Options struct {
	// Logger gets Pebble's messages: its own news at debug, slow disks and
	// stalled writes at warn, failures at error. Nil is slog.Default().
	Logger *slog.Logger
	// MemoryBytes is what Pebble may hold in memtables and blocks together; if 0,
	// [DefaultMemoryBytes]. More than that is not used.
	MemoryBytes uint64
	// Committed is told of each step that is durable: its kind, how many calls it was
	// for, and how long it took from its place in the log on until it was synced. Nobody
	// is if nil. It is called from many goroutines and must not block.
	Committed func(step Step, calls int, took time.Duration)
	// FS replaces the operating system's file system; for tests.
	FS vfs.FS
}

// Pebble is the [Store] in one folder of a local disk.
//
// Every step is one batch of the write-ahead log, and a method returns after the
// fsync that covers its batch. Callers share fsyncs: none waits for another's,
// all batches written while one runs are covered by the next.
//
// A step is visible to readers a moment before it is durable, so [Pebble.Fresh]
// may list a call whose Accept has not returned, and that a power cut would
// still undo. The log is cut off at one point only, so whatever a step could see
// is durable once that step is: after Begin has returned, the call it is for is
// durable too.
//
// A failed write or fsync ends the store: that method and every later step
// return the error, and opening again shows what holds. Failures inside Pebble
// from which it cannot go on end the process with exit code 1, after a line in
// the log.
//
// A Seq is never given out twice, also not after all calls have finished.
type Pebble struct {
	db      *pebble.DB
	lock    *pebble.Lock
	dir     string
	files   vfs.FS
	ballast *ballast // nil on a file system given by Options
	closers []io.Closer

	// gate lets Close wait for the methods under way.
	gate   sync.RWMutex
	closed bool

	// drops is held by a step that drops calls while it becomes visible, and by one that
	// makes a call wait again from its look at the call on until then.
	drops sync.RWMutex

	sweeping  sync.Mutex // held by a sweep
	stalls    *stalls
	committed func(step Step, calls int, took time.Duration)
	account   account

	// order makes the order of batches that of the numbers in them. It is held
	// while a batch is written to memory, never during an fsync.
	order   sync.Mutex
	lastSeq uint64
	// seqRoom is the highest Seq that may be given out before the stored bound
	// of them is raised.
	seqRoom uint64
	reports map[plan.Key]uint64 // Seq of the stored report
	fence   *fence              // of the step of a sweep that is being put together; nil without one
	failed  error               // of the first write or fsync that failed
	applied uint64              // how many batches are visible
	news    sync.Cond           // on order: durable has risen, or failed is set

	// durable is how many of the visible batches are on disk: the log is written in
	// their order. waiters are those who wait for that.
	durable atomic.Uint64
	waiters atomic.Int32
}

var _ Store = (*Pebble)(nil)

// Close implements [Store].
func (p *Pebble) Close() error {
	p.gate.Lock()
	defer p.gate.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.closed = true
	err := errors.Join(p.db.Close(), p.lock.Close())
	for _, c := range p.closers {
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return fmt.Errorf("close the store: %w", err)
	}
	return nil
}

// enter holds off Close until leave.
func (p *Pebble) enter() error {
	p.gate.RLock()
	if p.closed {
		p.gate.RUnlock()
		return ErrClosed
	}
	return nil
}

func (p *Pebble) leave() { p.gate.RUnlock() }

// commit makes a batch durable. fill adds what depends on the order of batches;
// it runs alone, in that order.
func (p *Pebble) commit(step Step, calls int, batch *pebble.Batch, fill func()) error {
	place, err := p.apply(batch, fill)
	if err != nil {
		return fmt.Errorf("write to the store: %w", err)
	}
	return p.finish(step, calls, batch, place)
}

// finish returns when a batch is durable that has its place in the log.
func (p *Pebble) finish(step Step, calls int, batch *pebble.Batch, place uint64) error {
	begun := time.Now()
	if err := p.wait(batch, place); err != nil {
		// The batch may still be in Pebble's hands, so it is not closed.
		return fmt.Errorf("write to the store: %w", err)
	}
	if p.committed != nil {
		p.committed(step, calls, time.Since(begun))
	}
	return batch.Close()
}

// apply gives the batch its place in the log, which it returns, and makes it
// visible.
func (p *Pebble) apply(batch *pebble.Batch, fill func()) (place uint64, err error) {
	p.order.Lock()
	defer p.order.Unlock()
	if p.failed != nil {
		return 0, p.gone()
	}
	fill()
	return p.write(batch)
}

// write is the end of apply. The order lock is held.
func (p *Pebble) write(batch *pebble.Batch) (place uint64, err error) {
	// Apply would keep the lock during the fsync; this leaves it to wait.
	if err := p.db.ApplyNoSyncWait(batch, pebble.Sync); err != nil {
		p.failed = err
		p.news.Broadcast()
		return 0, err
	}
	p.applied++
	return p.applied, nil
}

// gone is the error of everything that comes after a failed write.
func (p *Pebble) gone() error {
	return fmt.Errorf("an earlier write failed and the store must be opened again: %w", p.failed)
}

// wait returns when the log is on disk up to the end of the batch.
func (p *Pebble) wait(batch *pebble.Batch, place uint64) error {
	err := batch.SyncWait()
	if err == nil {
		for known := p.durable.Load(); known < place && !p.durable.CompareAndSwap(known, place); known = p.durable.Load() {
		}
		if p.waiters.Load() == 0 {
			return nil // the lock is spared when nobody is to be told
		}
	}
	p.order.Lock()
	defer p.order.Unlock()
	if err != nil && p.failed == nil {
		p.failed = err
	}
	p.news.Broadcast()
	return err
}

// settled returns when all that is visible now is durable.
func (p *Pebble) settled() error {
	p.order.Lock()
	defer p.order.Unlock()
	p.waiters.Add(1) // before durable is looked at, as wait does it the other way round
	defer p.waiters.Add(-1)
	for visible := p.applied; p.failed == nil && p.durable.Load() < visible; {
		p.news.Wait()
	}
	if p.failed != nil {
		return p.gone()
	}
	return nil
}

// seqBlock is by how much the stored bound of Seq is raised at a time. After a
// restart the numbers go on behind it.
const seqBlock = 10_000

// nextSeq gives out the next Seq. The order lock is held.
func (p *Pebble) nextSeq(batch *pebble.Batch) uint64 {
	p.lastSeq++
	if p.lastSeq > p.seqRoom {
		p.seqRoom = p.lastSeq + seqBlock
		put(batch, []byte(keyLastSeq), binary.BigEndian.AppendUint64(nil, p.seqRoom))
	}
	return p.lastSeq
}

// put adds a key to the batch. Batch.Set's error is always nil for a batch
// without an index, as all are here; the same goes for drop.
func put(batch *pebble.Batch, key, value []byte) { _ = batch.Set(key, value, nil) }

// drop removes a key, which need not exist.
func drop(batch *pebble.Batch, key []byte) { _ = batch.Delete(key, nil) }

// dropQueued removes a key that was set exactly once since it was last removed.
func dropQueued(batch *pebble.Batch, key []byte) { _ = batch.SingleDelete(key, nil) }
