package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// partialSuffix ends the name of the folder in which a backup is put together. A
// part of a backup can look like a whole one, so it gets its name at the end.
const partialSuffix = ".partial"

// Backup writes a copy of the store as it is at one moment into a new folder. Every
// step that was durable before is in it, and the store goes on. On the same file system tables are linked, not
// copied, so a backup costs little more than the log; but the room of tables that
// the store drops later is free only when the backup is gone. The folder is
// complete and durable as soon as it is there; after an error there is none. It
// must not be in the store's own, and is readable by its owner only.
func (p *Pebble) Backup(dir string) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	if err := p.backup(dir); err != nil {
		return fmt.Errorf("back up the store to %s: %w", dir, err)
	}
	return nil
}

func (p *Pebble) backup(dir string) error {
	dir, err := p.target(dir)
	if err != nil {
		return err
	}
	partial := dir + partialSuffix
	switch _, err := p.files.Stat(partial); {
	case err == nil:
		return fmt.Errorf("%s is in the way; if no other backup is under way, remove it", partial)
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := p.checkpoint(partial, dir); err != nil {
		return errors.Join(err, p.files.RemoveAll(partial))
	}
	err = p.files.RemoveAll(partial)
	if err == nil {
		err = syncFolder(p.files.PathDir(dir), p.files)
	}
	if err != nil {
		return errors.Join(err, p.files.RemoveAll(partial), p.files.RemoveAll(dir))
	}
	return nil
}

// checkpoint puts a backup together in one folder and then gives it its name.
func (p *Pebble) checkpoint(partial, dir string) (err error) {
	defer func() {
		if r := recover(); r != nil { // Pebble panics if the disk of the backup fails at a sync
			err = fmt.Errorf("%v", r)
		}
	}()
	if err := makeFolder(partial, p.files); err != nil {
		return err
	}
	inner := p.files.PathJoin(partial, "store")
	if err := p.db.Checkpoint(inner, pebble.WithFlushedWAL()); err != nil {
		return err
	}
	if p.files == vfs.Default { // Pebble makes folders that everybody may read
		if err := os.Chmod(inner, 0o700); err != nil {
			return err
		}
	}
	return p.files.Rename(inner, dir)
}

// target is the true path of the folder for a backup, which is not there yet.
func (p *Pebble) target(dir string) (string, error) {
	if p.files == vfs.Default {
		if _, err := os.Lstat(dir); err == nil {
			return "", errors.New("it exists; name a folder that does not")
		}
		var err error
		if dir, err = truePath(dir); err != nil {
			return "", err
		}
	}
	if strings.HasPrefix(dir+string(filepath.Separator), p.dir+string(filepath.Separator)) {
		return "", errors.New("it would be inside the store's own folder; name one elsewhere")
	}
	switch _, err := p.files.Stat(dir); {
	case err == nil:
		return "", errors.New("it exists; name a folder that does not")
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	return dir, nil
}

// truePath is the absolute path without symlinks of what need not be there.
func truePath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	there, missing := path, ""
	for {
		target, err := filepath.EvalSymlinks(there)
		if err == nil {
			return filepath.Join(target, missing), nil
		}
		if !errors.Is(err, fs.ErrNotExist) || there == filepath.Dir(there) {
			return "", err
		}
		there, missing = filepath.Dir(there), filepath.Join(filepath.Base(there), missing)
	}
}
