package store

import (
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	// ballastName is a file of no content that takes room on the disk. It is
	// removed when a write finds the disk full, so that the write, and the
	// compactions that free room, can go on: Pebble ends the process when the log
	// cannot be written.
	ballastName = "ballast"
	// maxBallast and ballastShare are its size: 64 MiB, or a sixteenth of a
	// smaller disk. Admission refuses calls long before it is needed.
	maxBallast   = 64 << 20
	ballastShare = 16
	// slowDisk is how long an operation takes until it is logged as slow.
	slowDisk = 5 * time.Second
)

// ballast keeps the file in a folder.
type ballast struct {
	files vfs.FS
	dir   string
	log   func(message string, args ...any)

	mu    sync.Mutex
	size  uint64 // 0: there is no use for one, or no room yet
	there bool
}

// put makes the file if it is not there and there is room for four of it.
func (b *ballast) put(usage vfs.DiskUsage) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.size = min(maxBallast, usage.TotalBytes/ballastShare)
	if b.there || b.size == 0 || usage.AvailBytes < 4*b.size {
		return
	}
	if err := b.write(); err != nil {
		b.log("the ballast file could not be written", "error", err)
		return
	}
	b.there = true
}

// write writes the file. A file with a hole would take no room.
func (b *ballast) write() error {
	path := b.files.PathJoin(b.dir, ballastName)
	if info, err := b.files.Stat(path); err == nil && uint64(info.Size()) == b.size {
		return nil
	}
	file, err := b.files.Create(path, vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	zeros := make([]byte, 1<<20)
	for left := b.size; left > 0 && err == nil; left -= min(left, uint64(len(zeros))) {
		_, err = file.Write(zeros[:min(left, uint64(len(zeros)))])
	}
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		err = errors.Join(err, b.files.Remove(path))
	}
	return err
}

// drop removes the file; a write has just found the disk full.
func (b *ballast) drop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.there = false
	switch err := b.files.Remove(b.files.PathJoin(b.dir, ballastName)); {
	case err == nil:
		b.log("the disk is full; the ballast file was removed so that writes go on")
	case !errors.Is(err, fs.ErrNotExist):
		b.log("the disk is full, and the ballast file could not be removed", "error", err)
	}
}

// missing is how much room is to be left for the file to be made again.
func (b *ballast) missing() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.there {
		return 0
	}
	return b.size
}

// onDisk prepares the operating system's files: slow operations are logged, and
// a full disk costs the ballast first.
func (p *Pebble) onDisk(dir string, opts Options) vfs.FS {
	// The ballast works below: its own writes must not wait for it.
	p.ballast = &ballast{files: vfs.Default, dir: dir, log: opts.Logger.Warn}
	watched, closer := vfs.WithDiskHealthChecks(vfs.Default, slowDisk, nil, func(info vfs.DiskSlowInfo) {
		pebbleLogger{opts.Logger}.diskSlow(info)
	})
	p.closers = append(p.closers, closer)
	return vfs.OnDiskFull(watched, p.ballast.drop)
}

// Free is how much can still be written to the store's disk, in bytes. It puts
// the ballast back when there is room again.
func (p *Pebble) Free() (uint64, error) {
	if err := p.enter(); err != nil {
		return 0, err
	}
	defer p.leave()
	usage, err := p.files.GetDiskUsage(p.dir)
	if err != nil {
		return 0, fmt.Errorf("ask how full the disk of %s is: %w", p.dir, err)
	}
	if p.ballast == nil {
		return usage.AvailBytes, nil
	}
	p.ballast.put(usage)
	return usage.AvailBytes - min(usage.AvailBytes, p.ballast.missing()), nil
}

// Capacity is the size of the store's disk, in bytes.
func (p *Pebble) Capacity() (uint64, error) {
	usage, err := p.files.GetDiskUsage(p.dir)
	if err != nil {
		return 0, fmt.Errorf("ask how large the disk of %s is: %w", p.dir, err)
	}
	return usage.TotalBytes, nil
}

// Used is what the store takes on its disk, in bytes; 0 after Close.
func (p *Pebble) Used() uint64 {
	if p.enter() != nil {
		return 0
	}
	defer p.leave()
	return p.db.Metrics().DiskSpaceUsage()
}
