package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/intake"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
)

// batchPart is how many lines are taken in before their answers are written.
const batchPart = 1000

// writeTimeout is how long a caller may take to read the answers to a part.
const writeTimeout = 30 * time.Second

// errTooManyLines is for a batch that is too long. None of it has been accepted.
var errTooManyLines = fmt.Errorf("a batch has at most %d lines; send the calls in several", MaxBatch)

// errLine is for a line that is no call.
var errLine = errors.New(`a line is an object {"data": {…}} or {"data": {…}, "idempotencyKey": "…"}`)

// postBatch takes in a batch: one call a line (NDJSON), answered by a line each,
// in order. Lines of white space only are passed over.
func (a *api) postBatch(w http.ResponseWriter, r *http.Request, body []byte) {
	lines := linesOf(body)
	if len(lines) > MaxBatch {
		a.problem(w, r, errTooManyLines)
		return
	}
	key := webhookOf(r)
	w.Header().Set("Content-Type", mediaNDJSON)
	w.Header().Set("Cache-Control", "no-store")
	answers := json.NewEncoder(w)
	for len(lines) > 0 {
		n := min(len(lines), batchPart)
		requests, wrong := parseLines(lines[:n])
		for i := range requests {
			requests[i].Caller = callerOf(r.Context())
		}
		results := a.intake.AcceptAll(r.Context(), key, requests)
		// A caller that does not read would hold the body, and its part of what is
		// admitted, for long. The server sets the deadline anew for the next request. A writer that knows no deadlines, in tests, needs none.
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTimeout))
		for i, line := range lines[:n] {
			answer := client.BatchAnswer{Line: line.number}
			if wrong[i] != nil {
				a.refuseLine(r, &answer, wrong[i])
			} else {
				a.answerLine(r, &answer, results[0])
				results = results[1:]
			}
			if answers.Encode(&answer) != nil {
				return // the caller has gone; what was accepted stays
			}
		}
		lines = lines[n:]
	}
}

// line is one line of a batch.
type line struct {
	number int // from 1
	text   []byte
}

// linesOf splits a body, one line more than allowed at the most.
func linesOf(body []byte) []line {
	lines := make([]line, 0, min(MaxBatch, bytes.Count(body, []byte{'\n'})+1))
	for number := 1; len(body) > 0 && len(lines) <= MaxBatch; number++ {
		text, rest, _ := bytes.Cut(body, []byte{'\n'})
		if body = rest; len(bytes.TrimSpace(text)) > 0 {
			lines = append(lines, line{number: number, text: text})
		}
	}
	return lines
}

// parseLines returns the requests of those lines that are calls, and at the place
// of each other line what is wrong with it.
func parseLines(lines []line) ([]intake.Request, []error) {
	requests, wrong := make([]intake.Request, 0, len(lines)), make([]error, len(lines))
	for i, l := range lines {
		request, err := parseLine(l.text)
		if err != nil {
			wrong[i] = err
			continue
		}
		requests = append(requests, request)
	}
	return requests, wrong
}

// answerLine says what became of a line.
func (a *api) answerLine(r *http.Request, answer *client.BatchAnswer, result intake.Result) {
	if result.Err != nil {
		a.refuseLine(r, answer, result.Err)
		return
	}
	answer.Status = http.StatusAccepted
	answer.TransactionID = result.Entry.Call.ID.String()
	answer.Repeat = result.Repeat
	answer.Outcome = string(result.Entry.State.Outcome)
}

// refuseLine says why a line was not accepted.
func (a *api) refuseLine(r *http.Request, answer *client.BatchAnswer, err error) {
	p := problemOf(err)
	a.counter.Problem(path.Base(p.Type))
	if p.Status == http.StatusInternalServerError {
		a.log.Error("line of a batch failed", "requestId", tracing.Of(r.Context()).ID, "webhook", webhookOf(r), "line", answer.Line, "error", err)
	}
	answer.Status, answer.Problem = p.Status, &p
}
