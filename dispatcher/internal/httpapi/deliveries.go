package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/export"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Log is the delivery log. It is package store's Store.
type Log interface {
	Log(ctx context.Context, q store.LogQuery, format func(dst []byte, row *store.LogRow) []byte, write func(store.LogChunk) error) (store.LogEnd, error)
	LogEntries(ctx context.Context, f store.LogFilter, visit func(*store.LogEntry) bool) error
	Attempts(id uuid.UUID) ([]store.Attempt, error)
}

const (
	// pageBudget is how long a page looks for rows.
	pageBudget = 5 * time.Second
	// pageBytes is about how large a page gets, and maxPages how many are made at a time.
	pageBytes = 8 << 20
	maxPages  = 4
)

// rowJSON is the format of rows in answers of JSON.
var rowJSON = export.Of("json", true)

// getDeliveries returns a page of the log, newest first: GET …/deliveries.
func (a *api) getDeliveries(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	query := store.LogQuery{
		Filter: q.filter(r.PathValue("namespace")), After: q.cursor("cursor"), Limit: q.number("limit", 50, 1, 500),
		Newest: true, Budget: pageBudget,
	}
	err := q.err
	var page []byte
	if err == nil {
		page, err = a.page(r.Context(), query)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	_, _ = a.stream(w).Write(page) // an error means that the caller has gone
}

// page makes a page of rows.
func (a *api) page(ctx context.Context, q store.LogQuery) ([]byte, error) {
	rows, end, err := a.some(ctx, q, rowJSON)
	if err != nil {
		return nil, err
	}
	page := append([]byte(`{"items":[`), bytes.TrimPrefix(rows, []byte(","))...)
	page = append(page, "\n]"...)
	if end.More {
		page = append(append(append(page, `,"cursor":"`...), cursorOf(end.Last)...), '"')
	}
	return append(page, "}\n"...), nil
}

// errPageFull ends the reading of a page that is large enough.
var errPageFull = errors.New("the page is full")

// some reads rows in a format, as many as fit into the memory for a page.
func (a *api) some(ctx context.Context, q store.LogQuery, f *export.Format) (rows []byte, end store.LogEnd, err error) {
	select {
	case a.pages <- struct{}{}:
		defer func() { <-a.pages }()
	case <-ctx.Done():
		return nil, end, ctx.Err()
	}
	var last store.LogPosition
	end, err = a.rows.Log(ctx, q, f.AppendRow, func(chunk store.LogChunk) error {
		if len(rows) > 0 && len(rows)+len(chunk.Bytes) > pageBytes {
			return errPageFull
		}
		rows, last = append(rows, chunk.Bytes...), chunk.Last
		return nil
	})
	if errors.Is(err, errPageFull) {
		return rows, store.LogEnd{More: true, Last: last}, nil
	}
	return rows, end, err
}

// cursorOf is the cursor of a place.
func cursorOf(at store.LogPosition) string {
	return client.DeliveryCursor(&client.Delivery{StartDateTimeUTC: at.Begun, TransactionID: at.ID.String(), RetryNumber: at.Number})
}

// getAttempts returns all rows of a call: GET …/calls/{transactionId}/attempts.
func (a *api) getAttempts(w http.ResponseWriter, r *http.Request) {
	id, err := callOfPath(r)
	var entry *store.Entry
	if err == nil {
		entry, err = a.load(webhookOf(r), id)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	rows, err := a.rows.Attempts(id)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	result, err := a.resultOf(entry)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	head, err := json.Marshal(callOf(entry, result))
	if err != nil {
		a.problem(w, r, err)
		return
	}
	w.Header().Set("Content-Type", mediaJSON)
	w.Header().Set("Cache-Control", "no-store")
	// Each row has the request's body, so they are written one by one. An error means that
	// the caller has gone.
	s := a.stream(w)
	text := append(append([]byte(`{"call":`), head...), `,"items":[`...)
	for i := range rows {
		was := len(text)
		text = rowJSON.AppendRow(text, &store.LogRow{Attempt: &rows[i], Call: &entry.Call})
		if i == 0 {
			text = append(text[:was], text[was+rowJSON.Lead:]...)
		}
		if _, err := s.Write(text); err != nil {
			return
		}
		text = text[:0]
	}
	_, _ = s.Write(append(text, "\n]}\n"...))
}
