package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// reasonCodes and outcomeCodes are how reasons and outcomes stand in the index of the
// log: by their place, from 1. A new one is added at the end.
var (
	reasonCodes = []plan.Reason{
		plan.ReasonSuccess, plan.ReasonRedirect, plan.ReasonClientError, plan.ReasonTooManyRequests, plan.ReasonServerError,
		plan.ReasonTimeout, plan.ReasonNetworkError, plan.ReasonProxyError, plan.ReasonBlocked, plan.ReasonBadRequest,
		plan.ReasonTokenError, plan.ReasonTokenRefused, plan.ReasonResponseUnusable, plan.ReasonCrash,
	}
	outcomeCodes = []plan.Outcome{
		plan.OutcomeSucceeded, plan.OutcomeRejected, plan.OutcomeFailed, plan.OutcomeExhausted, plan.OutcomeRenderFailed,
		plan.OutcomeResponseUnusable, plan.OutcomeBlocked, plan.OutcomeCancelled, plan.OutcomeLost,
	}
)

// entryLen is the part of fixed length of an entry's value.
const entryLen = 16

// endRow is the row of a call that ends without an attempt.
func endRow(call *Call, now State) *Attempt {
	return &Attempt{ID: call.ID, Begun: now.EndedAt, Integration: call.Integration, Method: call.Method, Message: now.Message}
}

// putRow adds a log row with its places in the indexes, and returns what it adds to the
// account. shared is what is charged to it of what all rows of the call share.
func putRow(batch *pebble.Batch, call *Call, row *Attempt, was, now State, shared int, scratch *bytes.Buffer) (charge, error) {
	row.Outcome = now.Outcome
	scratch.Reset()
	if err := encoder.MarshalToBuffer(row, scratch); err != nil {
		return charge{}, err
	}
	put(batch, attemptKey(call.ID, row.Number), scratch.Bytes())
	e := entryOf(call, row, was)
	if err := checkIntegration(e.Integration); err != nil {
		return charge{}, err
	}
	e.Bytes = shared + ownBytes(&e, scratch.Len())
	putPlaces(batch, &e)
	return chargeOf(&e), nil
}

// putPlaces adds the places of a row to the indexes.
func putPlaces(batch *pebble.Batch, e *LogEntry) {
	value := entryValue(e)
	put(batch, placeKey(e.Webhook.Namespace, e.LogPosition), value)
	put(batch, placeOfKey(e.Webhook, e.LogPosition), value)
}

// placeKey is the place of a row in its namespace.
func placeKey(namespace string, at LogPosition) []byte {
	key := make([]byte, 0, len(prefixLog)+len(namespace)+1+placeLen)
	return appendPlace(append(append(append(key, prefixLog...), namespace...), 0), at)
}

// placeOfKey is the place of a row in its webhook.
func placeOfKey(webhook plan.Key, at LogPosition) []byte {
	return appendPlace(laneKey(prefixLogOf, webhook), at)
}

// ownBytes is what a row takes with its places, whose record has a length.
func ownBytes(e *LogEntry, record int) int {
	names := len(e.Webhook.Name) + len(e.Integration.Namespace) + len(e.Integration.Name) + 2
	places := len(prefixLog) + 1 + len(prefixLogOf) + len(e.Webhook.Name) + 2 + 2*(len(e.Webhook.Namespace)+placeLen+entryLen+names)
	return len(prefixAttempt) + idLen + 4 + record + places
}

// callBytes is about what the records of a call take that its rows share: its parts, and
// what the rest of it and its state take in most calls.
func callBytes(call *Call) int { return call.Size() + 400 }

// sharedBytes is what is charged to a row of what the rows of its call share: all of it
// to the first row.
func sharedBytes(call *Call, was State) int {
	if was.Attempts > 0 || was.Series > 0 {
		return 0
	}
	return callBytes(call)
}

// chargeOf is what a row adds to the account.
func chargeOf(e *LogEntry) charge {
	return charge{integration: e.Integration, bucket: bucketOf(e.Begun), bytes: int64(e.Bytes), rows: 1}
}

// negative is the opposite of a charge.
func (c charge) negative() charge {
	c.bytes, c.rows = -c.bytes, -c.rows
	return c
}

// entryOf is what the index keeps of a row.
func entryOf(call *Call, row *Attempt, was State) LogEntry {
	e := LogEntry{
		LogPosition: LogPosition{Begun: row.Begun, ID: row.ID, Number: row.Number},
		Webhook:     call.Webhook, Integration: row.Integration, Success: row.Reason == plan.ReasonSuccess,
		StatusCode: row.StatusCode, Reason: row.Reason, Outcome: row.Outcome, Duration: row.Duration,
	}
	if e.Integration == (plan.Key{}) {
		e.Integration = call.Integration
	}
	switch {
	case row.Number == 0:
	case was.Due.IsZero():
		e.Waited = max(0, row.Begun.Sub(call.CreatedAt))
	default:
		e.Waited = max(0, row.Begun.Sub(was.Due))
	}
	return e
}

// appendPlace appends the tail of a key of the log's indexes.
func appendPlace(key []byte, at LogPosition) []byte {
	key = binary.BigEndian.AppendUint64(key, sortable(at.Begun))
	key = append(key, at.ID[:]...)
	return binary.BigEndian.AppendUint32(key, uint32(at.Number))
}

// placeOf is the inverse of appendPlace.
func placeOf(key []byte) LogPosition {
	tail := key[len(key)-placeLen:]
	return LogPosition{
		Begun: dueOf(binary.BigEndian.Uint64(tail)), ID: uuid.UUID(tail[dueLen:]),
		Number: int(binary.BigEndian.Uint32(tail[dueLen+idLen:])),
	}
}

// entryValue is the value of an entry: reason, outcome, status code (2 bytes), duration
// in microseconds, waiting time in milliseconds and bytes in the account (4 bytes each),
// then the names of the webhook, the integration's namespace and the integration, with zero bytes between them.
func entryValue(e *LogEntry) []byte {
	value := make([]byte, 2, entryLen+len(e.Webhook.Name)+len(e.Integration.Namespace)+len(e.Integration.Name)+2)
	value[0] = byte(slices.Index(reasonCodes, e.Reason) + 1)
	value[1] = byte(slices.Index(outcomeCodes, e.Outcome) + 1)
	value = binary.BigEndian.AppendUint16(value, uint16(min(max(e.StatusCode, 0), math.MaxUint16)))
	value = binary.BigEndian.AppendUint32(value, uint32(min(max(e.Duration.Microseconds(), 0), math.MaxUint32)))
	value = binary.BigEndian.AppendUint32(value, uint32(min(max(e.Waited.Milliseconds(), 0), math.MaxUint32)))
	value = binary.BigEndian.AppendUint32(value, uint32(min(max(e.Bytes, 0), math.MaxUint32))) //nolint:gosec // bounded
	value = append(append(value, e.Webhook.Name...), 0)
	value = append(append(value, e.Integration.Namespace...), 0)
	return append(value, e.Integration.Name...)
}

// entryReader reads places. It keeps the names that it has seen, of which there are few.
type entryReader struct{ names map[string]string }

// maxNames is how many names are kept at a time.
const maxNames = 10_000

// name is a text that is made once.
func (r *entryReader) name(b []byte) string {
	if name, ok := r.names[string(b)]; ok {
		return name
	}
	if r.names == nil || len(r.names) == maxNames {
		r.names = map[string]string{}
	}
	name := string(b)
	r.names[name] = name
	return name
}

// read is the inverse of appendPlace and entryValue.
func (r *entryReader) read(namespace string, key, value []byte, e *LogEntry) error {
	damaged := func() error { return fmt.Errorf("the store is damaged at key %q", key) }
	if len(key) < placeLen || len(value) < entryLen || int(value[0]) > len(reasonCodes) || int(value[1]) > len(outcomeCodes) {
		return damaged()
	}
	webhook, rest, ok := bytes.Cut(value[entryLen:], []byte{0})
	in, name, ok2 := bytes.Cut(rest, []byte{0})
	if !ok || !ok2 {
		return damaged()
	}
	*e = LogEntry{
		LogPosition: placeOf(key), Webhook: plan.Key{Namespace: namespace, Name: r.name(webhook)},
		Integration: plan.Key{Namespace: r.name(in), Name: r.name(name)},
		StatusCode:  int(binary.BigEndian.Uint16(value[2:])),
		Duration:    time.Duration(binary.BigEndian.Uint32(value[4:])) * time.Microsecond,
		Waited:      time.Duration(binary.BigEndian.Uint32(value[8:])) * time.Millisecond,
		Bytes:       int(binary.BigEndian.Uint32(value[12:])),
	}
	if value[0] > 0 {
		e.Reason = reasonCodes[value[0]-1]
	}
	if value[1] > 0 {
		e.Outcome = outcomeCodes[value[1]-1]
	}
	e.Success = e.Reason == plan.ReasonSuccess
	return nil
}
