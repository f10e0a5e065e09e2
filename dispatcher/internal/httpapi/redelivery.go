package httpapi

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Bounds of the calls that one request redelivers.
const (
	maxRedelivered     = 10_000
	defaultRedelivered = 1000
)

// retryable are the outcomes that are redelivered by default. The others are so only
// if they are named: of Lost the request may have arrived, and Cancelled was wanted.
var retryable = []plan.Outcome{
	plan.OutcomeRejected, plan.OutcomeFailed, plan.OutcomeExhausted, plan.OutcomeResponseUnusable, plan.OutcomeBlocked,
}

// redelivery says which calls are to be delivered anew.
type redelivery struct {
	since, till time.Time // of their creation; since is inclusive, till exclusive
	outcomes    []plan.Outcome
	dryRun      bool
	limit       int
	after       uuid.UUID // where the cursor is; the zero id without one
}

// bodyError is what is wrong with the body of a request, with the member named.
type bodyError struct{ text string }

// Error returns one sentence.
func (e *bodyError) Error() string { return e.text }

// wrong makes a bodyError about a member.
func wrong(member, format string, args ...any) error {
	return &bodyError{member + " " + fmt.Sprintf(format, args...)}
}

// parseRedelivery reads the body of a request to redeliver many calls.
func parseRedelivery(body []byte, now time.Time) (*redelivery, error) {
	q := &redelivery{limit: defaultRedelivered}
	var cursor string
	members := map[string]field{
		"since":    {&q.since, "must be a time by RFC 3339, such as 2026-11-23T17:00:00Z"},
		"till":     {&q.till, "must be a time by RFC 3339, such as 2026-11-23T17:00:00Z"},
		"outcomes": {&q.outcomes, "must be a list of outcomes"},
		"dryRun":   {&q.dryRun, "must be true or false"},
		"limit":    {&q.limit, "must be a number from 1 to " + strconv.Itoa(maxRedelivered)},
		"cursor":   {&cursor, "must be the text of an earlier answer"},
	}
	if err := readObject(body, members); err != nil {
		return nil, err
	}
	if cursor != "" {
		if err := q.resume(cursor); err != nil {
			return nil, err
		}
	}
	if q.till.IsZero() {
		q.till = now
	}
	if q.outcomes == nil { // not before, or encoding/json would write into those of all
		q.outcomes = retryable
	}
	return q, q.check()
}

// check holds what is not a matter of types.
func (q *redelivery) check() error {
	switch {
	case q.since.IsZero():
		return wrong("since", "is missing: say from which time on the calls were created")
	case !q.since.Before(q.till):
		return wrong("since", "must be before till, which is now if it is left out")
	case q.limit < 1 || q.limit > maxRedelivered:
		return wrong("limit", "must be a number from 1 to %d", maxRedelivered)
	case len(q.outcomes) == 0:
		return wrong("outcomes", "names none; leave it out for those that are usual")
	}
	for _, o := range q.outcomes {
		if o == plan.OutcomeRenderFailed {
			return wrong("outcomes", "has RenderFailed: of such a call there is nothing to send; hand it in again")
		}
		if !slices.Contains(plan.Outcomes, o) {
			return wrong("outcomes", "must be a list of outcomes, such as %q; one of yours is none", retryable)
		}
	}
	return nil
}

// cursor is where the redelivery stands, in a form that promises nothing. Till goes
// with it, so that a series that began without one has an end.
func (q *redelivery) cursor() string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64(q.after[:], uint64(q.till.UnixNano())))
}

// resume goes to where a cursor is.
func (q *redelivery) resume(cursor string) error {
	const size = len(q.after) + 8
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != size {
		return wrong("cursor", "is none of an earlier answer")
	}
	copy(q.after[:], b)
	if q.till.IsZero() {
		q.till = time.Unix(0, int64(binary.BigEndian.Uint64(b[len(q.after):])))
	}
	return nil
}

// field is a member of an object: where it goes, and what it must be.
type field struct {
	target any
	want   string
}

// readObject reads a JSON object, all of whose members are known and stand there
// once. encoding/json alone would take names in any case, a second value for the
// first, and null for nothing.
func readObject(body []byte, members map[string]field) error {
	notObject := &bodyError{"the body must be one JSON object"}
	decoder := json.NewDecoder(bytes.NewReader(body))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return notObject
	}
	seen := map[string]bool{}
	for decoder.More() {
		t, err := decoder.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return notObject
		}
		m, known := members[name]
		var value json.RawMessage
		switch err := decoder.Decode(&value); {
		case err != nil:
			return notObject
		case !known:
			return &bodyError{"there is a member that is none of " + strings.Join(slices.Sorted(maps.Keys(members)), ", ")}
		case seen[name]:
			return wrong(name, "is there twice")
		case string(value) == "null" || json.Unmarshal(value, m.target) != nil:
			return wrong(name, "%s", m.want)
		}
		seen[name] = true
	}
	if _, err := decoder.Token(); err != nil { // the }
		return notObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return notObject
	}
	return nil
}
