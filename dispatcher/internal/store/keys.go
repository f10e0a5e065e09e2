package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The layout of the database. Numbers are 8 bytes, big-endian, unless another
// width is given; ids are the 16 bytes of the transaction id.
//
//	c/<id>                        call: Seq, then CBOR of Call; never changes
//	s/<id>                        CBOR of State
//	q/<ns>\0<webhook>\0<seq>      fresh queue → id, size (4 bytes)
//	d/<ns>\0<webhook>\0<due><seq> retry queue → id, size (4 bytes)
//	i/<day, 4 bytes><key hash>    caller's idempotency key → id, data hash, time
//	m/<id>                        CBOR of Mark
//	l/<id><attempt, 4 bytes>      CBOR of Attempt, the log row
//	t/<ns>\0<begun><id><attempt>  a log row's place in the namespace → see entryValue
//	x/<ns>\0<webhook>\0<begun><id><attempt>  and in its webhook → the same
//	b/<ns>\0<integration>\0<ten minutes since 1970, 4 bytes>  what the log takes of the
//	                              rows that began then: bytes, rows
//	r/<id>                        CBOR of Result, only while the call is finished
//	w/<ns>\0<webhook>             newest report: CBOR of reportRecord
//	n                             no Seq above it has been given out
//	u                             how far the upgrade to format 3 has come: the id of the last
//	                              call; only until it is done
//	v                             format version, 4 bytes
//
// A waiting call is in exactly one queue: in the fresh one if its State.Due is
// zero, in the retry one otherwise. One that has had no attempt has no state yet,
// which stands for the zero State. A queue position is never set while it is there:
// one of the retry queue that comes again has another due time, or was removed
// before. So it is removed by SingleDelete: one that comes and goes while it is in memory
// leaves nothing, where Delete would leave a tombstone in every table below.
//
// An idempotency key stands under the day it was accepted, counted from 1970 in
// UTC, so that whole days of them go by one DeleteRange.
//
// A row of the log has its two places for as long as it is there, so that the log can be
// read in the order of time; both have one value, which answers most filters. The account says how many bytes, and
// rows, they take; a place says what it takes, so that what goes is taken from it exactly.
// See docs/adr/0021.
//
// A due time is its nanoseconds since 1970
// with the sign bit turned over, so that bytes sort as times do. Names of
// Kubernetes objects hold no zero byte, so a lane's keys stand together. Ids are
// UUIDv7: calls and log rows lie in order of time, so that a time span of them
// is one range of keys.
const (
	prefixCall    = "c/"
	prefixRetry   = "d/"
	prefixAttempt = "l/"
	prefixMark    = "m/"
	prefixOnce    = "i/"
	prefixFresh   = "q/"
	prefixResult  = "r/"
	prefixState   = "s/"
	prefixReport  = "w/"
	prefixLog     = "t/"
	prefixLogOf   = "x/"
	prefixBytes   = "b/"

	keyLastSeq = "n"
	keyUpgrade = "u"
	keyVersion = "v"

	// formatVersion rises with every change of the layout or of a record that
	// an older dispatcher would misread. A new optional field is none.
	//
	// 2: sizes in queue values, no state before the first attempt.
	// 3: the index and the account of the log.
	formatVersion = 3
	// firstIndexed is the first format with an index of the log.
	firstIndexed = 3
)

const (
	seqLen  = 8
	dueLen  = 8
	idLen   = 16
	sizeLen = 4
	onceLen = idLen + 16 + 8
	// placeLen is the tail of a key of the log's indexes: begun, id and attempt.
	placeLen = dueLen + idLen + 4
)

// idKey is the key of a record that a call has once.
func idKey(prefix string, id uuid.UUID) []byte {
	return append([]byte(prefix), id[:]...)
}

// attemptKey is the key of a log row.
func attemptKey(id uuid.UUID, number int) []byte {
	return binary.BigEndian.AppendUint32(idKey(prefixAttempt, id), uint32(number))
}

// reportKey is the key of a webhook's newest report.
func reportKey(webhook plan.Key) []byte {
	return append(append(append([]byte(prefixReport), webhook.Namespace...), 0), webhook.Name...)
}

// laneKey begins every key of one queue of a webhook.
func laneKey(prefix string, webhook plan.Key) []byte {
	key := make([]byte, 0, len(prefix)+len(webhook.Namespace)+len(webhook.Name)+2+dueLen+seqLen+1)
	key = append(append(append(key, prefix...), webhook.Namespace...), 0)
	return append(append(key, webhook.Name...), 0)
}

// freshKey is the place of a call in its webhook's fresh queue.
func freshKey(webhook plan.Key, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(laneKey(prefixFresh, webhook), seq)
}

// retryKey is the place of a call in its webhook's retry queue.
func retryKey(webhook plan.Key, at Position) []byte {
	key := binary.BigEndian.AppendUint64(laneKey(prefixRetry, webhook), sortable(at.Due))
	return binary.BigEndian.AppendUint64(key, at.Seq)
}

// queueKey is the place of a call that waits in the given state.
func queueKey(webhook plan.Key, seq uint64, state State) []byte {
	if state.Due.IsZero() {
		return freshKey(webhook, seq)
	}
	return retryKey(webhook, Position{Due: state.Due, Seq: seq})
}

// Times outside of what 64 bits of nanoseconds hold (1677 to 2262) stand at the
// edge.
var (
	firstDue = time.Unix(0, math.MinInt64)
	lastDue  = time.Unix(0, math.MaxInt64)
)

// sortable turns a due time into a number with the same order.
func sortable(due time.Time) uint64 {
	nanos := due.UnixNano()
	switch {
	case due.Before(firstDue):
		nanos = math.MinInt64
	case due.After(lastDue):
		nanos = math.MaxInt64
	}
	return uint64(nanos) ^ 1<<63
}

// dueOf is the inverse of sortable.
func dueOf(n uint64) time.Time { return time.Unix(0, int64(n^1<<63)).UTC() }

// end is the first key behind all keys that begin with the given bytes.
func end(prefix []byte) []byte {
	key := bytes.Clone(prefix)
	for i := len(key) - 1; i >= 0; i-- {
		if key[i]++; key[i] != 0 {
			return key[:i+1]
		}
	}
	return nil // all 0xff: there is none
}

// parseLane splits the key of a queue entry into the length of its lane's part
// and the webhook. tail is the length of what follows the lane.
func parseLane(key []byte, prefix string, tail int) (lane int, webhook plan.Key, err error) {
	lane = len(key) - tail
	if lane > len(prefix) && key[lane-1] == 0 {
		if ns, name, ok := bytes.Cut(key[len(prefix):lane-1], []byte{0}); ok {
			return lane, plan.Key{Namespace: string(ns), Name: string(name)}, nil
		}
	}
	return 0, plan.Key{}, fmt.Errorf("the store is damaged: %q is no key of a queue", key)
}

// queueValue is the value of a queue position.
func queueValue(call *Call) []byte {
	value := make([]byte, 0, idLen+sizeLen)
	return binary.BigEndian.AppendUint32(append(value, call.ID[:]...), uint32(call.Size()))
}

// parseQueueValue is the inverse of queueValue. Format 1 had no size.
func parseQueueValue(value []byte, item *Item) bool {
	switch len(value) {
	case idLen:
	case idLen + sizeLen:
		item.Size = int(binary.BigEndian.Uint32(value[idLen:]))
	default:
		return false
	}
	item.ID = uuid.UUID(value[:idLen])
	return true
}

// day is the number of a time's day since 1970 in UTC, within what 32 bits hold.
func day(t time.Time) uint32 {
	return uint32(min(max(t.Unix()/(24*60*60), 0), math.MaxUint32-1))
}

// onceKey is the place of an idempotency key.
func onceKey(day uint32, key OnceKey) []byte {
	return append(binary.BigEndian.AppendUint32([]byte(prefixOnce), day), key[:]...)
}

// onceValue is what is kept of an accepted call under its idempotency key.
func onceValue(call *Call, once *Once) []byte {
	value := make([]byte, 0, onceLen)
	value = append(append(value, call.ID[:]...), once.Data[:]...)
	return binary.BigEndian.AppendUint64(value, sortable(call.CreatedAt))
}
