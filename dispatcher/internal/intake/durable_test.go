package intake

import (
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// TestAKeyDoesNotFindWhatFailedToBecomeDurable hands a call in again under its key
// after the fsync of the first time has failed. The call is in the store's memory
// and not on the disk, so the second answer must not be that it is accepted.
func TestAKeyDoesNotFindWhatFailedToBecomeDurable(t *testing.T) {
	var broken atomic.Bool
	files := errorfs.Wrap(vfs.NewMem(), errorfs.InjectorFunc(func(op errorfs.Op) error {
		sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
		if broken.Load() && sync && strings.HasSuffix(op.Path, ".log") {
			return errors.New("injected: the disk is gone")
		}
		return nil
	}))
	s, err := store.Open("/store", store.Options{FS: files, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }() // reports the failure again
	in, _ := newIntake(t, &fake{})
	in.store = s
	broken.Store(true)
	if r := in.Accept(t.Context(), key, keyed("k", `{"name": "Ada"}`)); r.Err == nil {
		t.Fatal("a call was accepted on a broken disk")
	}
	if r := in.Accept(t.Context(), key, keyed("k", `{"name": "Ada"}`)); r.Err == nil {
		t.Errorf("the same call again is accepted as call %s (a repeat: %t), which is not on the disk", r.Entry.Call.ID, r.Repeat)
	}
}
