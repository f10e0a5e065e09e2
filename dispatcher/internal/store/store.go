package store

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// ErrNotFound is returned for a transaction id the store does not hold.
var ErrNotFound = errors.New("no such call in the store")

// ErrLocked is wrapped by the error of opening a store that another process
// has open.
var ErrLocked = errors.New("the store is in use by another process")

// ErrNewerFormat is wrapped by the error of opening a store written by a newer
// version of the dispatcher.
var ErrNewerFormat = errors.New("the store was written by a newer version")

// ErrDamaged is wrapped by the error of opening a store of which a part is gone
// that was durable.
var ErrDamaged = errors.New("the store is damaged")

// Store keeps calls from the moment they are accepted. Its method comments are
// the promises a backend makes; storetest checks them.
//
// "Durable" means: survives the death of the process at any moment and, as far
// as the disk keeps its promise of fsync, the loss of power.
//
// All methods may be called concurrently. After an error that is not
// [ErrNotFound] or the context's, the outcome of that method is unknown until
// the store is opened again.
type Store interface {
	// Accept makes all of the entries durable in one atomic step: when it
	// returns nil they all are, when the process dies before, all or none are.
	// It sets each Call's Seq, ascending in the order given and across calls of
	// Accept. An entry whose State is finished joins no queue. A Once of an entry
	// is part of the same step. A nil context error does not undo: once begun the
	// step is completed.
	Accept(ctx context.Context, entries ...*Entry) error

	// Begin makes durable that attempts are about to send their first byte, all
	// of them in one atomic step. If the process dies before the matching End,
	// [Store.Begun] reports a mark at the next open. Needed only for calls without
	// the idempotency key; others must have none.
	Begin(ctx context.Context, marks ...Mark) error

	// End makes each step durable, all of them in one atomic step: the log row,
	// the removal of the mark and of the old queue position, the new state with
	// its queue position if it is not finished, the result, the report, and the calls
	// that the outcome triggers, as [Store.Accept] would store them. A report whose
	// Seq is lower than the stored one of its webhook is left out. A state that is not
	// finished after one that was takes the result away; it is [ErrNotFound], and nothing
	// is stored, if a call that is to wait again so has been dropped from the log.
	End(ctx context.Context, ends ...*End) error

	// Load returns a call with its state, or [ErrNotFound]. What it returns may
	// not be durable yet.
	Load(id uuid.UUID) (*Entry, error)

	// LoadDurable is Load for those who tell others: it returns when what it
	// returns is durable.
	LoadDurable(id uuid.UUID) (*Entry, error)

	// LoadFresh returns the calls of a listing of Fresh, in its order. Its cost a
	// call is lower than that of Load. An element is nil if the call has ended a
	// first attempt, or has ended, since it was listed, and for one that is not there.
	LoadFresh(items []Item) ([]*Entry, error)

	// Find returns what was accepted under a caller's idempotency key within the
	// last [OnceWindow] before now, or [ErrNotFound]. What it returns is durable.
	Find(key OnceKey, now time.Time) (Accepted, error)

	// Forget drops the idempotency keys that no [Store.Find] at or after now
	// can find. Its cost does not grow with their number.
	Forget(now time.Time) error

	// Result returns what was read from the answer that ended a call, or [ErrNotFound]
	// if nothing was. It is durable when the state of the call is.
	Result(id uuid.UUID) (*Result, error)

	// Ended lists the calls that the filter wants, with ID > after, in order of ID,
	// which is about that of their creation; the zero ID is before all others. It
	// looks at a bounded number of calls: more says that there may be further ones
	// behind last. Calls whose transaction ids were made while the clock had gone back
	// by more than a minute may be left out.
	Ended(f EndedFilter, after uuid.UUID) (ids []uuid.UUID, last uuid.UUID, more bool, err error)

	// Attempts returns the log rows of a call in order of attempt; none for an
	// unknown call.
	Attempts(id uuid.UUID) ([]Attempt, error)

	// Log reads rows of the delivery log of a namespace in order of time. format appends
	// what is wanted of a row to dst; it is called from several goroutines at a time, and
	// must keep neither the row nor a text of it. What it has made of rows that follow each other comes to
	// write, in order, a chunk at a time; an error of write ends the reading and is
	// returned. Memory does not grow with the number of rows. A row that is written
	// meanwhile may be missing, one that is dropped meanwhile may be there.
	Log(ctx context.Context, q LogQuery, format func(dst []byte, row *LogRow) []byte, write func(LogChunk) error) (LogEnd, error)

	// LogEntries visits, in order of time and oldest first, what the index of the log knows
	// of the rows that the filter wants, whose Text is not looked at, until visit returns
	// false. It costs a fraction of Log.
	LogEntries(ctx context.Context, f LogFilter, visit func(*LogEntry) bool) error

	// Fresh lists calls of a webhook that have not ended a first attempt, with
	// Seq > after, in order of Seq, at most limit. What was accepted before is in
	// it; a call whose Accept is under way may be.
	Fresh(webhook plan.Key, after uint64, limit int) ([]Item, error)

	// Retries lists calls of a webhook that wait for a further attempt, after
	// the given position, in order of (Due, Seq), at most limit. The zero
	// Position is before all others.
	Retries(webhook plan.Key, after Position, limit int) ([]Item, error)

	// Lanes returns every webhook that has waiting calls, with their number.
	// It is meant for start-up: its cost grows with the number of waiting calls.
	Lanes() ([]Lane, error)

	// Begun returns the marks without an End, which after opening are the
	// attempts that the last process died in.
	Begun() ([]Mark, error)

	// Reports returns the newest report of every webhook.
	Reports() ([]plan.Report, error)

	// Close ends the store after the methods under way. It must not be called
	// twice.
	Close() error
}

// Call is what never changes about a call: who it is for and the rendered parts
// that every attempt sends. It holds nothing of the integration's, and so no
// secret of it.
type Call struct {
	// ID is the transaction id, a UUIDv7 (RFC 9562).
	ID uuid.UUID `cbor:"1,keyasint"`
	// Seq orders the calls of a webhook. [Store.Accept] sets it; it is at least 1.
	Seq uint64 `cbor:"2,keyasint"`
	// Webhook is the Webhook that was called.
	Webhook plan.Key `cbor:"3,keyasint"`
	// WebhookUID is its UID, WebhookGeneration its generation at intake.
	WebhookUID        string `cbor:"4,keyasint"`
	WebhookGeneration int64  `cbor:"5,keyasint"`
	// SystemName is its system name at intake.
	SystemName string `cbor:"6,keyasint"`
	// CreatedAt is when the call was taken in.
	CreatedAt time.Time `cbor:"7,keyasint"`
	// HasKey says that a receiver can recognise a repeat, so retries are allowed.
	HasKey bool `cbor:"8,keyasint,omitempty"`
	// Method, Suffix, InheritedOff, Headers, HasBody and Body are the Webhook's
	// parts after rendering; see plan.Webhook.
	Method       string   `cbor:"9,keyasint,omitempty"`
	Suffix       string   `cbor:"10,keyasint,omitempty"`
	InheritedOff []string `cbor:"11,keyasint,omitempty"`
	Headers      []Header `cbor:"12,keyasint,omitempty"`
	HasBody      bool     `cbor:"13,keyasint,omitempty"`
	Body         []byte   `cbor:"14,keyasint,omitempty"`
	// Hops is how many outcome events led to the call, one after the other; 0 for one
	// that somebody has handed in.
	Hops int `cbor:"15,keyasint,omitempty"`
	// Data is the data of the call in compact JSON, for those that its outcome may
	// trigger; empty if there were none at intake.
	Data []byte `cbor:"16,keyasint,omitempty"`
	// Event is the event that made the call; nil if it was handed in by name.
	Event *Event `cbor:"17,keyasint,omitempty"`
	// Caller is the name of the authenticated user who handed the call in, or the
	// event; empty if callers are not authenticated, and for calls that an outcome
	// made.
	Caller string `cbor:"18,keyasint,omitempty"`
	// Integration is the Webhook's at intake. Attempts say for themselves which they were
	// made for.
	Integration plan.Key `cbor:"19,keyasint,omitzero"`
	// Trace is the place in a trace that the call's attempts are behind: a traceparent (W3C
	// Trace Context) and, if there is one, a space and the tracestate; empty without a trace.
	Trace string `cbor:"20,keyasint,omitempty"`
}

// Event names a CloudEvent.
type Event struct {
	ID     string `cbor:"1,keyasint"`
	Source string `cbor:"2,keyasint"`
	Type   string `cbor:"3,keyasint"`
}

// Size is what the call counts against its integration's maxWaitingBytes: the
// bytes of its rendered parts and of Data, at most 4 GiB. It never changes.
func (c *Call) Size() int {
	size := len(c.Suffix) + len(c.Body) + len(c.Data)
	for _, h := range c.Headers {
		size += len(h.Name) + len(h.Value)
	}
	return min(size, math.MaxUint32)
}

// Header is one header as it was sent or received.
type Header struct {
	Name  string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint,omitempty"`
}

// State is what changes about a call.
type State struct {
	// Attempts is how many attempts have ended, or begun if one was interrupted.
	Attempts int `cbor:"1,keyasint,omitempty"`
	// Due is when the next attempt may begin; zero for the first one.
	Due time.Time `cbor:"2,keyasint,omitzero"`
	// Outcome is empty while the call waits.
	Outcome plan.Outcome `cbor:"3,keyasint,omitempty"`
	// EndedAt is when the outcome came about.
	EndedAt time.Time `cbor:"4,keyasint,omitzero"`
	// StatusCode is that of the last attempt's answer; 0 if there was none.
	StatusCode int `cbor:"5,keyasint,omitempty"`
	// Message says in one sentence, without secrets, how the last attempt ended.
	Message string `cbor:"6,keyasint,omitempty"`
	// Unreached is how many of Attempts cost no retry, because the egress proxy or
	// the token server failed before they reached the receiver.
	Unreached int `cbor:"7,keyasint,omitempty"`
	// Series is how often the call was redelivered, and Earlier how many of Attempts
	// were made before the last time, with Unreached being only of those after it.
	Series  int `cbor:"8,keyasint,omitempty"`
	Earlier int `cbor:"9,keyasint,omitempty"`
}

// Finished reports whether the call has its outcome.
func (s State) Finished() bool { return s.Outcome != "" }

// Entry is a call with its state.
type Entry struct {
	Call  Call
	State State
	// Report, for [Store.Accept] of a finished entry, becomes the webhook's
	// newest report in the same step. Load leaves it nil.
	Report *plan.Report
	// Once, for [Store.Accept], is the caller's idempotency key; nil without one.
	// Load leaves it nil.
	Once *Once
}

// OnceWindow is how long an idempotency key finds its call again.
const OnceWindow = 24 * time.Hour

// OnceKey is a caller's idempotency key, together with the webhook it was used
// for, as a hash.
type OnceKey [16]byte

// Once is what is kept of a caller's idempotency key with its call.
type Once struct {
	Key OnceKey
	// Data is a hash of the call's data, by which a repeat is told from another
	// call under the same key.
	Data [16]byte
}

// Accepted is what was accepted under an idempotency key.
type Accepted struct {
	ID   uuid.UUID
	Data [16]byte
}

// Mark says that an attempt has begun.
type Mark struct {
	ID      uuid.UUID `cbor:"1,keyasint"`
	Attempt int       `cbor:"2,keyasint"` // 1 for the first
	Begun   time.Time `cbor:"3,keyasint"`
}

// End is the end of an attempt, or of a call without one.
type End struct {
	// Call is the call as Load returned it.
	Call *Call
	// Was is the state before, as loaded; it says which queue position goes.
	Was State
	// Now is the state after.
	Now State
	// Attempt is the log row; nil if no attempt was made.
	Attempt *Attempt
	// Report is the webhook's newest report if Now is finished; may be nil.
	Report *plan.Report
	// Result is what was read from the answer; nil unless Now is finished, and may be nil
	// then.
	Result *Result
	// Calls are those that the outcome triggers; none unless Now is finished.
	Calls []*Entry
}

// Result is what was read from the answer that ended a call. Private values in it
// are masked.
type Result struct {
	// Variables are those that have a value, in the order of the manifest.
	Variables []Variable `cbor:"1,keyasint,omitempty"`
	// Response is the whole document in compact JSON; empty if it is not kept.
	Response []byte `cbor:"2,keyasint,omitempty"`
}

// Size is the bytes of the result, 0 of none.
func (r *Result) Size() int {
	if r == nil {
		return 0
	}
	size := len(r.Response)
	for _, v := range r.Variables {
		size += len(v.Name) + len(v.Value)
	}
	return size
}

// Variable is a value of an answer.
type Variable struct {
	Name  string `cbor:"1,keyasint"`
	Value string `cbor:"2,keyasint"`
}

// EndedFilter says which calls that have ended are wanted: of a webhook, with one of
// the outcomes, and created in a span of time.
type EndedFilter struct {
	Webhook  plan.Key
	Outcomes []plan.Outcome
	// Since is inclusive, Till exclusive.
	Since, Till time.Time
	// Limit bounds the listing; at least 1.
	Limit int
}

// Attempt is the log row of one attempt. Private header values are redacted
// before it is made. The request's body is that of the call and is not repeated.
type Attempt struct {
	ID uuid.UUID `cbor:"1,keyasint"`
	// Number is 1 for the first attempt. The row of a call that ended without one, such
	// as a cancelled one, has 0, and of what follows only Begun, which is when it ended,
	// Integration, Method and Message; the store makes it.
	Number int       `cbor:"2,keyasint"`
	Begun  time.Time `cbor:"3,keyasint"`
	// Duration is from Begun to the end of the answer, or to the error.
	Duration time.Duration `cbor:"4,keyasint"`
	Reason   plan.Reason   `cbor:"5,keyasint"`
	// Integration is the integration it was sent for, in the given generation.
	Integration           plan.Key `cbor:"6,keyasint"`
	IntegrationGeneration int64    `cbor:"7,keyasint"`
	Method                string   `cbor:"8,keyasint"`
	URL                   string   `cbor:"9,keyasint"`
	RequestHeaders        []Header `cbor:"10,keyasint,omitempty"`
	StatusCode            int      `cbor:"11,keyasint,omitempty"`
	ResponseHeaders       []Header `cbor:"12,keyasint,omitempty"`
	ResponseBody          []byte   `cbor:"13,keyasint,omitempty"`
	// ResponseCut says that ResponseBody is only the beginning.
	ResponseCut bool   `cbor:"14,keyasint,omitempty"`
	Message     string `cbor:"15,keyasint,omitempty"`
	// RequestBodyMask says which parts of the call's body are private, by what was
	// private at the time: whoever shows the body shows something else there. In
	// order, without overlaps.
	RequestBodyMask []Span `cbor:"16,keyasint,omitempty"`
	// ResponseUndecoded says that there was a body of which nothing is kept, because
	// it could not be decompressed, and so not be searched for private values.
	ResponseUndecoded bool `cbor:"17,keyasint,omitempty"`
	// Outcome is that of the call, if it came with this row; empty if the call waited on.
	// The store sets it.
	Outcome plan.Outcome `cbor:"18,keyasint,omitempty"`
}

// Span is a part of a text, in bytes, its End not included.
type Span struct {
	Start int `cbor:"1,keyasint"`
	End   int `cbor:"2,keyasint"`
}

// Item is a waiting call in a listing.
type Item struct {
	ID  uuid.UUID
	Seq uint64
	Due time.Time // zero for a fresh call
	// Size is the call's [Call.Size].
	Size int
}

// Position is a place in the order of retries.
type Position struct {
	Due time.Time
	Seq uint64
}

// Lane counts the waiting calls of a webhook.
type Lane struct {
	Webhook plan.Key
	Fresh   int
	Retries int
	// Bytes is the sum of their [Call.Size].
	Bytes int64
	// LastSeq is the highest Seq among its fresh calls; 0 if there are none.
	LastSeq uint64
}
