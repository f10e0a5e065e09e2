package httpapi

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/export"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// flushAfter is for how long rows of an export wait to be sent.
const flushAfter = time.Second

// errStopping ends an export when the server shuts down. The caller goes on with the one
// that follows.
var errStopping = errors.New("the dispatcher shuts down")

// getExport streams rows of the log, oldest first: GET …/deliveries/export. What it
// needs of memory does not grow with them.
func (a *api) getExport(w http.ResponseWriter, r *http.Request) {
	q := queryOf(r)
	e := &exporting{api: a, query: store.LogQuery{Filter: q.filter(r.PathValue("namespace")), After: q.cursor("after")}}
	name := export.Formats[0]
	if asked := q.choice("format", export.Formats...); asked != nil {
		name = *asked
	}
	details, bom, file := q.flag("details"), q.flag("bom"), q.flag("gzip")
	if bom && name != "csv" {
		q.wrong("bom", "goes with format=csv only")
	}
	err := q.err
	if err == nil {
		err = a.exports.enter(errTooManyReaders)
	}
	if err != nil {
		a.problem(w, r, err)
		return
	}
	defer a.exports.leave()
	// A store that cannot be read is told of while there is still a way to.
	if err := a.rows.LogEntries(r.Context(), store.LogFilter{Namespace: e.query.Filter.Namespace}, func(*store.LogEntry) bool { return false }); err != nil {
		a.problem(w, r, err)
		return
	}
	e.format = export.Of(name, details)
	e.head(w, r, file)
	if r.Method == http.MethodHead {
		return
	}
	if bom {
		e.begin = []byte("\ufeff")
	}
	if err := e.run(r.Context(), a.stream(w)); err != nil {
		if r.Context().Err() == nil && !errors.Is(err, errStopping) && !errors.Is(err, errUnread) {
			a.log.Error("export broke off", "path", r.URL.Path, "error", err)
		}
		panic(http.ErrAbortHandler) // so that what came is not taken for all
	}
}

// exporting is an export under way.
type exporting struct {
	api      *api
	query    store.LogQuery
	format   *export.Format
	compress bool
	begin    []byte
}

// head sets the headers. What is to be a compressed file has no Content-Encoding, which
// would be taken off on the way.
func (e *exporting) head(w http.ResponseWriter, r *http.Request, file bool) {
	h := w.Header()
	h.Set("Content-Type", e.format.MediaType)
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding")
	name := "deliveries-" + e.query.Filter.Namespace + "." + e.format.Name
	switch {
	case file:
		e.compress = true
		name += ".gz"
		h.Set("Content-Type", "application/gzip")
	case takesGzip(r.Header):
		e.compress = true
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

// takesGzip reports whether a caller takes answers in gzip (RFC 9110, section 12.5.3).
func takesGzip(h http.Header) bool {
	for _, line := range h.Values("Accept-Encoding") {
		for element := range strings.SplitSeq(line, ",") {
			coding, weight, weighted := strings.Cut(element, ";")
			_, value, _ := strings.Cut(weight, "=")
			refused := weighted && strings.Trim(value, " \t0.") == ""
			if strings.EqualFold(strings.Trim(coding, " \t"), "gzip") && !refused {
				return true
			}
		}
	}
	return false
}

// errUnread is for a reader that has gone, or takes nothing.
var errUnread = errors.New("the answer is not read")

// sink is where rows go, how they are sent, and how the answer ends.
func (e *exporting) sink(s *stream) (out io.Writer, flush, finish func() error, err error) {
	if !e.compress {
		return s, s.flush, s.flush, nil
	}
	z, err := gzip.NewWriterLevel(s, gzip.BestSpeed)
	return z, func() error { return errors.Join(z.Flush(), s.flush()) }, z.Close, err
}

// run writes the export.
func (e *exporting) run(ctx context.Context, s *stream) error {
	out, flush, finish, err := e.sink(s)
	if err != nil {
		return err
	}
	write := func(b []byte) error {
		if _, err := out.Write(b); err != nil {
			return errors.Join(errUnread, err)
		}
		return nil
	}
	if err := write(e.format.AppendHead(e.begin, e.query.After != store.LogPosition{})); err != nil {
		return err
	}
	if err := flush(); err != nil { // looking for the first row may take long
		return errors.Join(errUnread, err)
	}
	lead, flushed := e.format.Lead, time.Now()
	_, err = e.api.rows.Log(ctx, e.query, e.format.AppendRow, func(chunk store.LogChunk) error {
		select {
		case <-e.api.stopping:
			return errStopping
		default:
		}
		if err := write(chunk.Bytes[lead:]); err != nil {
			return err
		}
		lead = 0
		if now := time.Now(); now.Sub(flushed) > flushAfter {
			flushed = now
			if err := flush(); err != nil {
				return errors.Join(errUnread, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := write(e.format.AppendFoot(nil)); err != nil {
		return err
	}
	return finish()
}
