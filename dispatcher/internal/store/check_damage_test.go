package store

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// damage writes to a store past its methods.
func damage(t *testing.T, fs vfs.FS, write func(*pebble.Batch)) {
	t.Helper()
	db, err := pebble.Open(checkDir, rawSettings(fs))
	if err != nil {
		t.Fatal(err)
	}
	batch := db.NewBatch()
	write(batch)
	if err := errors.Join(batch.Commit(pebble.Sync), db.Close()); err != nil {
		t.Fatal(err)
	}
}

func mustEncode(t *testing.T, value any) []byte {
	t.Helper()
	record, err := encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// recordOf is a call's record with a Seq.
func recordOf(t *testing.T, call Call, seq uint64) []byte {
	t.Helper()
	var scratch bytes.Buffer
	if err := encodeCall(&scratch, call); err != nil {
		t.Fatal(err)
	}
	setSeq(scratch.Bytes(), seq)
	return scratch.Bytes()
}

// rowAt is the position of a log row.
func rowAt(e *Entry, number int) LogPosition {
	return LogPosition{Begun: checkTime, ID: e.Call.ID, Number: number}
}

// TestCheckOfACallThatIsDropped: a call may be gone from the log for which somebody's
// idempotency key is still there.
func TestCheckOfACallThatIsDropped(t *testing.T) {
	fs := vfs.NewMem()
	z := fill(t, checkDir, Options{FS: fs})
	damage(t, fs, func(b *pebble.Batch) {
		call := z.once.Call
		call.ID = uuid.Must(uuid.NewV7())
		put(b, onceKey(day(checkTime), OnceKey{9}), onceValue(&call, z.once.Once))
	})
	if _, problems := problemsOf(t, checkDir, Options{FS: fs}); len(problems) > 0 {
		t.Errorf("problems: %q", problems)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	stranger := uuid.Must(uuid.NewV7())
	key := func(e *Entry) []byte { return queueKey(e.Call.Webhook, e.Call.Seq, e.State) }
	for _, test := range []struct {
		name   string
		write  func(*testing.T, *zoo, *pebble.Batch)
		want   string
		number int // of problems
	}{
		{"call undecodable", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixCall, z.fresh.Call.ID), []byte("12345678nonsense"))
		}, "the record of call FRESH cannot be decoded", 1},
		{"call too short", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, idKey(prefixCall, z.succeeded.Call.ID), nil) },
			"the record of call SUCCEEDED cannot be decoded: a call's record has 0 bytes", 1},
		{"state undecodable", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixState, z.retry.Call.ID), []byte{0xff})
		}, "the state of call RETRY cannot be decoded", 1},
		{"row undecodable", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, attemptKey(z.retry.Call.ID, 1), []byte{0xff}) },
			"a log row of call RETRY cannot be decoded", 1},
		{"mark undecodable", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, idKey(prefixMark, z.marked.Call.ID), []byte{0xff}) },
			"the mark of call MARKED cannot be decoded", 1},
		{"report undecodable", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, reportKey(checkLane), []byte{0xff}) },
			`the report under "w/shop\x00order" cannot be decoded`, 1},
		{"call gone", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, idKey(prefixCall, z.fresh.Call.ID)) },
			"call FRESH stands in a queue at", 1},
		{"call gone, state left", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, idKey(prefixCall, z.blocked.Call.ID)) },
			"there is a state of call BLOCKED, but no such call", 3},
		{"call gone, rows left", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			drop(b, idKey(prefixCall, z.succeeded.Call.ID))
			drop(b, idKey(prefixState, z.succeeded.Call.ID))
		}, "there are 1 log rows of call SUCCEEDED, but no such call", 3},
		{"call gone, mark left", func(_ *testing.T, _ *zoo, b *pebble.Batch) {
			put(b, idKey(prefixMark, stranger), mustEncode(t, Mark{ID: stranger, Attempt: 1}))
		}, "there is a mark of an attempt of call STRANGER, but no such call", 1},
		{"call of another id", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixCall, z.blocked.Call.ID), recordOf(t, z.lost.Call, z.blocked.Call.Seq))
		}, "the record of call BLOCKED is that of call LOST", 1},
		{"waiting in no queue", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, key(z.fresh)) },
			"call FRESH waits, but does not stand at its place in the queue of webhook shop/order", 1},
		{"waiting in two queues", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, freshKey(checkLane, z.retry.Call.Seq), queueValue(&z.retry.Call))
		}, "call RETRY stands in a queue at", 1},
		{"finished in a queue", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, freshKey(checkLane, z.succeeded.Call.Seq), queueValue(&z.succeeded.Call))
		}, "call SUCCEEDED stands in a queue at", 1},
		{"unknown in a queue", func(_ *testing.T, _ *zoo, b *pebble.Batch) {
			put(b, freshKey(checkLane, 4000), append(stranger[:], 0, 0, 0, 1))
		}, "call STRANGER stands in a queue at", 1},
		{"another at its place", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, key(z.fresh), queueValue(&z.once.Call)) },
			"at the place of call FRESH in the queue of webhook shop/order stands call ONCE", 2},
		{"wrong size", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, key(z.fresh), append(z.fresh.Call.ID[:], 0, 0, 0, 9))
		},
			"call FRESH counts as 9 bytes in the queue of webhook shop/order, but has 4", 1},
		{"place cut off", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, key(z.fresh), []byte("x")) },
			"the place of call FRESH in the queue of webhook shop/order has 1 bytes", 2},
		{"queue key cut off", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, []byte("q/shop"), queueValue(&z.fresh.Call)) },
			`the place "q/shop" in a queue, with 20 bytes, is none`, 1},
		{"mark of a finished call", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixMark, z.lost.Call.ID), mustEncode(t, Mark{ID: z.lost.Call.ID, Attempt: 1}))
		}, "call LOST is finished, but has the mark of attempt 1 under way", 1},
		{"mark of a call with the key", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixMark, z.once.Call.ID), mustEncode(t, Mark{ID: z.once.Call.ID, Attempt: 1}))
		}, "call ONCE has the key, but has a mark", 1},
		{"mark of a later attempt", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixMark, z.fresh.Call.ID), mustEncode(t, Mark{ID: z.fresh.Call.ID, Attempt: 3}))
		}, "call FRESH has had 0 attempts, but has the mark of attempt 3", 1},
		{"result undecodable", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixResult, z.succeeded.Call.ID), []byte{0xff})
		}, "the result of call SUCCEEDED cannot be decoded", 1},
		{"result without a call", func(t *testing.T, _ *zoo, b *pebble.Batch) {
			put(b, idKey(prefixResult, stranger), mustEncode(t, Result{}))
		}, "there is a result of call STRANGER, but no such call", 1},
		{"result of a call that waits", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixResult, z.redelivered.Call.ID), mustEncode(t, Result{}))
		}, "call REDELIVERED waits, but has the result of an answer", 1},
		{"more attempts before a redelivery than in all", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixState, z.redelivered.Call.ID), mustEncode(t, State{Attempts: 1, Earlier: 2, Series: 1, Due: checkTime}))
		}, "call REDELIVERED was redelivered 1 times after 2 of 1 attempts", 1},
		{"a row missing", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, attemptKey(z.retry.Call.ID, 2)) },
			"call RETRY has had 2 attempts, but has 1 log rows", 3},
		{"a gap in the rows", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, attemptKey(z.cancelled.Call.ID, 1)) },
			"log row 1 of call CANCELLED says that it is attempt 2", 4},
		{"a row too many", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, attemptKey(z.refused.Call.ID, 1), mustEncode(t, Attempt{ID: z.refused.Call.ID, Number: 1}))
		}, "call REFUSED has had 0 attempts, but has 1 log rows", 2},
		{"retry without a due time", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixState, z.retry.Call.ID), mustEncode(t, State{Attempts: 2}))
		}, "the call waits after 2 attempts but has no due time", 2},
		{"a place in the namespace missing", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, placeKey("shop", rowAt(z.retry, 2))) },
			"log row 2 of call RETRY has not both of its places", 2},
		{"a place in the webhook missing", func(_ *testing.T, z *zoo, b *pebble.Batch) { drop(b, placeOfKey(checkLane, rowAt(z.blocked, 0))) },
			"log row 0 of call BLOCKED has not both of its places", 1},
		{"places of another row", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			at := rowAt(z.succeeded, 1)
			at.ID = stranger
			putPlaces(b, &LogEntry{LogPosition: at, Webhook: checkLane})
		}, "there is a place of log row 1 of call STRANGER at", 3},
		{"a place at another time", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			at := rowAt(z.succeeded, 1)
			at.Begun = at.Begun.Add(time.Second)
			putPlaces(b, &LogEntry{LogPosition: at, Webhook: checkLane})
		}, "log row 1 of call SUCCEEDED stands in the index of the log at", 3},
		{"a place that says something else", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			value := entryValue(&LogEntry{Webhook: checkLane, Reason: plan.ReasonTimeout, Outcome: plan.OutcomeSucceeded, Bytes: 1})
			put(b, placeKey("shop", rowAt(z.succeeded, 1)), value)
			put(b, placeOfKey(checkLane, rowAt(z.succeeded, 1)), value)
		}, "a place of log row 1 of call SUCCEEDED does not say what the row says", 2},
		{"places that differ", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, placeOfKey(checkLane, rowAt(z.retry, 1)), entryValue(&LogEntry{Webhook: checkLane, Reason: plan.ReasonServerError, Bytes: 1}))
		}, "the two places of log row 1 of call RETRY do not say the same", 1},
		{"a place cut off", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, []byte("t/shop"), []byte("x")) },
			`the place "t/shop" in the index of the log, with 1 bytes, is none`, 1},
		{"a bucket gone", func(_ *testing.T, _ *zoo, b *pebble.Batch) { drop(b, bucketKey(plan.Key{}, bucketOf(checkTime))) },
			"the account of the log of integration / is wrong for 1 spans of ten minutes", 1},
		{"a bucket that says too much", func(_ *testing.T, _ *zoo, b *pebble.Batch) {
			put(b, bucketKey(checkLane, 7), bucketValue(&bucket{rows: 1, bytes: 700}))
		}, "the account of the log of integration shop/order is wrong for 1 spans", 1},
		{"a bucket cut off", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, bucketKey(checkLane, 7), []byte("x")) },
			"the account of the log has no bucket", 1},
		{"key of another time", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			call := z.once.Call
			call.CreatedAt = call.CreatedAt.Add(1)
			put(b, onceKey(day(checkTime), OnceKey{1}), onceValue(&call, z.once.Once))
		}, "an idempotency key leads to call ONCE, but is of another time", 1},
		{"key of another day", func(_ *testing.T, z *zoo, b *pebble.Batch) {
			put(b, onceKey(7, OnceKey{1}), onceValue(&z.once.Call, z.once.Once))
		}, "an idempotency key leads to call ONCE, but is of another time", 1},
		{"key cut off", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, []byte("i/x"), nil) },
			`the idempotency key under "i/x", with 0 bytes, is none`, 1},
		{"report of another", func(_ *testing.T, _ *zoo, b *pebble.Batch) {
			record := reportRecord{Webhook: checkLane}
			put(b, reportKey(plan.Key{Namespace: "shop", Name: "x"}), mustEncode(t, &record))
		}, `the report under "w/shop\x00x" is that of webhook shop/order`, 1},
		{"Seq above the bound", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixCall, z.blocked.Call.ID), recordOf(t, z.blocked.Call, 1_000_000))
		}, "call BLOCKED has Seq 1000000, but none above 10001 has been given out", 1},
		{"Seq twice", func(t *testing.T, z *zoo, b *pebble.Batch) {
			put(b, idKey(prefixCall, z.blocked.Call.ID), recordOf(t, z.blocked.Call, z.lost.Call.Seq))
		}, fmt.Sprintf("call BLOCKED has Seq %d, which another call has, too", 6), 1},
		{"no bound", func(_ *testing.T, _ *zoo, b *pebble.Batch) { drop(b, []byte(keyLastSeq)) },
			"the bound of the Seq numbers is missing", 1},
		{"version of two bytes", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, []byte(keyVersion), []byte{0, 2}) },
			"the version of the format has 2 bytes in place of 4", 1},
		{"no version", func(_ *testing.T, _ *zoo, b *pebble.Batch) { drop(b, []byte(keyVersion)) },
			"the version of the format is missing", 1},
		{"key of no kind", func(_ *testing.T, _ *zoo, b *pebble.Batch) { put(b, []byte("hello"), nil) }, `the key "hello" belongs to nothing`, 1},
		{"key too long", func(_ *testing.T, z *zoo, b *pebble.Batch) { put(b, append(idKey(prefixCall, stranger), 0), nil) },
			"has not the length of its kind", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			fs := vfs.NewMem()
			z := fill(t, checkDir, Options{FS: fs})
			damage(t, fs, func(b *pebble.Batch) { test.write(t, z, b) })
			_, problems := problemsOf(t, checkDir, Options{FS: fs})
			want := strings.NewReplacer("FRESH", z.fresh.Call.ID.String(), "MARKED", z.marked.Call.ID.String(),
				"RETRY", z.retry.Call.ID.String(), "ONCE", z.once.Call.ID.String(), "SUCCEEDED", z.succeeded.Call.ID.String(),
				"LOST", z.lost.Call.ID.String(), "REFUSED", z.refused.Call.ID.String(), "BLOCKED", z.blocked.Call.ID.String(),
				"CANCELLED", z.cancelled.Call.ID.String(), "STRANGER", stranger.String(),
				"REDELIVERED", z.redelivered.Call.ID.String()).Replace(test.want)
			if len(problems) != test.number || !strings.Contains(strings.Join(problems, "\n"), want) {
				t.Errorf("problems:\n%s\nwant %d, one with %q", strings.Join(problems, "\n"), test.number, want)
			}
		})
	}
}
