package store_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"slices"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// What a flipped byte can lead to.
const (
	sayNothing  = "nothing"              // it is in a place that is not read
	refuseOpen  = "the open is refused"  // with an error
	refuseRead  = "a read is refused"    // with an error
	endProcess  = "the process ends"     // with a line in the log
	loseSilence = "something is missing" // without an error
)

// TestACorruptedByteIsNoticed flips one byte in the middle of a file, as a failing
// disk does, and reads everything back. A flipped byte in the first half of a log,
// or anywhere in a table, must not make other calls of those that were confirmed
// without anybody saying so.
func TestACorruptedByteIsNoticed(t *testing.T) { flipEach(t, "*.log", "*.sst") }

// TestACorruptedManifestIsNoticed is the same for the list of tables.
func TestACorruptedManifestIsNoticed(t *testing.T) { flipEach(t, "MANIFEST-*") }

// flipEach flips bytes in the files whose names match one of the patterns.
func flipEach(t *testing.T, patterns ...string) {
	const flips = 25 // of each file
	image, ids := corruptible(t)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	want, err := content(openMem(t, image.CrashClone(vfs.CrashCloneCfg{})), ids)
	if err != nil {
		t.Fatal(err)
	}
	names, err := image.List("/data/store")
	if err != nil {
		t.Fatal(err)
	}
	for _, pattern := range patterns {
		found := false
		for _, name := range names {
			info, err1 := image.Stat(path.Join("/data/store", name))
			ok, err2 := path.Match(pattern, name)
			if err := errors.Join(err1, err2); err != nil {
				t.Fatal(err)
			}
			size := info.Size()
			if !ok || size == 0 {
				continue
			}
			found = true
			if pattern == "*.log" {
				size = (size + 1) / 2 // the end cannot be told from a write that a crash cut off
			}
			results, says := map[string]int{}, map[string]string{}
			for range flips {
				at := rng.Int64N(size)
				result, text := flipped(t, image.CrashClone(vfs.CrashCloneCfg{}), path.Join("/data/store", name), at, want, ids)
				results[result]++
				says[result] = text
				if result == loseSilence {
					t.Errorf("byte %d in %s: what was confirmed is not there, and there is no error: %s", at, name, text)
				}
			}
			t.Logf("%s of %d bytes: %v; the last of each: %.600v", name, info.Size(), results, says)
		}
		if !found {
			t.Errorf("there is no file %s among %v", pattern, names)
		}
	}
}

// corruptible is a disk with calls of all kinds in tables and in a log, and their
// ids. It is what a power cut leaves.
func corruptible(t *testing.T) (*vfs.MemFS, []uuid.UUID) {
	mem := vfs.NewCrashableMem()
	p := openMem(t, mem)
	l := &ledger{steps: map[uuid.UUID]int{}}
	var ids []uuid.UUID
	for round := range 40 {
		if round == 20 { // the open makes tables of what is in the log
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			p = openMem(t, mem)
		}
		if err := live(t, p, l); err != nil {
			t.Fatal(err)
		}
		call := crashCall()
		ids = append(ids, call.Call.ID)
		if err := p.Accept(t.Context(), call); err != nil {
			t.Fatal(err)
		}
		if round%4 > 0 {
			continue
		}
		if err := p.Begin(t.Context(), store.Mark{ID: call.Call.ID, Attempt: 1, Begun: crashTime}); err != nil {
			t.Fatal(err)
		}
	}
	for _, group := range l.groups {
		ids = append(ids, group...)
	}
	awaitOneLog(t, mem)
	image := mem.CrashClone(vfs.CrashCloneCfg{})
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	return image, ids
}

// awaitOneLog waits until the logs that are in tables by now are deleted: as long
// as they are there nothing of the tables can be missed.
func awaitOneLog(t *testing.T, mem *vfs.MemFS) {
	deadline := time.After(time.Minute)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for {
		names, err := mem.List("/data/store")
		if err != nil {
			t.Fatal(err)
		}
		logs := slices.DeleteFunc(names, func(name string) bool { return path.Ext(name) != ".log" })
		if len(logs) == 1 {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the logs %v are not deleted", logs)
		}
	}
	if err := syncDir(mem, "/data/store"); err != nil {
		t.Fatal(err)
	}
}

// flipped flips a byte, reads all that there is, and says how that went.
func flipped(t *testing.T, mem *vfs.MemFS, file string, at int64, want []string, ids []uuid.UUID) (result, text string) {
	f, err := mem.OpenReadWrite(file, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_, err1 := f.ReadAt(b, at)
	b[0] ^= 0xff
	_, err2 := f.WriteAt(b, at)
	if err := errors.Join(err1, err2, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
	log := newDeathbed()
	done := make(chan struct{ result, text string }, 1)
	log.within(t, func() {
		p, err := store.Open("/data/store", store.Options{FS: mem, Logger: slog.New(log)})
		if err != nil {
			done <- struct{ result, text string }{refuseOpen, err.Error()}
			return
		}
		got, err := content(p, ids)
		switch {
		case err != nil:
			done <- struct{ result, text string }{refuseRead, err.Error()}
		case !slices.Equal(want, got):
			done <- struct{ result, text string }{loseSilence, "in the end there are " + got[len(got)-1]}
		default:
			done <- struct{ result, text string }{sayNothing, ""}
		}
		_ = p.Close()
	})
	select {
	case r := <-done:
		return r.result, r.text
	default:
		return endProcess, log.last
	}
}

// content is everything that a store tells about its calls.
func content(p *store.Pebble, ids []uuid.UUID) ([]string, error) {
	var all []string
	for _, id := range ids {
		e, err := p.Load(id)
		if errors.Is(err, store.ErrNotFound) {
			all = append(all, fmt.Sprintf("%s is not there", id))
			continue
		}
		attempts, err2 := p.Attempts(id)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		all = append(all, fmt.Sprintf("%s %d %+v %d bytes, %d attempts", id, e.Call.Seq, e.State, len(e.Call.Body), len(attempts)))
	}
	fresh, err1 := p.Fresh(crashLane, 0, 1_000_000)
	retries, err2 := p.Retries(crashLane, store.Position{}, 1_000_000)
	begun, err3 := p.Begun()
	reports, err4 := p.Reports()
	lanes, err5 := p.Lanes()
	return append(all, fmt.Sprintf("%d fresh, %d retries, %d begun, reports %v, lanes %v", len(fresh), len(retries), len(begun), reports, lanes)),
		errors.Join(err1, err2, err3, err4, err5)
}
