package store_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store/storetest"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

func TestPebbleKeepsTheStoresPromises(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, dir string) (store.Store, error) {
		p, err := store.Open(dir, store.Options{})
		if err != nil {
			return nil, err
		}
		return p, nil
	})
}

func open(t *testing.T, dir string) *store.Pebble {
	t.Helper()
	p, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func closeStore(t *testing.T, p *store.Pebble) {
	t.Helper()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestOpenMakesThePathForItsOwnerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	p := open(t, dir)
	defer closeStore(t, p)
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != 0o700 {
		t.Errorf("mode of the new folder = %o, want 700", got)
	}
}

func TestOpenRefusesAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(file, store.Options{})
	if err == nil || !strings.Contains(err.Error(), "it is a file") {
		t.Errorf("Open of a file = %v; want an error that says so", err)
	}
}

func TestOpenSeesTheSameFolderBehindASymlink(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	p := open(t, dir)
	defer closeStore(t, p)
	if _, err := store.Open(link, store.Options{}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("Open through a symlink = %v, want ErrLocked", err)
	}
}

// holdEnv makes TestHoldAStore hold the store in the folder it names.
const holdEnv = "STORE_TEST_HOLD"

// TestHoldAStore is the other process of the test below: it accepts a call,
// prints its id and waits to be killed.
func TestHoldAStore(t *testing.T) {
	dir := os.Getenv(holdEnv)
	if dir == "" {
		t.Skip("runs only as the other process of another test")
	}
	p := open(t, dir)
	call := crashCall()
	if err := p.Accept(t.Context(), call); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("id %s\n", call.Call.ID)
	_, _ = os.Stdin.Read(make([]byte, 1))
}

func TestAnotherProcessHoldsTheStoreUntilItIsKilled(t *testing.T) {
	dir := t.TempDir()
	other := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHoldAStore$")
	other.Env = append(os.Environ(), holdEnv+"="+dir)
	stdin, err1 := other.StdinPipe()
	stdout, err2 := other.StdoutPipe()
	if err := errors.Join(err1, err2, other.Start()); err != nil {
		t.Fatal(err)
	}
	defer stdin.Close()
	var id uuid.UUID
	for lines := bufio.NewScanner(stdout); id == uuid.Nil && lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "id "); ok {
			id = uuid.MustParse(text)
		}
	}
	_, err := store.Open(dir, store.Options{})
	if !errors.Is(err, store.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("Open = %v; want ErrLocked and the folder's name", err)
	}
	if err := other.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = other.Wait() // "signal: killed"
	p := open(t, dir)
	defer closeStore(t, p)
	if _, err := p.Load(id); err != nil {
		t.Errorf("Load of the call that the killed process accepted: %v", err)
	}
}

func TestOpenRefusesANewerFormat(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(dir string) error
	}{
		{"of ours", func(dir string) error {
			db, err := pebble.Open(dir, &pebble.Options{FormatMajorVersion: pebble.FormatNewest})
			if err != nil {
				return err
			}
			return errors.Join(db.Set([]byte("v"), []byte{0, 0, 0, 99}, pebble.Sync), db.Close())
		}},
		{"of Pebble's", func(dir string) error {
			marker, _, err := atomicfs.LocateMarker(vfs.Default, dir, "format-version")
			if err != nil {
				return err
			}
			return errors.Join(marker.Move("999"), marker.Close())
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			closeStore(t, open(t, dir))
			if err := c.write(dir); err != nil {
				t.Fatal(err)
			}
			for range 2 { // the refused open must not hold the lock
				if _, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrNewerFormat) {
					t.Errorf("Open = %v, want ErrNewerFormat", err)
				}
			}
		})
	}
}

func TestAFailedSyncEndsTheStore(t *testing.T) {
	var broken atomic.Bool
	disk := vfs.NewCrashableMem()
	p := openMem(t, errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		sync := op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData
		if broken.Load() && sync && strings.HasSuffix(op.Path, ".log") {
			return errors.New("injected: the disk is gone")
		}
		return nil
	})))
	kept, lost := crashCall(), crashCall()
	if err := p.Accept(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	if err := p.Accept(t.Context(), lost); err == nil {
		t.Error("Accept on a broken disk = nil, want an error")
	}
	broken.Store(false) // a later sync may succeed and still not cover what failed
	for range 3 {
		big := crashCall()
		big.Call.Body = make([]byte, 1<<20) // fills a memtable: Pebble would begin a new log
		if err := p.Accept(t.Context(), big); err == nil {
			t.Error("Accept after a failed one = nil, want an error")
		}
	}
	clone := disk.CrashClone(vfs.CrashCloneCfg{})
	_ = p.Close() // reports the failure again
	s := openMem(t, clone)
	defer closeStore(t, s)
	if _, err := s.Load(kept.Call.ID); err != nil {
		t.Errorf("Load of a call accepted before: %v", err)
	}
}

func TestMethodsAfterCloseReturnAnError(t *testing.T) {
	p := open(t, t.TempDir())
	closeStore(t, p)
	_, err1 := p.Load(uuid.Must(uuid.NewV7()))
	_, err2 := p.Lanes()
	_, err3 := p.Fresh(crashLane, 0, 1)
	for _, err := range []error{p.Accept(t.Context(), crashCall()), err1, err2, err3} {
		if err == nil || !strings.Contains(err.Error(), "closed") {
			t.Errorf("error after Close = %v; want one that says so", err)
		}
	}
}

// TestEndedGoesOnBehindABoundedStep: what is wanted is found also behind more
// calls than one listing looks at.
func TestEndedGoesOnBehindABoundedStep(t *testing.T) {
	p := openMem(t, vfs.NewMem())
	defer p.Close()
	var entries []*store.Entry
	for range 20_001 {
		e := crashCall()
		e.Call.Body, e.State = nil, store.State{Outcome: plan.OutcomeSucceeded, EndedAt: crashTime}
		e.Call.CreatedAt = time.Now()
		entries = append(entries, e)
	}
	entries[20_000].State.Outcome = plan.OutcomeFailed
	if err := p.Accept(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	filter := store.EndedFilter{
		Webhook: crashLane, Outcomes: []plan.Outcome{plan.OutcomeFailed}, Since: time.Now().Add(-time.Hour), Till: time.Now().Add(time.Hour), Limit: 1,
	}
	ids, last, more, err := p.Ended(filter, uuid.Nil)
	if err != nil || len(ids) > 0 || !more || last != entries[19_999].Call.ID {
		t.Fatalf("Ended = %v, behind %s, more %v, %v; want none of the first 20,000, and more", ids, last, more, err)
	}
	if ids, _, _, err = p.Ended(filter, last); err != nil || len(ids) != 1 || ids[0] != entries[20_000].Call.ID {
		t.Errorf("Ended = %v, %v; want the last call", ids, err)
	}
}
