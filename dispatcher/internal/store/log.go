package store

import (
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// LogFilter says which rows of the delivery log are wanted. The zero value of a field
// but Namespace wants all.
type LogFilter struct {
	// Namespace is that of the Webhooks. Needed.
	Namespace string
	// Webhook is the name of a Webhook.
	Webhook string
	// Integration is the integration that the attempt was made for.
	Integration plan.Key
	// Since is inclusive, Till exclusive; both are times of Attempt.Begun.
	Since, Till time.Time
	// Success wants attempts that succeeded, or such that did not.
	Success *bool
	// MinStatus and MaxStatus, both inclusive, bound the HTTP status code of the answer;
	// a row without an answer has 0.
	MinStatus, MaxStatus int
	// NoStatus wants rows without an answer.
	NoStatus bool
	// Reason is that of the attempt, Outcome the outcome that came with it.
	Reason  plan.Reason
	Outcome plan.Outcome
	// ID is the transaction id. With it only Namespace and Webhook are looked at beside
	// it quickly; all other fields work, too.
	ID uuid.UUID
	// Text is searched for, in any case of letters, in the URL, the request's body and the
	// answer's body, as far as they are shown.
	Text string
}

// LogPosition is the place of a row in the order of time.
type LogPosition struct {
	Begun  time.Time
	ID     uuid.UUID
	Number int
}

// LogQuery says which rows are read, and in which order.
type LogQuery struct {
	Filter LogFilter
	// After is the last row before those that are wanted, in the order of the query; the
	// zero value is before all.
	After LogPosition
	// Newest reads from the newest row to the oldest, else it is the other way round.
	Newest bool
	// Limit bounds the rows; no bound if 0.
	Limit int
	// Budget bounds the time that is taken to look for rows; no bound if 0.
	Budget time.Duration
}

// LogRow is a row of the delivery log with the call that it is of. Private values are
// masked in Attempt, and in Call's body where Attempt.RequestBodyMask says.
type LogRow struct {
	Attempt *Attempt
	Call    *Call
}

// Position is the place of the row.
func (r *LogRow) Position() LogPosition {
	return LogPosition{Begun: r.Attempt.Begun, ID: r.Attempt.ID, Number: r.Attempt.Number}
}

// LogChunk is what was made of some rows that follow each other.
type LogChunk struct {
	// Bytes is all that was appended. It is valid only during the call that brings it.
	Bytes []byte
	// Rows is how many rows it is of, at least one; Last is the last of them.
	Rows int
	Last LogPosition
}

// LogEnd says where a reading has ended.
type LogEnd struct {
	// Rows is how many rows there were.
	Rows int
	// More says that there may be further ones after Last, because Limit or Budget has
	// ended the reading. Last need not be a row that was wanted.
	More bool
	Last LogPosition
}

// LogEntry is what the index of the log knows of a row.
type LogEntry struct {
	LogPosition
	Webhook     plan.Key
	Integration plan.Key
	Success     bool
	StatusCode  int
	Reason      plan.Reason
	// Outcome is that of the call, if it came with this row.
	Outcome plan.Outcome
	// Duration is that of the attempt, to the microsecond, at most 71 minutes.
	Duration time.Duration
	// Waited is how long the call waited to be sent: from its creation to the first
	// attempt, or from when a retry was due; to the millisecond, at most 49 days. 0 for a
	// row of number 0.
	Waited time.Duration
}

// wants reports whether the filter wants a row, as far as the index can tell.
func (f *LogFilter) wants(e *LogEntry) bool {
	switch {
	case f.Webhook != "" && f.Webhook != e.Webhook.Name,
		f.Integration != (plan.Key{}) && f.Integration != e.Integration,
		!f.Since.IsZero() && e.Begun.Before(f.Since),
		!f.Till.IsZero() && !e.Begun.Before(f.Till),
		f.Success != nil && *f.Success != e.Success,
		e.StatusCode < f.MinStatus,
		f.MaxStatus > 0 && e.StatusCode > f.MaxStatus,
		f.NoStatus && e.StatusCode != 0,
		f.Reason != "" && f.Reason != e.Reason,
		f.Outcome != "" && f.Outcome != e.Outcome,
		f.ID != uuid.Nil && f.ID != e.ID:
		return false
	}
	return true
}
