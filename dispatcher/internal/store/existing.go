package store

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
)

// OpenExisting is [Open] for a folder that holds a store already.
func OpenExisting(dir string, opts Options) (*Pebble, error) {
	dir, _, err := locate(dir, opts.FS)
	if err != nil {
		return nil, err
	}
	return Open(dir, opts)
}

// locate returns the true path of a folder that holds a store. It writes nothing.
func locate(dir string, files vfs.FS) (string, vfs.FS, error) {
	if files == nil {
		files = vfs.Default
		abs, err := filepath.Abs(dir)
		if err != nil {
			return "", nil, fmt.Errorf("look for a store in %s: %w", dir, err)
		}
		dir = abs
		if target, err := filepath.EvalSymlinks(dir); err == nil {
			dir = target
		} // else Stat tells what is wrong with it
	}
	info, err := files.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil, fmt.Errorf("there is no folder %s; give the folder of a store", dir)
	case err != nil:
		return "", nil, fmt.Errorf("look for a store in %s: %w", dir, err)
	case !info.IsDir():
		return "", nil, fmt.Errorf("%s is a file; give the folder of a store", dir)
	}
	switch marker, err := atomicfs.ReadMarker(files, dir, pebbleFormatMarker); {
	case err != nil:
		return "", nil, fmt.Errorf("look for a store in %s: %w", dir, err)
	case marker == "":
		return "", nil, fmt.Errorf("the folder %s holds no store; give the one that the dispatcher has as --store-dir, or a backup of it", dir)
	}
	return dir, files, nil
}
