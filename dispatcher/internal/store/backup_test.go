package store_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// TestBackupHoldsTheStoreOnly: files of others in the store's folder stay there,
// and nobody but the owner reads the copy.
func TestBackupHoldsTheStoreOnly(t *testing.T) {
	dir, to := t.TempDir(), filepath.Join(t.TempDir(), "a", "b")
	p := open(t, dir)
	defer closeStore(t, p)
	if _, err := p.Free(); err != nil { // puts the ballast there
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "ballast")); err != nil {
		t.Logf("no ballast on this disk: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "admin.sock"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := p.Accept(t.Context(), crashCall()); err != nil {
		t.Fatal(err)
	}
	if err := p.Backup(to); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ballast", "admin.sock", "LOCK"} {
		if _, err := os.Lstat(filepath.Join(to, name)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is in the backup: %v", name, err)
		}
	}
	info, err := os.Stat(to)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode of the backup: %v, %v", info.Mode(), err)
	}
	if rest, err := os.ReadDir(filepath.Dir(to)); err != nil || len(rest) != 1 {
		t.Errorf("beside the backup: %v, %v", rest, err)
	}
	seen, err := store.Check(to, store.Options{}, func(p string) { t.Error(p) })
	if err != nil || seen.Calls != 1 {
		t.Errorf("check of the backup: %+v, %v", seen, err)
	}
}

func TestBackupRefusesAPlace(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	p := open(t, dir)
	defer closeStore(t, p)
	link := filepath.Join(other, "link")
	dangling := filepath.Join(other, "dangling")
	left := filepath.Join(other, "left")
	if err := errors.Join(os.Symlink(dir, link), os.Symlink(other+"/nowhere", dangling), os.Mkdir(left+".partial", 0o700)); err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]string{
		other:                         "it exists",
		dangling:                      "it exists",
		dir:                           "it exists",
		filepath.Join(dir, "x"):       "inside the store's own folder",
		filepath.Join(dir, "x", "y"):  "inside the store's own folder",
		filepath.Join(link, "x"):      "inside the store's own folder",
		filepath.Join(dir, "..x/../"): "it exists",
		left:                          left + ".partial is in the way",
		filepath.Join(dir, "LOCK/x"):  "not a directory",
	} {
		if err := p.Backup(to); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Backup to %s: %v, want one line with %q", to, err, want)
		}
	}
}

// TestBackupIsThereOverAPowerCut: what Backup has confirmed is on disk, under its
// name, with all that was accepted.
func TestBackupIsThereOverAPowerCut(t *testing.T) {
	disk := vfs.NewCrashableMem()
	p := openMem(t, disk)
	for range 100 {
		if err := p.Accept(t.Context(), crashCall()); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Backup("/backups/monday"); err != nil {
		t.Fatal(err)
	}
	clone := disk.CrashClone(vfs.CrashCloneCfg{})
	closeStore(t, p)
	seen, err := store.Check("/backups/monday", store.Options{FS: clone}, func(p string) { t.Error(p) })
	if err != nil || seen.Calls != 100 {
		t.Errorf("check of the backup: %+v, %v", seen, err)
	}
}

// TestAFailedBackupLeavesNothing: at whatever write it fails.
func TestAFailedBackupLeavesNothing(t *testing.T) {
	disk := vfs.NewMem()
	var left atomic.Int64 // writes in the backup until one fails
	left.Store(-1)
	p := openMem(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if left.Load() < 0 || !strings.HasPrefix(op.Path, "/backups") || op.Kind.ReadOrWrite() != errorfs.OpIsWrite || op.Kind == errorfs.OpRemoveAll || op.Kind == errorfs.OpRemove {
			return nil
		}
		if left.Add(-1) < 0 {
			return errors.New("injected: no")
		}
		return nil
	})))
	defer closeStore(t, p)
	if err := p.Accept(t.Context(), crashCall()); err != nil {
		t.Fatal(err)
	}
	failures := 0
	for n := range 1000 {
		left.Store(int64(n))
		err := p.Backup("/backups/monday")
		if err == nil {
			break
		}
		failures++
		if rest, err := disk.List("/backups"); err == nil && len(rest) > 0 {
			t.Errorf("after failure %d there is %v", n, rest)
		}
	}
	if failures < 5 {
		t.Errorf("only %d writes could fail", failures)
	}
}
