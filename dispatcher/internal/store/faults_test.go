package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// errInjected is the fault of a disk in these tests.
var errInjected = errors.New("injected: the disk refuses")

// deathbed is a store's log that notices what ends the process in earnest: after
// that line the store exits with code 1. Here the goroutine stays where it is
// instead, and everything that needs what it holds does so too.
type deathbed struct {
	slog.Handler
	once sync.Once
	died chan struct{} // closed at that line
	last string        // the line, once died is closed
}

func newDeathbed() *deathbed {
	return &deathbed{Handler: slog.DiscardHandler, died: make(chan struct{})}
}

// Enabled implements slog.Handler.
func (d *deathbed) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelError }

// Handle implements slog.Handler.
func (d *deathbed) Handle(_ context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "pebble: background error") { // it is tried again
		return nil
	}
	d.end(r.Message)
	return nil
}

// end is the end of the process.
func (d *deathbed) end(line string) {
	d.once.Do(func() {
		d.last = line
		close(d.died)
	})
	<-make(chan struct{})
}

// rotations counts the goroutines that are about to begin a new log. Pebble
// answers a failure of that with a panic, which ends the process for good: its
// lock is not held at that moment and is unlocked on the way out.
func rotations() int {
	text := make([]byte, 4<<20)
	return bytes.Count(text[:runtime.Stack(text, true)], []byte(".rotateWAL("))
}

// movesMarkerAside reports whether this is a flush or a compaction that names a new
// manifest. Pebble answers a failure of that with a panic, too, and on such a
// goroutine nobody can recover from it.
func movesMarkerAside() bool {
	text := make([]byte, 64<<10)
	text = text[:runtime.Stack(text, false)]
	return bytes.Contains(text, []byte("atomicfs.(*Marker).Move(")) && bytes.Contains(text, []byte("created by github.com/cockroachdb/pebble"))
}

// within waits until work is done or the process would have ended.
func (d *deathbed) within(t *testing.T, work func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		work()
	}()
	select {
	case <-done:
	case <-d.died:
	case <-time.After(time.Minute):
		text := make([]byte, 1<<20)
		t.Fatalf("the store hangs:\n%s", text[:runtime.Stack(text, true)])
	}
}

// disk is a file system in memory on which something happens before each
// operation that writes; they are numbered from 1.
type disk struct {
	mem    *vfs.MemFS
	count  atomic.Int64
	happen func(number int64, op errorfs.Op) error
}

func newDisk(mem *vfs.MemFS, happen func(int64, errorfs.Op) error) (*disk, vfs.FS) {
	d := &disk{mem: mem, happen: happen}
	return d, errorfs.Wrap(mem, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind.ReadOrWrite() != errorfs.OpIsWrite {
			return nil
		}
		if op.Kind == errorfs.OpCreate && strings.HasPrefix(mem.PathBase(op.Path), "marker.") {
			// Pebble counts on it that the entry of a file that a marker names is
			// on the disk before the marker's, which holds on file systems with a
			// journal. The one in memory would choose freely between the two.
			if err := syncDir(mem, mem.PathDir(op.Path)); err != nil {
				return err
			}
		}
		return d.happen(d.count.Add(1), op)
	}))
}

func syncDir(files vfs.FS, path string) error {
	dir, err := files.OpenDir(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// faultRounds is how many pairs of calls live during a fault test: enough for the
// first, small memtables to be written to tables.
const faultRounds = 40

// lifetime opens a store, lets pairs of calls live one after the other until a
// step fails, and closes it.
func lifetime(t *testing.T, files vfs.FS, l *ledger, log *deathbed) {
	log.within(t, func() {
		defer func() { // a folder that cannot be synced makes Pebble panic, which ends the process as well
			if err, ok := recover().(error); ok && !errors.Is(err, errInjected) {
				panic(err)
			}
		}()
		p, err := store.Open("/data/store", store.Options{FS: files, Logger: slog.New(log)})
		if err != nil {
			return
		}
		for range faultRounds {
			if err := live(t, p, l); err != nil {
				if again := p.Accept(t.Context(), crashCall()); again == nil {
					t.Errorf("a step after one that failed (%v) was confirmed", err)
				}
				break
			}
		}
		_ = p.Close() // reports the failure again
	})
}

// stride is the distance of the operations that fail, from run to run at other
// places.
const stride = 7

// TestWhatIsConfirmedIsThereAfterAnyFailedWrite fails one operation that writes
// after the other, once or from then on, and looks at what a power cut then leaves.
func TestWhatIsConfirmedIsThereAfterAnyFailedWrite(t *testing.T) {
	quiet, files := newDisk(vfs.NewCrashableMem(), func(int64, errorfs.Op) error { return nil })
	all := &ledger{steps: map[uuid.UUID]int{}}
	lifetime(t, files, all, newDeathbed())
	operations := quiet.count.Load()
	seed := rand.Uint64()
	t.Logf("%d operations that write, %d confirmations, seed %d", operations, all.done, seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	ends := map[string]int{}
	for at := 1 + rng.Int64N(stride); at <= operations; at += stride {
		for _, lasting := range []bool{false, true} {
			var failed errorfs.Op
			l, log, before := &ledger{steps: map[uuid.UUID]int{}}, newDeathbed(), rotations()
			d, files := newDisk(vfs.NewCrashableMem(), func(number int64, op errorfs.Op) error {
				if number < at || number > at && !lasting {
					return nil
				}
				if number == at {
					failed = op
				}
				if rotations() > before {
					log.end("panic: no new log")
				}
				if movesMarkerAside() {
					log.end("panic: no new list of tables")
				}
				return errInjected
			})
			lifetime(t, files, l, log)
			l.mu.Lock()
			steps := maps.Clone(l.steps)
			l.mu.Unlock()
			ends[outcome(l, log, all.done)]++
			for _, percent := range []int{0, rng.IntN(100)} {
				clone := d.mem.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: percent, RNG: rng})
				name := fmt.Sprintf("operation %d lasting %t keeping %d percent", at, lasting, percent)
				ok := t.Run(name, func(t *testing.T) { audit(t, crashClone{fs: clone, steps: steps}, l.groups) })
				if !ok {
					t.Logf("the operation: kind %d on %s; the last line of the log: %q", failed.Kind, failed.Path, log.last)
				}
			}
		}
	}
	t.Logf("what the faults did: %v", ends)
}

// outcome says how a lifetime ended.
func outcome(l *ledger, log *deathbed, confirmations int) string {
	select {
	case <-log.died:
		return "the process ended"
	default:
	}
	switch l.done {
	case 0:
		return "the store did not open"
	case confirmations:
		return "nothing was lost on the callers"
	}
	return "a step failed"
}

// TestATornWriteLeavesEachStepWholeOrNot cuts the power in the middle of a
// lifetime, before an operation that writes, with random parts of what was not
// synced on the disk; and once more while the next process recovers from that.
func TestATornWriteLeavesEachStepWholeOrNot(t *testing.T) {
	const cuts, seeds = 30, 4
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	counted, files := newDisk(vfs.NewCrashableMem(), func(int64, errorfs.Op) error { return nil })
	lifetime(t, files, &ledger{steps: map[uuid.UUID]int{}}, newDeathbed())
	operations := counted.count.Load()
	for range cuts {
		at := 1 + rng.Int64N(operations)
		l := &ledger{steps: map[uuid.UUID]int{}}
		var clones []crashClone
		var d *disk
		d, files = newDisk(vfs.NewCrashableMem(), func(number int64, _ errorfs.Op) error {
			if number == at {
				l.mu.Lock()
				steps := maps.Clone(l.steps)
				l.mu.Unlock()
				for range seeds {
					clones = append(clones, crashClone{fs: d.mem.CrashClone(torn(rng)), steps: steps})
				}
			}
			return nil
		})
		lifetime(t, files, l, newDeathbed())
		for i, clone := range clones {
			t.Run(fmt.Sprintf("cut at %d seed %d", at, i), func(t *testing.T) {
				again := crashClone{fs: cutRecovery(t, clone.fs, rng), steps: clone.steps}
				audit(t, again, l.groups)
			})
		}
	}
}

// torn keeps a random part of what was not synced.
func torn(rng *rand.Rand) vfs.CrashCloneCfg {
	return vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng}
}

// cutRecovery opens a store and cuts the power at a random operation of that. It
// returns the disk afterwards.
func cutRecovery(t *testing.T, mem *vfs.MemFS, rng *rand.Rand) *vfs.MemFS {
	at := 1 + rng.Int64N(40) // a recovery has about so many
	left := mem
	_, files := newDisk(mem, func(number int64, _ errorfs.Op) error {
		if number == at {
			left = mem.CrashClone(torn(rng))
		}
		return nil
	})
	p := openMem(t, files)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return left
}
