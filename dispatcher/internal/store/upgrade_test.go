package store

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// toFormat2 makes of a store what a dispatcher of format 2 would have left: no index, no
// account, no row without an attempt, no outcome in rows.
func toFormat2(t *testing.T, fs vfs.FS) {
	t.Helper()
	db, err := pebble.Open(checkDir, rawSettings(fs))
	if err != nil {
		t.Fatal(err)
	}
	batch := db.NewBatch()
	for _, prefix := range []string{prefixLog, prefixLogOf, prefixBytes} {
		_ = batch.DeleteRange([]byte(prefix), end([]byte(prefix)), nil)
	}
	err = scan(db, []byte(prefixAttempt), end([]byte(prefixAttempt)), func(key, record []byte) (bool, error) {
		var row Attempt
		err := decoder.Unmarshal(record, &row)
		if row.Number == 0 {
			drop(batch, key)
			return true, err
		}
		row.Outcome = ""
		put(batch, key, mustEncode(t, &row))
		return true, err
	})
	put(batch, []byte(keyVersion), []byte{0, 0, 0, 2})
	if err := errors.Join(err, batch.Commit(pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

// logOf is what the index of a store says of its log.
func logOf(t *testing.T, p *Pebble) []LogEntry {
	t.Helper()
	var entries []LogEntry
	if err := p.LogEntries(t.Context(), LogFilter{Namespace: "shop"}, func(e *LogEntry) bool {
		entries = append(entries, *e)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return entries
}

// TestOpenUpgradesFormat2: the log of an older dispatcher gets its index and account, also
// when that is broken off, and is what it would have been.
func TestOpenUpgradesFormat2(t *testing.T) {
	fs := vfs.NewMem()
	z := fill(t, checkDir, Options{FS: fs})
	p, err := Open(checkDir, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	want, size := logOf(t, p), p.Metrics().Log
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	toFormat2(t, fs)
	if _, problems := problemsOf(t, checkDir, Options{FS: fs}); len(problems) > 0 {
		t.Errorf("problems of format 2: %q", problems)
	}
	var log bytes.Buffer
	if p, err = Open(checkDir, Options{FS: fs, Logger: slog.New(slog.NewTextHandler(&log, nil))}); err != nil {
		t.Fatal(err)
	}
	got := logOf(t, p)
	for i := range got { // not known any more: a retry's due time, and an outcome before the last delivery
		if got[i].Number > 1 {
			got[i].Waited = want[i].Waited
		}
		if got[i].ID == z.redelivered.Call.ID {
			got[i].Outcome, got[i].Bytes = want[i].Outcome, want[i].Bytes
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the log (-want +got):\n%s", diff)
	}
	if after := p.Metrics().Log; after.Rows != size.Rows || after.Bytes < size.Bytes*9/10 || after.Bytes > size.Bytes {
		t.Errorf("the log takes %+v, want about %+v", after, size)
	}
	rows, err := p.Attempts(z.blocked.Call.ID)
	if err != nil || len(rows) != 1 || rows[0].Number != 0 || rows[0].Outcome != plan.OutcomeBlocked {
		t.Errorf("the rows of a call without an attempt: %+v, %v", rows, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "the store has an index of the delivery log") {
		t.Errorf("the log says %q", log.String())
	}
	if _, problems := problemsOf(t, checkDir, Options{FS: fs}); len(problems) > 0 {
		t.Errorf("problems after the upgrade: %q", problems)
	}
}

// TestACrashDuringTheUpgrade: it goes on where it was, however far it had come.
func TestACrashDuringTheUpgrade(t *testing.T) {
	disk := vfs.NewCrashableMem()
	p, err := Open(checkDir, Options{FS: disk})
	if err != nil {
		t.Fatal(err)
	}
	z := fillMany(t, p, 3*upgradeCalls+10)
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	toFormat2(t, disk)
	var clones []*vfs.MemFS
	watched := errorfs.Wrap(disk, errorfs.InjectorFunc(func(op errorfs.Op) error {
		if op.Kind == errorfs.OpFileSync || op.Kind == errorfs.OpFileSyncData {
			clones = append(clones, disk.CrashClone(vfs.CrashCloneCfg{}))
		}
		return nil
	}))
	if p, err = Open(checkDir, Options{FS: watched, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	begun := 0
	for _, clone := range clones {
		s, err := Open(checkDir, Options{FS: clone, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if rows := len(logOf(t, s)); rows != z {
			t.Errorf("the log has %d rows, want %d", rows, z)
		}
		if rows := s.Metrics().Log.Rows; rows != int64(z) {
			t.Errorf("the account has %d rows, want %d", rows, z)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, problems := problemsOf(t, checkDir, Options{FS: clone}); len(problems) > 0 {
			t.Errorf("problems: %q", problems)
		}
		begun++
	}
	if begun < 4 {
		t.Errorf("the upgrade was broken off %d times, want once a step", begun)
	}
}

// fillMany makes calls that have ended, each with a row.
func fillMany(t *testing.T, p *Pebble, n int) int {
	t.Helper()
	var entries []*Entry
	var ends []*End
	for i := range n {
		at := checkTime.Add(time.Duration(i) * time.Second)
		e := &Entry{Call: Call{ID: uuid.Must(uuid.NewV7()), Webhook: checkLane, CreatedAt: at, HasKey: true}}
		entries = append(entries, e)
		ends = append(ends, &End{
			Call: &e.Call, Now: State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: at},
			Attempt: &Attempt{ID: e.Call.ID, Number: 1, Begun: at, Reason: plan.ReasonSuccess},
		})
	}
	if err := errors.Join(p.Accept(t.Context(), entries...), p.End(t.Context(), ends...)); err != nil {
		t.Fatal(err)
	}
	return n
}
