package store

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// acceptRecord says where in the scratch buffer an entry of Accept ends its
// records: the call's, which begins where the last entry ended, its state's, which
// is empty if it is zero, and its report's, which is empty if there is none.
type acceptRecord struct{ call, state, report int }

// Accept implements [Store]. All entries are one batch, which must stay below
// 4 GiB.
func (p *Pebble) Accept(ctx context.Context, entries ...*Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	scratch := scratches.Get().(*bytes.Buffer) //nolint:forcetypeassert // nothing else is put there
	defer keepScratch(scratch)
	scratch.Reset()
	records := make([]acceptRecord, len(entries))
	for i, entry := range entries {
		record, err := encodeEntry(scratch, entry)
		if err != nil {
			return fmt.Errorf("accept call %s: %w", entry.Call.ID, err)
		}
		records[i] = record
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	batch := p.db.NewBatchWithSize(scratch.Len() + len(entries)*batchRoom)
	return p.commit(StepAccept, len(entries), batch, func() {
		all, begin := scratch.Bytes(), 0
		var charges []charge
		for i, entry := range entries {
			record := records[i]
			charges = p.putEntry(batch, charges, entry, all[begin:record.call], all[record.call:record.state], all[record.state:record.report])
			begin = record.report
		}
		p.account.post(batch, charges)
	})
}

// putEntry gives an accepted call its Seq, and adds it to the batch and what it adds to
// the log's account to the charges.
func (p *Pebble) putEntry(batch *pebble.Batch, charges []charge, entry *Entry, record, state, report []byte) []charge {
	call := &entry.Call
	call.Seq = p.nextSeq(batch)
	p.fence.call(call.ID)
	setSeq(record, call.Seq)
	put(batch, idKey(prefixCall, call.ID), record)
	if len(state) > 0 {
		put(batch, idKey(prefixState, call.ID), state)
	}
	if !entry.State.Finished() {
		put(batch, queueKey(call.Webhook, call.Seq, entry.State), queueValue(call))
	} else {
		// Such a row can always be encoded, see check.
		c, _ := putRow(batch, call, endRow(call, entry.State), State{}, entry.State, callBytes(call), new(bytes.Buffer))
		p.fence.row(entry.State.EndedAt)
		charges = append(charges, c)
	}
	if entry.Once != nil {
		put(batch, onceKey(day(call.CreatedAt), entry.Once.Key), onceValue(call, entry.Once))
	}
	if p.newest(entry.Report) {
		put(batch, reportKey(entry.Report.Webhook), report)
	}
	return charges
}

// Begin implements [Store].
func (p *Pebble) Begin(ctx context.Context, marks ...Mark) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(marks) == 0 {
		return nil
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	batch := p.db.NewBatch()
	for _, mark := range marks {
		record, err := encode(mark)
		if err != nil {
			return errors.Join(fmt.Errorf("begin attempt %d of call %s: %w", mark.Attempt, mark.ID, err), batch.Close())
		}
		put(batch, idKey(prefixMark, mark.ID), record)
	}
	return p.commit(StepBegin, len(marks), batch, func() {})
}

// encodedEntry is an accepted call with its records.
type encodedEntry struct {
	entry               *Entry
	call, state, report []byte
}

// encodeCalls encodes the calls that outcomes trigger.
func encodeCalls(ends []*End) ([]encodedEntry, error) {
	var encoded []encodedEntry
	for _, e := range ends {
		if len(e.Calls) > 0 && !e.Now.Finished() {
			return nil, fmt.Errorf("end an attempt of call %s: only a call that has ended triggers others", e.Call.ID)
		}
		for _, entry := range e.Calls {
			var buffer bytes.Buffer
			record, err := encodeEntry(&buffer, entry)
			if err != nil {
				return nil, fmt.Errorf("accept call %s, which call %s triggers: %w", entry.Call.ID, e.Call.ID, err)
			}
			all := buffer.Bytes()
			encoded = append(encoded, encodedEntry{entry, all[:record.call], all[record.call:record.state], all[record.state:record.report]})
		}
	}
	return encoded, nil
}

// scratches are for records on their way into a batch, which copies them.
var scratches = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// maxScratch is the largest buffer that is kept.
const maxScratch = 1 << 20

// keepScratch gives a buffer back.
func keepScratch(scratch *bytes.Buffer) {
	if scratch.Cap() <= maxScratch {
		scratches.Put(scratch)
	}
}

// batchRoom is what the keys and headers of one entry add to its records, for
// names of usual length; more only costs a reallocation.
const batchRoom = 512

// newest reports whether a report is to be stored, and remembers it.
func (p *Pebble) newest(report *plan.Report) bool {
	if report == nil || report.Seq < p.reports[report.Webhook] {
		return false
	}
	p.reports[report.Webhook] = report.Seq
	return true
}

func encodeEntry(scratch *bytes.Buffer, entry *Entry) (acceptRecord, error) {
	var record acceptRecord
	err := check(entry.Call.ID, entry.Call.Webhook, entry.State)
	if err == nil {
		err = checkIntegration(entry.Call.Integration)
	}
	if err == nil {
		err = encodeCall(scratch, entry.Call)
	}
	record.call = scratch.Len()
	if err == nil && entry.State != (State{}) {
		err = encoder.MarshalToBuffer(&entry.State, scratch)
	}
	record.state = scratch.Len()
	if err == nil && entry.Report != nil {
		if err = checkName(entry.Report.Webhook); err == nil {
			err = encoder.MarshalToBuffer((*reportRecord)(entry.Report), scratch)
		}
	}
	record.report = scratch.Len()
	return record, err
}

func encodeReport(report *plan.Report) ([]byte, error) {
	if report == nil {
		return nil, nil
	}
	if err := checkName(report.Webhook); err != nil {
		return nil, err
	}
	return encode((*reportRecord)(report))
}

// check refuses what would have no place, or the wrong one, in a queue.
func check(id uuid.UUID, webhook plan.Key, state State) error {
	if id == uuid.Nil {
		return fmt.Errorf("a call of webhook %s has no transaction id", webhook)
	}
	if !state.Finished() && state.Attempts > 0 && state.Due.IsZero() {
		return fmt.Errorf("the call waits after %d attempts but has no due time", state.Attempts)
	}
	return checkName(webhook)
}

func checkName(webhook plan.Key) error {
	if strings.ContainsRune(webhook.Namespace+webhook.Name, 0) {
		return fmt.Errorf("the name of webhook %q contains a zero byte", webhook)
	}
	return nil
}

func checkIntegration(integration plan.Key) error {
	if strings.ContainsRune(integration.Namespace+integration.Name, 0) {
		return fmt.Errorf("the name of integration %q contains a zero byte", integration)
	}
	return nil
}

// Forget implements [Store]: the days before yesterday go, each with all of its
// keys at once.
func (p *Pebble) Forget(now time.Time) error {
	today := day(now)
	if today < 2 {
		return nil
	}
	if err := p.enter(); err != nil {
		return err
	}
	defer p.leave()
	batch := p.db.NewBatch()
	first := []byte(prefixOnce)
	last := binary.BigEndian.AppendUint32([]byte(prefixOnce), today-1)
	return p.commit(StepForget, 0, batch, func() { _ = batch.DeleteRange(first, last, nil) }) // nil, as with put
}
