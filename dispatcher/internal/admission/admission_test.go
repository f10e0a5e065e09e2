package admission

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// disk is a disk whose state the test sets.
type disk struct {
	free, used uint64
	err        error
	now        atomic.Uint64 // free, if it changes
}

func (d *disk) Free() (uint64, error) { return d.free + d.now.Load(), d.err }
func (d *disk) Used() uint64          { return d.used }

func TestRefusals(t *testing.T) {
	const mib = 1 << 20
	for name, test := range map[string]struct {
		disk *disk
		live uint64
		want error
	}{
		"room":               {&disk{free: 100 * mib}, 0, nil},
		"just enough":        {&disk{free: 10 * mib, used: 50 * mib}, 60 * mib, nil},
		"disk nearly full":   {&disk{free: 10*mib - 1}, 0, ErrDiskFull},
		"store at its bound": {&disk{free: 100 * mib, used: 50*mib + 1}, 0, ErrDiskFull},
		"disk gone":          {&disk{free: 100 * mib, err: errors.New("stale handle")}, 0, ErrDiskFull},
		"heap":               {&disk{free: 100 * mib}, 61 * mib, ErrBusy},
	} {
		c := New(Options{
			Disk: test.disk, ReserveBytes: 10 * mib, MaxStoreBytes: 50 * mib, MemoryLimit: 100 * mib, RequestBytes: mib,
			Live: func() uint64 { return test.live },
		})
		if _, err := c.Admit(1); !errors.Is(err, test.want) || !errors.Is(c.Refusal(), test.want) {
			t.Errorf("%s: Admit = %v, Refusal = %v, want %v", name, err, c.Refusal(), test.want)
		}
	}
}

func TestRequestsUnderWayAreBounded(t *testing.T) {
	c := New(Options{Disk: &disk{free: 1}, RequestBytes: 100})
	large, err := c.Admit(1000) // alone
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Admit(1); !errors.Is(err, ErrBusy) {
		t.Errorf("beside a large one: %v", err)
	}
	large()
	first, err := c.Admit(60)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Admit(41); !errors.Is(err, ErrBusy) {
		t.Errorf("one too many: %v", err)
	}
	if _, err := c.Admit(40); err != nil {
		t.Errorf("as many as fit: %v", err)
	}
	first()
	if _, err := c.Admit(60); err != nil {
		t.Errorf("after one has ended: %v", err)
	}
}

func TestADiskThatFillsAndIsFreed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &disk{}
		d.now.Store(100)
		c := New(Options{Disk: d, ReserveBytes: 10, RequestBytes: 1})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { c.Run(ctx); close(done) }()
		for _, free := range []uint64{9, 10, 0, 100} {
			synctest.Wait()
			d.now.Store(free)
			timer := time.NewTimer(interval)
			<-timer.C
			synctest.Wait()
			if full := errors.Is(c.Refusal(), ErrDiskFull); full != (free < 10) {
				t.Errorf("%d bytes free: %v", free, c.Refusal())
			}
		}
		stop()
		<-done
	})
}

// TestGarbageIsCollectedWhileMemoryIsShort: nothing else would begin a collection
// then, and so nothing would ever be admitted again.
func TestGarbageIsCollectedWhileMemoryIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var live atomic.Uint64
		live.Store(90)
		c := New(Options{
			Disk: &disk{free: 1}, MemoryLimit: 100, RequestBytes: 1,
			Live: live.Load, Collect: func() { live.Store(10) },
		})
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { c.Run(ctx); close(done) }()
		timer := time.NewTimer(time.Second)
		<-timer.C
		synctest.Wait()
		if err := c.Refusal(); err != nil {
			t.Errorf("after a second: %v", err)
		}
		stop()
		<-done
	})
}
