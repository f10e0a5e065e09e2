package store

import (
	"encoding/binary"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The log is read by the million, so calls and attempts have readers of their own here,
// which read what the encoder writes, and nothing else that CBOR (RFC 8949) allows:
// definite lengths, no tags, no floats. What they do not understand goes to the decoder,
// so that they can be in nobody's way. A test and a fuzz test hold them to it.
//
// Texts and byte strings are parts of the record itself, so that nothing is copied: they
// are valid as long as it is.

// The major types of CBOR that occur, as they stand in the upper three bits.
const (
	cborUint  = 0
	cborInt   = 1
	cborBytes = 2
	cborText  = 3
	cborArray = 4
	cborMap   = 5
	cborOther = 7

	cborFalse = 20
	cborTrue  = 21
	cborNull  = cborOther<<5 | 22 // with its head
)

// reading is a record that is being read. After an error bad is set and all else is of
// no meaning.
type reading struct {
	record []byte
	text   string // the same bytes
	at     int
	bad    bool
}

// begin begins a record.
func (r *reading) begin(record []byte) {
	*r = reading{record: record, text: unsafe.String(unsafe.SliceData(record), len(record))}
}

// done reports whether all of the record was read and understood.
func (r *reading) done() bool { return !r.bad && r.at == len(r.record) }

// head reads the head of an item: its major type and argument.
func (r *reading) head() (major int, n uint64) {
	if r.at >= len(r.record) {
		r.bad = true
	}
	if r.bad {
		return -1, 0
	}
	first := r.record[r.at]
	r.at++
	major, n = int(first>>5), uint64(first&31)
	if n < 24 {
		return major, n
	}
	length := 1 << (n - 24)
	if n > 27 || major == cborOther || len(r.record)-r.at < length {
		r.bad = true
		return -1, 0
	}
	switch rest := r.record[r.at:]; length {
	case 1:
		n = uint64(rest[0])
	case 2:
		n = uint64(binary.BigEndian.Uint16(rest))
	case 4:
		n = uint64(binary.BigEndian.Uint32(rest))
	default:
		n = binary.BigEndian.Uint64(rest)
	}
	r.at += length
	return major, n
}

// expect reads the head of an item of a major type.
func (r *reading) expect(major int) uint64 {
	got, n := r.head()
	r.bad = r.bad || got != major
	return n
}

// span reads a string's head and steps over the string.
func (r *reading) span(major int) (begin, end int) {
	n := r.expect(major)
	if r.bad || n > uint64(len(r.record)-r.at) { //nolint:gosec // not negative
		r.bad = true
		return 0, 0
	}
	begin = r.at
	r.at += int(n) //nolint:gosec // at most the length of the record
	return begin, r.at
}

// string reads a text, bytes a byte string.
func (r *reading) string() string {
	begin, end := r.span(cborText)
	return r.text[begin:end]
}

func (r *reading) bytes() []byte {
	begin, end := r.span(cborBytes)
	return r.record[begin:end:end]
}

// integer reads a whole number.
func (r *reading) integer() int64 {
	major, n := r.head()
	if n > 1<<63-1 || major != cborUint && major != cborInt {
		r.bad = true
		return 0
	}
	if major == cborInt {
		return -1 - int64(n)
	}
	return int64(n)
}

func (r *reading) bool() bool {
	n := r.expect(cborOther)
	r.bad = r.bad || n != cborTrue && n != cborFalse
	return n == cborTrue
}

// time reads a time, which is a text, or null for none.
func (r *reading) time() time.Time {
	if r.at < len(r.record) && r.record[r.at] == cborNull {
		r.at++
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, r.string())
	r.bad = r.bad || err != nil
	return t
}

func (r *reading) id() uuid.UUID {
	b := r.bytes()
	if len(b) != idLen {
		r.bad = true
		return uuid.Nil
	}
	return uuid.UUID(b)
}

// count reads the head of a list or map with as many elements as there can be.
func (r *reading) count(major int) int {
	n := r.expect(major)
	if r.bad || n > uint64(len(r.record)-r.at) { //nolint:gosec // not negative
		r.bad = true
		return 0
	}
	return int(n) //nolint:gosec // at most the length of the record
}

// fields reads a map with ascending positive numbers for names, as structs are written.
func (r *reading) fields(read func(field int64)) {
	last := int64(0)
	for n := r.count(cborMap); n > 0 && !r.bad; n-- {
		field := r.integer()
		r.bad = r.bad || field <= last
		last = field
		if !r.bad {
			read(field)
		}
	}
}

// unknown is for a field that is not known here: the decoder knows what to do.
func (r *reading) unknown() { r.bad = true }

// key reads the key of an object, a map with names in the order of the struct.
func (r *reading) key() plan.Key {
	var k plan.Key
	if r.count(cborMap) != 2 || r.string() != "Namespace" {
		r.bad = true
		return k
	}
	k.Namespace = r.string()
	r.bad = r.bad || r.string() != "Name"
	k.Name = r.string()
	return k
}

// headers reads a list of headers into one that is used again.
func (r *reading) headers(list []Header) []Header {
	list = list[:0]
	for n := r.count(cborArray); n > 0 && !r.bad; n-- {
		var h Header
		r.fields(func(field int64) {
			switch field {
			case 1:
				h.Name = r.string()
			case 2:
				h.Value = r.string()
			default:
				r.unknown()
			}
		})
		list = append(list, h)
	}
	return list
}

// spans reads a list of spans.
func (r *reading) spans(list []Span) []Span {
	list = list[:0]
	for n := r.count(cborArray); n > 0 && !r.bad; n-- {
		var s Span
		r.fields(func(field int64) {
			switch field {
			case 1:
				s.Start = int(r.integer())
			case 2:
				s.End = int(r.integer())
			default:
				r.unknown()
			}
		})
		list = append(list, s)
	}
	return list
}

// attempt reads an attempt. What is made of it is valid as long as the record; lists of
// the one before are used again.
func (r *reading) attempt(record []byte, row *Attempt) error {
	*row = Attempt{RequestHeaders: row.RequestHeaders[:0], ResponseHeaders: row.ResponseHeaders[:0], RequestBodyMask: row.RequestBodyMask[:0]}
	r.begin(record)
	r.fields(func(field int64) { r.attemptField(field, row) })
	if r.done() {
		return nil
	}
	*row = Attempt{}
	return decoder.Unmarshal(record, row)
}

func (r *reading) attemptField(field int64, row *Attempt) {
	switch field {
	case 1:
		row.ID = r.id()
	case 2:
		row.Number = int(r.integer())
	case 3:
		row.Begun = r.time()
	case 4:
		row.Duration = time.Duration(r.integer())
	case 5:
		row.Reason = plan.Reason(r.string())
	case 6:
		row.Integration = r.key()
	case 7:
		row.IntegrationGeneration = r.integer()
	case 8:
		row.Method = r.string()
	case 9:
		row.URL = r.string()
	case 10:
		row.RequestHeaders = r.headers(row.RequestHeaders)
	case 11:
		row.StatusCode = int(r.integer())
	case 12:
		row.ResponseHeaders = r.headers(row.ResponseHeaders)
	case 13:
		row.ResponseBody = r.bytes()
	case 14:
		row.ResponseCut = r.bool()
	case 15:
		row.Message = r.string()
	case 16:
		row.RequestBodyMask = r.spans(row.RequestBodyMask)
	case 17:
		row.ResponseUndecoded = r.bool()
	case 18:
		row.Outcome = plan.Outcome(r.string())
	default:
		r.unknown()
	}
}

// call reads a call as attempt does an attempt.
func (r *reading) call(record []byte, call *Call) error {
	*call = Call{InheritedOff: call.InheritedOff[:0], Headers: call.Headers[:0]}
	if len(record) >= seqLen {
		r.begin(record[seqLen:])
		r.fields(func(field int64) { r.callField(field, call) })
		if r.done() {
			call.Seq = binary.BigEndian.Uint64(record)
			return nil
		}
	}
	*call = Call{}
	return decodeCall(record, call)
}

func (r *reading) callField(field int64, call *Call) {
	switch field {
	case 1:
		call.ID = r.id()
	case 2:
		r.integer() // the Seq stands in front
	case 3:
		call.Webhook = r.key()
	case 4:
		call.WebhookUID = r.string()
	case 5:
		call.WebhookGeneration = r.integer()
	case 6:
		call.SystemName = r.string()
	case 7:
		call.CreatedAt = r.time()
	case 8:
		call.HasKey = r.bool()
	case 9:
		call.Method = r.string()
	case 10:
		call.Suffix = r.string()
	case 11:
		for n := r.count(cborArray); n > 0 && !r.bad; n-- {
			call.InheritedOff = append(call.InheritedOff, r.string())
		}
	case 12:
		call.Headers = r.headers(call.Headers)
	default:
		r.laterCallField(field, call)
	}
}

func (r *reading) laterCallField(field int64, call *Call) {
	switch field {
	case 13:
		call.HasBody = r.bool()
	case 14:
		call.Body = r.bytes()
	case 15:
		call.Hops = int(r.integer())
	case 16:
		call.Data = r.bytes()
	case 17:
		call.Event = r.event()
	case 18:
		call.Caller = r.string()
	case 19:
		call.Integration = r.key()
	case 20:
		call.Trace = r.string()
	default:
		r.unknown()
	}
}

// event reads an event.
func (r *reading) event() *Event {
	e := new(Event)
	r.fields(func(field int64) {
		switch field {
		case 1:
			e.ID = r.string()
		case 2:
			e.Source = r.string()
		case 3:
			e.Type = r.string()
		default:
			r.unknown()
		}
	})
	return e
}

// begunOf reads when a row began, and nothing else of it if that is possible.
func begunOf(record []byte) (time.Time, error) {
	r := reading{record: record}
	// The number of fields, then 1: id, 2: number, 3: begun.
	if r.count(cborMap) >= 3 && r.integer() == 1 && len(r.bytes()) == idLen && r.integer() == 2 {
		r.integer()
		if r.integer() == 3 {
			begin, end := r.span(cborText)
			if t, err := time.Parse(time.RFC3339Nano, string(record[begin:end])); err == nil && !r.bad {
				return t, nil
			}
		}
	}
	var row Attempt
	err := decoder.Unmarshal(record, &row)
	return row.Begun, err
}
