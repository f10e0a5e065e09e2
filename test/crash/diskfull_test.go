//go:build linux

package crash

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// fullDisks is off while the dispatcher ends with an error when its disk is full,
// as it does for every write that fails.
const fullDisks = false

// TestAFullDiskLosesNothing fills the disk of a dispatcher with calls. It must
// refuse further ones, go on with those it has, and find all of them again after a
// kill while there is still no room.
func TestAFullDiskLosesNothing(t *testing.T) {
	if !fullDisks {
		t.Skip("a write that finds no room still ends the dispatcher; it does not refuse calls before that")
	}
	disk := smallDisk(t, "64m")
	r := newRig(t)
	r.storeDir = filepath.Join(disk, "store")
	r.start()
	w := &war{rig: r, load: newLoad(r.listen), kills: map[kind]int{}}
	refused := w.fill()
	if r.process.ended() {
		t.Fatalf("the dispatcher ended with %d calls accepted: %s", w.load.accepted(), r.process.cmd.ProcessState)
	}
	t.Logf("the disk is full after %d calls were accepted; status %d", w.load.accepted(), refused)
	w.account() // waits for every outcome, kills the dispatcher and starts it again
	var stat syscall.Statfs_t
	if err := syscall.Statfs(disk, &stat); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d of %d bytes are free", int64(stat.Bavail)*stat.Bsize, int64(stat.Blocks)*stat.Bsize)
}

// fill hands in large calls until one is refused because of the disk, and returns
// the status of that answer, or until the dispatcher ends.
func (w *war) fill() int64 {
	var refused atomic.Int64
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for refused.Load() == 0 && !w.process.ended() {
				w.load.mu.Lock()
				w.load.next += 10 // those are the large ones
				c := &call{n: w.load.next, webhook: []string{"with", "without"}[w.load.next/10%2]}
				w.load.mu.Unlock()
				w.load.post(c)
				w.load.mu.Lock()
				w.load.calls = append(w.load.calls, c)
				if c.fate == accepted {
					w.load.taken++
				}
				w.load.mu.Unlock()
				switch c.status {
				case http.StatusInsufficientStorage, http.StatusTooManyRequests:
					refused.Store(int64(c.status))
				}
			}
		})
	}
	group.Wait()
	return refused.Load()
}

// smallDisk mounts a file system in memory, or skips the test where that is not
// allowed.
func smallDisk(t *testing.T, size string) string {
	dir, err := os.MkdirTemp("", "crash-disk-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	err = syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		t.Skipf("mounting a tmpfs is not permitted here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}
