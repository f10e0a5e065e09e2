package httpapi

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/export"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tail"
)

// Tail hands rows on as they come. It is package tail's Broadcaster.
type Tail interface {
	Subscribe(f store.LogFilter) (*tail.Reader, error)
}

const (
	// heartbeat is how often a live tail says that it is alive, and recheck how often it
	// asks whether its reader still may read.
	heartbeat = 15 * time.Second
	recheck   = time.Minute
	// mediaEvents is the media type of server-sent events.
	mediaEvents = "text/event-stream"
)

// rowLine is the format of rows of a live tail.
var rowLine = export.Of("ndjson", true)

// getTail streams rows as they come: GET …/deliveries/tail.
func (a *api) getTail(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	f, last := q.filter(r.PathValue("namespace")), q.number("last", 0, 0, 500)
	err := q.err
	var reader *tail.Reader
	if err == nil {
		// Before the log is read, so that nothing is missed between.
		if reader, err = a.tail.Subscribe(f); errors.Is(err, tail.ErrTooMany) {
			err = errTooManyReaders
		}
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	defer reader.Close()
	before, err := a.newest(r, f, last)
	if err != nil {
		a.problem(w, r, err)
		return
	}
	t := &tailing{stream: a.stream(w), events: !strings.Contains(r.Header.Get("Accept"), mediaNDJSON)}
	h := w.Header()
	h.Set("Content-Type", mediaNDJSON)
	if t.events {
		h.Set("Content-Type", mediaEvents)
	}
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept")
	h.Set("X-Accel-Buffering", "no") // nginx would keep rows back
	if r.Method == http.MethodHead {
		return
	}
	shown := map[store.LogPosition]bool{}
	for _, row := range before {
		shown[placeOf(row.At)] = true
		if t.row(row) != nil {
			return
		}
	}
	if t.flush() == nil {
		a.follow(r, reader, t, shown)
	}
}

// placeOf is a place in a form that can be compared.
func placeOf(at store.LogPosition) store.LogPosition {
	at.Begun = time.Unix(0, at.Begun.UnixNano())
	return at
}

// newest are the newest rows that the filter wants, oldest first.
func (a *api) newest(r *http.Request, f store.LogFilter, n int) ([]tail.Row, error) {
	if n == 0 || r.Method == http.MethodHead {
		return nil, nil
	}
	q := store.LogQuery{Filter: f, Newest: true, Limit: n, Budget: pageBudget}
	lines, _, err := a.some(r.Context(), q, rowLine)
	if err != nil {
		return nil, err
	}
	var rows []tail.Row
	for line := range bytes.Lines(lines) {
		at, err := placeOfLine(line)
		if err != nil {
			return nil, err
		}
		rows = append(rows, tail.Row{At: at, Line: line})
	}
	slices.Reverse(rows)
	return rows, nil
}

// follow writes rows as they come, until the reader goes, may not read any more, or the
// server shuts down.
func (a *api) follow(r *http.Request, reader *tail.Reader, t *tailing, shown map[store.LogPosition]bool) {
	alive, again := time.NewTicker(a.heartbeat), time.NewTicker(a.recheck)
	defer alive.Stop()
	defer again.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-a.stopping:
			return
		case <-again.C:
			if err := stillAllowed(r.Context()); errors.Is(err, access.ErrForbidden) || errors.Is(err, access.ErrUnauthenticated) || errors.Is(err, access.ErrUnavailable) {
				return
			}
			continue
		case <-alive.C:
			if t.alive() != nil {
				return
			}
		case <-reader.Ready():
			rows, dropped := reader.Take()
			for _, row := range rows {
				if !shown[placeOf(row.At)] && t.row(row) != nil {
					return
				}
			}
			if dropped > 0 && t.gap(dropped) != nil {
				return
			}
		}
		if t.flush() != nil {
			return
		}
	}
}
