//go:build linux

package crash

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
)

// TestAFullDiskLosesNothing fills the disk of a dispatcher with waiting calls until
// it refuses more, and then lets it go on with those that it has: once with the
// reserve that keeps room for that, and once with next to none, while something
// else takes the rest of the disk to the last byte, so that only the ballast is left.
func TestAFullDiskLosesNothing(t *testing.T) {
	for name, toTheLastByte := range map[string]bool{"with a reserve": false, "to the last byte": true} {
		t.Run(name, func(t *testing.T) {
			disk := smallDisk(t, "128m")
			r := newRig(t)
			r.storeDir = filepath.Join(disk, "store")
			if toTheLastByte {
				r.args = []string{"--disk-reserve-mib=1"}
			}
			r.suspend(true)
			r.start()
			w := &war{rig: r, load: newLoad(r.listen), kills: map[kind]int{}}
			refused := w.fill()
			if r.process.ended() {
				t.Fatalf("the dispatcher ended with %d calls accepted: %s", w.load.accepted(), r.process.cmd.ProcessState)
			}
			t.Logf("%d calls were accepted until one was refused with status %d", w.load.accepted(), refused)
			if toTheLastByte {
				t.Logf("there were %d bytes left", stuff(t, filepath.Join(disk, "other")))
			}
			first := r.process
			r.suspend(false)
			w.account() // waits for every outcome, kills the dispatcher and starts it again
			if !first.killed() {
				t.Errorf("the dispatcher ended by itself: %s", first.cmd.ProcessState)
			}
			log, err := os.ReadFile(r.log.Name())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("the ballast was removed %d times", bytes.Count(log, []byte("ballast file was removed")))
		})
	}
}

// stuff fills a disk with a file to the last byte and returns how many there were.
func stuff(t *testing.T, path string) (size int64) {
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for block := make([]byte, 1<<16); len(block) > 0; {
		n, err := file.Write(block)
		size += int64(n)
		switch {
		case errors.Is(err, syscall.ENOSPC):
			block = block[:len(block)/2]
		case err != nil:
			t.Fatal(err)
		}
	}
	return size
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
