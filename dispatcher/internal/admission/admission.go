package admission

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// ErrBusy is wrapped by the error for a request that must wait until others have
// ended, or memory is free again.
var ErrBusy = errors.New("the dispatcher has no memory for more calls at this moment; hand the call in again in a few seconds")

// ErrDiskFull is wrapped by the error for a request that must wait until there is
// room on the store's disk.
var ErrDiskFull = errors.New("the dispatcher's disk is nearly full, so it takes no more calls; what was accepted is still sent")

// interval is how often disk and memory are looked at. At 200 MB a second, more
// than the store writes, 50 MB go by in it.
const interval = 250 * time.Millisecond

// collectAfter is after how many looks in a row at memory that is short garbage is
// collected: every half a second.
const collectAfter = 2

// heapShare is the part of the memory limit that live objects may have. The rest
// is for the garbage until it is collected, stacks and what is not on the heap.
const heapShare = 0.6

// Disk tells how full the store's disk is, in bytes.
type Disk interface {
	// Free is what can still be written.
	Free() (uint64, error)
	// Used is what the store has written.
	Used() uint64
}

// Options are the bounds of a [Controller].
type Options struct {
	// Disk is asked for the state of the store's disk. Needed.
	Disk Disk
	// ReserveBytes is what is to stay free on the disk.
	ReserveBytes uint64
	// MaxStoreBytes bounds the store itself; 0 is no bound.
	MaxStoreBytes uint64
	// MemoryLimit is what the process may use; 0 is no bound.
	MemoryLimit uint64
	// RequestBytes bounds the bodies of requests that are being taken in.
	RequestBytes int64
	// Live tells the bytes of live objects; from the runtime if nil.
	Live func() uint64
	// Collect collects garbage, so that Live tells anew; the runtime's if nil.
	Collect func()
}

// Controller admits requests. Make it with [New]; all methods may be called
// concurrently.
type Controller struct {
	options Options
	taken   atomic.Int64          // bytes of requests that are being taken in
	refusal atomic.Pointer[error] // why nothing is admitted; nil inside if it is
	busy    int                   // how often memory was short in a row; used by Run alone
}

// New makes a controller, which has looked at disk and memory once.
func New(o Options) *Controller {
	if o.Live == nil {
		o.Live = liveBytes
	}
	if o.Collect == nil {
		o.Collect = runtime.GC
	}
	c := &Controller{options: o}
	c.look()
	return c
}

// Run looks at disk and memory until ctx ends.
func (c *Controller) Run(ctx context.Context) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.look()
		case <-ctx.Done():
			return
		}
	}
}

// Admit counts a request whose body has up to size bytes, and returns what ends
// the count. The error wraps [ErrBusy] or [ErrDiskFull]. A request larger than
// RequestBytes is admitted when no other is under way.
func (c *Controller) Admit(size int64) (release func(), err error) {
	if refusal := *c.refusal.Load(); refusal != nil {
		return nil, refusal
	}
	if taken := c.taken.Add(size); taken > c.options.RequestBytes && taken > size {
		c.taken.Add(-size)
		return nil, ErrBusy
	}
	return func() { c.taken.Add(-size) }, nil
}

// Refusal is why no request is admitted now; nil if they are.
func (c *Controller) Refusal() error { return *c.refusal.Load() }

// look judges disk and memory. A disk that cannot be asked counts as full.
func (c *Controller) look() {
	refusal := c.judge()
	c.refusal.Store(&refusal)
	if !errors.Is(refusal, ErrBusy) {
		c.busy = 0
		return
	}
	// What is known of live objects comes from the last collection. While all
	// calls are refused nothing may be allocated that begins another, so that what
	// is gone would be counted until the runtime's own, every two minutes.
	if c.busy++; c.busy%collectAfter == 0 {
		c.options.Collect()
	}
}

func (c *Controller) judge() error {
	o := &c.options
	free, err := o.Disk.Free()
	switch {
	case err != nil:
		return fmt.Errorf("%w (it could not be asked: %w)", ErrDiskFull, err)
	case free < o.ReserveBytes:
		return ErrDiskFull
	case o.MaxStoreBytes > 0 && o.Disk.Used() > o.MaxStoreBytes:
		return fmt.Errorf("%w (the store has reached its own bound)", ErrDiskFull)
	case o.MemoryLimit > 0 && float64(o.Live()) > heapShare*float64(o.MemoryLimit):
		return ErrBusy
	}
	return nil
}

// liveBytes is what the last collection of garbage left on the heap.
func liveBytes() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
