package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2"
)

// Backup implements [Store]. On the same file system tables are linked, not
// copied, so a backup costs little more than the log. The folder is complete
// when Backup returns nil; after an error it is removed.
func (p *Pebble) Backup(dir string) error {
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	dir, err := filepath.Abs(dir)
	if err != nil {
		return fmt.Errorf("back up the store to %s: %w", dir, err)
	}
	if _, err := os.Lstat(dir); err == nil {
		return fmt.Errorf("back up the store to %s: it exists; name a folder that does not", dir)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("back up the store to %s: %w", dir, err)
	}
	if err := p.db.Checkpoint(dir, pebble.WithFlushedWAL()); err != nil {
		return errors.Join(fmt.Errorf("back up the store to %s: %w", dir, err), os.RemoveAll(dir))
	}
	return nil
}
