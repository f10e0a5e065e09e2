package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// encoder writes times with all of their nanoseconds: a due time that came back
// rounded would no longer name its place in the queue.
var encoder = must(cbor.EncOptions{Time: cbor.TimeRFC3339NanoUTC}.UserBufferEncMode())

// decoder takes texts that are not UTF-8: receivers send such header values.
var decoder = must(cbor.DecOptions{UTF8: cbor.UTF8DecodeInvalid}.DecMode())

// must is for the two modes above, whose options are constants.
func must[M any](mode M, err error) M {
	if err != nil {
		panic(err)
	}
	return mode
}

// reportRecord is a plan.Report as it is stored: the same fields, with numbers
// for names.
type reportRecord struct {
	Webhook             plan.Key      `cbor:"1,keyasint"`
	WebhookUID          string        `cbor:"2,keyasint"`
	Seq                 uint64        `cbor:"3,keyasint"`
	TransactionID       string        `cbor:"4,keyasint"`
	Time                time.Time     `cbor:"5,keyasint"`
	Outcome             plan.Outcome  `cbor:"6,keyasint"`
	StatusCode          int           `cbor:"7,keyasint,omitempty"`
	Attempts            int           `cbor:"8,keyasint,omitempty"`
	Duration            time.Duration `cbor:"9,keyasint,omitempty"`
	Message             string        `cbor:"10,keyasint,omitempty"`
	LastSuccess         time.Time     `cbor:"11,keyasint,omitzero"`
	ConsecutiveFailures int           `cbor:"12,keyasint,omitempty"`
	Hours               []plan.Hour   `cbor:"13,keyasint,omitempty"`
}

// encode returns the record of a value.
func encode(value any) ([]byte, error) {
	var buf bytes.Buffer
	if err := encoder.MarshalToBuffer(value, &buf); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// encodeCall appends the record of a call, with room for its Seq in front:
// everything but the Seq is known, and encoded, before the order of calls is.
func encodeCall(scratch *bytes.Buffer, call Call) error {
	call.Seq = 0
	scratch.Write(make([]byte, seqLen))
	return encoder.MarshalToBuffer(&call, scratch)
}

// setSeq fills the room that encodeCall left.
func setSeq(record []byte, seq uint64) { binary.BigEndian.PutUint64(record, seq) }

// decodeCall reads what encodeCall and setSeq wrote.
func decodeCall(record []byte, call *Call) error {
	if len(record) < seqLen {
		return fmt.Errorf("a call's record has %d bytes", len(record))
	}
	if err := decoder.Unmarshal(record[seqLen:], call); err != nil {
		return err
	}
	call.Seq = binary.BigEndian.Uint64(record)
	return nil
}
