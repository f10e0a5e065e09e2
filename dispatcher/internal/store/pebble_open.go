package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Open opens the store in a folder, which is made, with mode 0700, if it is
// missing. The error wraps [ErrLocked] while another process, or this one, has
// it open, [ErrNewerFormat] if a newer dispatcher has written it, and [ErrDamaged]
// if something in it is gone that no crash takes; the calls in it are then left as
// they are. Not all damage is found here: a table is checked when it is read.
func Open(dir string, opts Options) (*Pebble, error) {
	if opts.Logger == nil {
		opts.Logger = slog.Default()
	}
	dir, files, err := folder(dir, opts.FS)
	if err != nil {
		return nil, err
	}
	lock, err := lockFolder(dir, files)
	if err != nil {
		return nil, err
	}
	p := &Pebble{lock: lock, dir: dir, files: files, reports: map[plan.Key]uint64{}, stalls: new(stalls), committed: opts.Committed}
	p.news.L = &p.order
	if opts.FS == nil {
		opts.FS = p.onDisk(dir, opts)
	}
	if err := p.open(dir, files, opts); err != nil {
		err = errors.Join(err, lock.Close())
		for _, c := range p.closers {
			err = errors.Join(err, c.Close())
		}
		return nil, err
	}
	return p, nil
}

// open opens the database in a locked folder.
func (p *Pebble) open(dir string, files vfs.FS, opts Options) error {
	format, err := readPebbleFormat(dir, files)
	if err != nil {
		return err
	}
	if err := checkFiles(dir, files); err != nil {
		return err
	}
	start := func() (*pebble.DB, error) {
		settings := settings(opts, p.stalls)
		settings.Lock = p.lock
		return pebble.Open(dir, settings)
	}
	db, err := start()
	if err == nil && format < uint64(pebbleFormat) {
		// Pebble begins a log and raises the format after that. A log of its oldest
		// format does not say up to where it was synced: begin another one.
		if err = db.Close(); err == nil {
			db, err = start()
		}
	}
	if err != nil {
		return fmt.Errorf("open the store in %s: %w", dir, err)
	}
	p.db = db
	err = p.recover(dir)
	if err == nil {
		err = p.upgrade(opts.Logger)
	}
	if err != nil {
		return errors.Join(err, db.Close())
	}
	return nil
}

// recover checks the version of what is stored, or sets it in a new store, and
// reads the numbers kept in memory.
func (p *Pebble) recover(dir string) error {
	if err := p.checkVersion(dir); err != nil {
		return err
	}
	err := p.get([]byte(keyLastSeq), func(record []byte) error {
		if len(record) != seqLen {
			return fmt.Errorf("it has %d bytes", len(record))
		}
		p.lastSeq = binary.BigEndian.Uint64(record)
		p.seqRoom = p.lastSeq
		return nil
	})
	if err != nil && !errors.Is(err, pebble.ErrNotFound) {
		return fmt.Errorf("read the last sequence number of the store in %s: %w", dir, err)
	}
	if err := p.account.read(p.db); err != nil {
		return fmt.Errorf("read the account of the log in %s: %w", dir, err)
	}
	reports, err := p.Reports()
	for _, report := range reports {
		p.reports[report.Webhook] = report.Seq
	}
	return err
}

// checkVersion refuses a version that is not known here and one that is missing,
// and writes that of a new or an older store.
func (p *Pebble) checkVersion(dir string) error {
	var version uint32
	err := p.get([]byte(keyVersion), func(record []byte) error {
		if len(record) != 4 {
			return fmt.Errorf("its version has %d bytes", len(record))
		}
		version = binary.BigEndian.Uint32(record)
		return nil
	})
	if errors.Is(err, pebble.ErrNotFound) {
		// A new store, also if a crash came after Pebble had made it. The version
		// is synced before anything else is written, so it is older than any key.
		var other []byte
		if other, err = p.anyKey(); err == nil && other != nil {
			return damaged(dir, "there are calls but no version of their format")
		}
	}
	switch {
	case err == nil && version > formatVersion:
		return newerFormat(dir, uint64(version), formatVersion)
	case err == nil && version > 0 && version < firstIndexed:
		err = p.beginUpgrade()
	case err == nil && version < formatVersion:
		err = p.db.Set([]byte(keyVersion), binary.BigEndian.AppendUint32(nil, formatVersion), pebble.Sync)
	}
	if err != nil {
		return fmt.Errorf("read the version of the store in %s: %w", dir, err)
	}
	return nil
}

// anyKey returns the first key, or nil if there is none.
func (p *Pebble) anyKey() ([]byte, error) {
	all, err := p.db.NewIter(nil)
	if err != nil {
		return nil, err
	}
	var key []byte
	if all.First() {
		key = bytes.Clone(all.Key())
	}
	return key, all.Close()
}

// pebbleFormatMarker is the name under which Pebble keeps its own format
// version, a decimal number.
const pebbleFormatMarker = "format-version"

// readPebbleFormat returns the format of a database's files, 0 for a new one, and
// refuses one that this Pebble cannot read. Pebble refuses it too, but with an
// error that cannot be told from others.
func readPebbleFormat(dir string, files vfs.FS) (uint64, error) {
	marker, err := atomicfs.ReadMarker(files, dir, pebbleFormatMarker)
	if err == nil && marker == "" {
		return 0, nil
	}
	var version uint64
	if err == nil {
		version, err = strconv.ParseUint(marker, 10, 64)
	}
	if err != nil {
		return 0, fmt.Errorf("read the format of the store in %s: %w", dir, err)
	}
	if version > uint64(pebble.FormatNewest) {
		return 0, newerFormat(dir, version, uint64(pebble.FormatNewest))
	}
	return version, nil
}

func newerFormat(dir string, found, known uint64) error {
	return fmt.Errorf("%w of the dispatcher: %s has format %d and this version knows %d; run the newer version, or give it another folder",
		ErrNewerFormat, dir, found, known)
}

// folder makes the folder durably if it is missing and returns its one true
// path: the lock of this process on itself goes by path.
func folder(dir string, files vfs.FS) (string, vfs.FS, error) {
	onDisk := files == nil
	if onDisk {
		files = vfs.Default
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", nil, fmt.Errorf("open the store in %s: %w", dir, err)
		}
		dir = abs
	}
	info, err := files.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = makeFolder(dir, files)
	case err == nil && !info.IsDir():
		return "", nil, fmt.Errorf("open the store in %s: it is a file; give the path of a folder", dir)
	}
	if err == nil && onDisk {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return "", nil, fmt.Errorf("open the store in %s: %w", dir, err)
	}
	return dir, files, nil
}

// makeFolder makes a folder and what is missing above it, and syncs each parent
// that got an entry: else a power cut could take the folder with all in it.
func makeFolder(dir string, files vfs.FS) error {
	var parents []string
	for at := dir; ; {
		parent := files.PathDir(at)
		if parent == at {
			break
		}
		parents = append(parents, parent)
		if _, err := files.Stat(parent); err == nil {
			break
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		at = parent
	}
	if err := files.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	for _, parent := range parents {
		if err := syncFolder(parent, files); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(dir string, files vfs.FS) error {
	opened, err := files.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(opened.Sync(), opened.Close())
}

// lockFolder takes the lock that keeps others out until Close or the death of
// the process.
func lockFolder(dir string, files vfs.FS) (*pebble.Lock, error) {
	lock, err := pebble.LockDirectory(dir, files)
	if err == nil {
		return lock, nil
	}
	// What the lock file itself refuses, such as a read-only folder, is a
	// PathError. Everything else is the lock: EAGAIN or EACCES from another
	// process, and an untyped error from this one.
	var path *fs.PathError
	if errors.As(err, &path) || errors.Is(err, syscall.ENOLCK) {
		return nil, fmt.Errorf("lock the store in %s: %w", dir, err)
	}
	return nil, fmt.Errorf("lock the store in %s: %w (%w); stop that process, or give this one another folder", dir, ErrLocked, err)
}
