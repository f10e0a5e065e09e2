package store

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const checkDir = "/data/store"

var (
	checkTime = time.Date(2026, 11, 23, 12, 30, 15, 123456789, time.UTC)
	checkLane = plan.Key{Namespace: "shop", Name: "order"}
)

// zoo has a call of every kind that a dispatcher leaves.
type zoo struct {
	fresh, marked, retry, once   *Entry // wait
	succeeded, lost, refused     *Entry // have ended; refused at intake
	blocked, cancelled, anothers *Entry // have ended, without an attempt but for cancelled
	redelivered, triggered       *Entry // wait; succeeded has triggered the second
}

// fill makes a store with all kinds of calls through its methods.
func fill(t *testing.T, dir string, opts Options) *zoo {
	t.Helper()
	p, err := Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	step := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	call := func(hasKey bool) *Entry {
		return &Entry{Call: Call{
			ID: uuid.Must(uuid.NewV7()), Webhook: checkLane, WebhookUID: "uid", CreatedAt: checkTime, HasKey: hasKey,
			Method: "POST", Suffix: "/x", HasBody: true, Body: []byte("{}"),
		}}
	}
	z := &zoo{
		fresh: call(false), marked: call(false), retry: call(true), once: call(true), succeeded: call(true), lost: call(false),
		refused: call(false), blocked: call(true), cancelled: call(true), anothers: call(false),
		redelivered: call(false), triggered: call(true),
	}
	z.anothers.Call.Webhook.Name = "another"
	z.once.Once = &Once{Key: OnceKey{1}, Data: [16]byte{2}}
	z.refused.State = State{Outcome: plan.OutcomeRenderFailed, EndedAt: checkTime}
	z.refused.Report = &plan.Report{Webhook: checkLane, Seq: 1}
	step(p.Accept(t.Context(), z.fresh, z.marked, z.retry, z.once, z.succeeded, z.lost, z.refused, z.blocked, z.cancelled, z.anothers, z.redelivered))
	end := func(e *Entry, now State, attempt bool, triggers ...*Entry) {
		t.Helper()
		end := &End{Call: &e.Call, Was: e.State, Now: now, Calls: triggers}
		if attempt {
			end.Attempt = &Attempt{ID: e.Call.ID, Number: now.Attempts, Begun: checkTime, Reason: plan.ReasonServerError}
		}
		if now.Finished() {
			end.Report = &plan.Report{Webhook: e.Call.Webhook, Seq: e.Call.Seq}
		}
		if e == z.lost {
			end.Result = &Result{Response: []byte("{}")}
		}
		step(p.End(t.Context(), end))
		e.State = now
	}
	for _, e := range []*Entry{z.retry, z.cancelled} {
		end(e, State{Attempts: 1, Due: checkTime.Add(time.Hour)}, true)
		end(e, State{Attempts: 2, Due: checkTime.Add(2 * time.Hour)}, true)
	}
	end(z.succeeded, State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: checkTime}, true, z.triggered)
	end(z.redelivered, State{Attempts: 1, Outcome: plan.OutcomeFailed, EndedAt: checkTime}, true)
	end(z.redelivered, State{Attempts: 1, Earlier: 1, Series: 1, Due: checkTime}, false)
	step(p.Begin(t.Context(), Mark{ID: z.lost.Call.ID, Attempt: 1, Begun: checkTime}, Mark{ID: z.marked.Call.ID, Attempt: 1, Begun: checkTime}))
	end(z.lost, State{Attempts: 1, Outcome: plan.OutcomeLost, EndedAt: checkTime}, true)
	end(z.blocked, State{Outcome: plan.OutcomeBlocked, EndedAt: checkTime}, false)
	end(z.cancelled, State{Attempts: 2, Outcome: plan.OutcomeCancelled, EndedAt: checkTime}, false)
	end(z.anothers, State{Outcome: plan.OutcomeBlocked, EndedAt: checkTime}, false)
	step(p.Close())
	return z
}

// problemsOf checks a store and returns what is wrong with it.
func problemsOf(t *testing.T, dir string, opts Options) (Summary, []string) {
	t.Helper()
	var problems []string
	seen, err := Check(dir, opts, func(p string) { problems = append(problems, p) })
	if err != nil {
		t.Fatal(err)
	}
	if seen.Problems != len(problems) {
		t.Errorf("%d problems are counted, %d were told", seen.Problems, len(problems))
	}
	for _, p := range problems {
		if strings.Contains(p, "\n") {
			t.Errorf("%q is more than one line", p)
		}
	}
	return seen, problems
}

// folderHash tells whether a folder's files have changed.
func folderHash(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(sum, "%s %x\n", e.Name(), sha256.Sum256(content))
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

func TestCheckOfAHealthyStore(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir, Options{})
	before := folderHash(t, dir)
	seen, problems := problemsOf(t, dir, Options{})
	if len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
	if diff := cmp.Diff(Summary{Calls: 12, Waiting: 6, LogRows: 7, Webhooks: 2}, seen); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if after := folderHash(t, dir); after != before {
		t.Error("the check has changed the store")
	}
	p, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if _, err := Check(dir, Options{}, func(string) {}); !errors.Is(err, ErrLocked) {
		t.Errorf("Check of an open store: %v, want ErrLocked", err)
	}
}

func TestCheckOfAnEmptyStore(t *testing.T) {
	fs := vfs.NewMem()
	p, err := Open(checkDir, Options{FS: fs})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if seen, problems := problemsOf(t, checkDir, Options{FS: fs}); seen != (Summary{}) {
		t.Errorf("summary %+v, problems %q", seen, problems)
	}
}

// TestCheckOfFormat1: it had a state for each call and no sizes.
func TestCheckOfFormat1(t *testing.T) {
	fs := vfs.NewMem()
	z := fill(t, checkDir, Options{FS: fs})
	damage(t, fs, func(b *pebble.Batch) {
		put(b, []byte(keyVersion), []byte{0, 0, 0, 1})
		put(b, freshKey(checkLane, z.fresh.Call.Seq), z.fresh.Call.ID[:])
		put(b, idKey(prefixState, z.fresh.Call.ID), mustEncode(t, State{}))
	})
	if _, problems := problemsOf(t, checkDir, Options{FS: fs}); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

// rawSettings open a database past the store.
func rawSettings(fs vfs.FS) *pebble.Options {
	return &pebble.Options{FS: fs, FormatMajorVersion: pebbleFormat, Logger: pebbleLogger{slog.New(slog.DiscardHandler)}}
}

// TestCheckOfADamagedTable: a table whose bytes have changed is a problem, one
// that is cut off keeps the store from being opened.
func TestCheckOfADamagedTable(t *testing.T) {
	for _, test := range []struct {
		name  string
		write func(table string) error
		open  bool
	}{
		{"a bit turned over", func(table string) error {
			content, err := os.ReadFile(table)
			if err != nil {
				return err
			}
			content[len(content)/4] ^= 1
			return os.WriteFile(table, content, 0o600)
		}, true},
		{"cut off", func(table string) error { return os.Truncate(table, 100) }, false},
		{"gone", os.Remove, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			fill(t, dir, Options{})
			p, err := Open(dir, Options{}) // writes the log of fill to a table
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
			tables, err := filepath.Glob(filepath.Join(dir, "*.sst"))
			if err != nil || len(tables) == 0 {
				t.Fatalf("tables: %q, %v", tables, err)
			}
			if err := test.write(tables[0]); err != nil {
				t.Fatal(err)
			}
			var problems []string
			_, err = Check(dir, Options{}, func(p string) { problems = append(problems, p) })
			if test.open && (err != nil || len(problems) != 1 || !strings.Contains(problems[0], "cannot be read to their end")) {
				t.Errorf("Check: %v, problems %q", err, problems)
			}
			if !test.open && (err == nil || !strings.Contains(err.Error(), "open the store in "+dir)) {
				t.Errorf("Check: %v, want an error of opening", err)
			}
		})
	}
}

func TestCheckOfWhatIsNoStore(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	newer := t.TempDir()
	fill(t, newer, Options{})
	db, err := pebble.Open(newer, rawSettings(vfs.Default))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Set([]byte(keyVersion), []byte{0, 0, 0, 99}, pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
	empty := t.TempDir()
	for dir, want := range map[string]string{
		file: "is a file", file + ".none": "there is no folder", empty: "holds no store", newer: "has format 99 and this version knows 3",
	} {
		_, err := Check(dir, Options{}, func(string) {})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("Check of %s: %v, want one line with %q", dir, err, want)
		}
		if _, err := OpenExisting(dir, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("OpenExisting of %s: %v, want %q", dir, err, want)
		}
	}
	if entries, err := os.ReadDir(empty); err != nil || len(entries) > 0 {
		t.Errorf("the empty folder holds %v now, %v", entries, err)
	}
}

func TestSpans(t *testing.T) {
	var s spans
	for _, n := range []uint64{5, 3, 4, 9, 8, 1, 2, 7, 6} {
		if !s.add(n) {
			t.Errorf("%d is said to be there before it was added", n)
		}
	}
	if want := []span{{1, 9}}; !cmp.Equal(want, s.list, cmp.AllowUnexported(span{})) {
		t.Errorf("spans %v, want %v", s.list, want)
	}
	for n := uint64(1); n <= 9; n++ {
		if s.add(n) {
			t.Errorf("%d was added twice", n)
		}
	}
}
