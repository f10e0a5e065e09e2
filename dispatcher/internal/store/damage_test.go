package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/record"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/atomicfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// edit is a record of a manifest that changes nothing: field 3, the next number of
// a file, again and again. It is 3 bytes a time.
func edit(times int) []byte { return bytes.Repeat([]byte{3, 200, 1}, times) }

// manifestOf returns the path of a store's manifest and the records in it.
func manifestOf(t *testing.T, mem vfs.FS) (file string, records [][]byte) {
	t.Helper()
	name, err := atomicfs.ReadMarker(mem, "/data/store", "manifest")
	if err != nil {
		t.Fatal(err)
	}
	file = path.Join("/data/store", name)
	f, err := mem.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for reader := record.NewReader(f, 0); ; {
		r, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return file, records
		}
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, b)
	}
}

// manifestWith returns a manifest with records, and where each of them ends.
func manifestWith(t *testing.T, records [][]byte) (manifest []byte, ends []int) {
	t.Helper()
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for _, r := range records {
		at, err := w.WriteRecord(r)
		if err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(at))
	}
	return b.Bytes(), ends
}

// overwrite replaces what is in a file, durably.
func overwrite(t *testing.T, mem *vfs.MemFS, file string, content []byte) {
	t.Helper()
	f, err := mem.Create(file, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Write(slices.Clone(content)) // the file system in memory changes what it is given when races are looked for
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

// openAndClose returns the error of opening a store.
func openAndClose(t *testing.T, mem vfs.FS) error {
	t.Helper()
	p, err := store.Open("/data/store", store.Options{FS: mem, Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		closeStore(t, p)
	}
	return err
}

// TestAManifestThatACrashCutOffOpens cuts off the last record of a manifest, small
// and longer than two blocks, as a power cut does: the file ends there, zeros
// follow, or sectors in the middle of it were never written.
func TestAManifestThatACrashCutOffOpens(t *testing.T) {
	image, _ := corruptible(t)
	file, records := manifestOf(t, image)
	for times, steps := range map[int]int{1: 10, 250: 40, 25_000: 3} { // in the long one Pebble takes a second for each
		whole, ends := manifestWith(t, append(slices.Clone(records), edit(times)))
		begin, end := ends[len(ends)-2], ends[len(ends)-1]
		for at := begin; at < end; at += 1 + rand.IntN(max(1, 2*(end-begin)/steps-1)) {
			zeros := func(to int) []byte {
				torn := slices.Clone(whole)
				clear(torn[at:min(to, end)])
				return torn
			}
			sector := at/512*512 + 512 // the end of the one with at
			cases := map[string][]byte{
				"the file ends":                   whole[:at],
				"zeros behind the end":            append(zeros(end), make([]byte, 3000)...),
				"zeros to the end of its sector":  zeros(sector)[:min(sector, end)],
				"zeros to the end of the record":  zeros(end),
				"one sector was not written":      zeros(sector),
				"the sector and what is before":   append(slices.Clone(whole[:begin]), append(make([]byte, min(sector, end)-begin), whole[min(sector, end):]...)...),
				"it is whole and zeros are there": append(slices.Clone(whole), make([]byte, at-begin)...),
			}
			for name, manifest := range cases {
				unaligned := name == "one sector was not written" && at%512 > 0 && sector < end
				oneByte := end-at == 1 && (strings.HasPrefix(name, "zeros to") || name == "one sector was not written")
				if unaligned || oneByte {
					continue // no power cut leaves that
				}
				clone := image.CrashClone(vfs.CrashCloneCfg{})
				overwrite(t, clone, file, manifest)
				if err := openAndClose(t, clone); err != nil {
					t.Errorf("cut at byte %d of %d, %s: %v", at-begin, end-begin, name, err)
				}
			}
		}
	}
}

// TestAFlipAnywhereInAManifestIsNoticed flips bytes of a manifest of many records,
// the last one among them, in all of the bits or in one of them.
func TestAFlipAnywhereInAManifestIsNoticed(t *testing.T) {
	image, _ := corruptible(t)
	file, records := manifestOf(t, image)
	made := len(records)
	for _, times := range [][]int{{2, 400, 250}, {2, 12_000, 1}} { // the long one is in two blocks
		records := slices.Clone(records[:made])
		for _, n := range times {
			records = append(records, edit(n))
		}
		whole, ends := manifestWith(t, records)
		clone := image.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, clone, file, whole)
		if err := openAndClose(t, clone); err != nil {
			t.Fatal(err)
		}
		for _, at := range flipPlaces(ends) {
			clone := image.CrashClone(vfs.CrashCloneCfg{})
			broken := slices.Clone(whole)
			broken[at] ^= []byte{0xff, 1 << rand.IntN(8)}[rand.IntN(2)]
			overwrite(t, clone, file, broken)
			if err := openAndClose(t, clone); !errors.Is(err, store.ErrDamaged) {
				t.Errorf("byte %d of %d turned from %#x into %#x: Open = %v, want ErrDamaged", at, len(whole), whole[at], broken[at], err)
			}
		}
	}
}

// flipPlaces are places around the header of each record, and some others.
func flipPlaces(ends []int) (places []int) {
	last := ends[len(ends)-1]
	for _, end := range ends {
		for at := end - 2; at < min(end+8, last); at++ {
			places = append(places, at)
		}
	}
	for range 5 {
		places = append(places, rand.IntN(last))
	}
	return places
}

// TestWhatAManifestWasMadeWithIsNeverCutOff: it was synced before it became the
// current one.
func TestWhatAManifestWasMadeWithIsNeverCutOff(t *testing.T) {
	image, _ := corruptible(t)
	file, records := manifestOf(t, image)
	whole, ends := manifestWith(t, records[:2])
	for _, at := range []int{0, 5, ends[0] - 1, ends[0], ends[0] + 5, ends[1] - 1} {
		clone := image.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, clone, file, whole[:at])
		if err := openAndClose(t, clone); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("cut at byte %d of %d: Open = %v, want ErrDamaged", at, len(whole), err)
		}
	}
}

// TestAMissingFileIsDamage removes what says which tables there are.
func TestAMissingFileIsDamage(t *testing.T) {
	image, _ := corruptible(t)
	manifest, _ := manifestOf(t, image)
	names, err := image.List("/data/store")
	if err != nil {
		t.Fatal(err)
	}
	marker := slices.IndexFunc(names, func(name string) bool { return strings.HasPrefix(name, "marker.manifest.") })
	for _, file := range []string{manifest, path.Join("/data/store", names[marker])} {
		clone := image.CrashClone(vfs.CrashCloneCfg{})
		if err := clone.Remove(file); err != nil {
			t.Fatal(err)
		}
		if err := openAndClose(t, clone); !errors.Is(err, store.ErrDamaged) || !strings.Contains(err.Error(), "/data/store") {
			t.Errorf("without %s: Open = %v, want ErrDamaged and the folder", file, err)
		}
	}
}

// TestAStoreWithoutAVersionIsNewOnlyIfItIsEmpty: a crash may come after Pebble has
// made its files and before the version is written.
func TestAStoreWithoutAVersionIsNewOnlyIfItIsEmpty(t *testing.T) {
	for name, want := range map[string]error{"": nil, "q/x": store.ErrDamaged} {
		t.Run("key "+name, func(t *testing.T) {
			mem := vfs.NewCrashableMem()
			db, err := pebble.Open("/data/store", &pebble.Options{FS: mem, FormatMajorVersion: pebble.FormatValueSeparation})
			if err != nil {
				t.Fatal(err)
			}
			if name != "" {
				err = db.Set([]byte(name), nil, pebble.Sync)
			}
			if err := errors.Join(err, db.Close()); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if err := openAndClose(t, mem); !errors.Is(err, want) {
					t.Errorf("Open = %v, want %v", err, want)
				}
			}
		})
	}
}

// TestAFlipInAShortLogIsNoticed flips bytes in a log that has only one block, in
// which Pebble takes any broken record for the end. A record is proven to have been
// synced by the second one behind it at the latest.
func TestAFlipInAShortLogIsNoticed(t *testing.T) {
	mem := vfs.NewCrashableMem()
	p := openMem(t, mem)
	var ids []uuid.UUID
	for range 6 {
		call := crashCall()
		call.Call.Body = make([]byte, 1000)
		ids = append(ids, call.Call.ID)
		if err := p.Accept(t.Context(), call); err != nil {
			t.Fatal(err)
		}
	}
	image := mem.CrashClone(vfs.CrashCloneCfg{})
	closeStore(t, p)
	names, err := image.List("/data/store")
	if err != nil {
		t.Fatal(err)
	}
	var file string // the newest log
	for _, name := range names {
		if name = path.Join("/data/store", name); path.Ext(name) == ".log" && name > file {
			file = name
		}
	}
	info, err := image.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	whole := make([]byte, info.Size())
	f, err := image.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadAt(whole, 0); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fifth := bytes.Index(whole, ids[4][:])
	for at := range fifth - 40 { // it has a header and the beginning of the key before that
		if at > 100 && rand.IntN(20) > 0 {
			continue
		}
		clone := image.CrashClone(vfs.CrashCloneCfg{})
		broken := slices.Clone(whole)
		broken[at] ^= 0xff
		overwrite(t, clone, file, broken)
		if err := openAndClose(t, clone); !errors.Is(err, store.ErrDamaged) {
			t.Errorf("byte %d of %d: Open = %v, want ErrDamaged", at, len(whole), err)
		}
	}
	for at := fifth; at < len(whole); at += 50 { // a crash in the middle of the last writes
		clone := image.CrashClone(vfs.CrashCloneCfg{})
		overwrite(t, clone, file, append(slices.Clone(whole[:at]), make([]byte, len(whole)-at)...))
		if err := openAndClose(t, clone); err != nil {
			t.Error(fmt.Errorf("cut at byte %d of %d: %w", at, len(whole), err))
		}
	}
}
