package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The formats of an export.
const (
	FormatNDJSON = "ndjson"
	FormatCSV    = "csv"
	FormatJSON   = "json"
	FormatXML    = "xml"
)

const (
	// exportTries is how often an export is tried without a further row, and exportDelay
	// how long it waits the first time before that, which doubles.
	exportTries = 6
	exportDelay = 200 * time.Millisecond
)

// ExportOptions say how rows are exported.
type ExportOptions struct {
	// Format is one of the Format… constants.
	Format string
	// Details adds those of [DeliveryDetails] to the columns.
	Details bool
	// After, if not empty, is the place behind which the export begins; see
	// [DeliveryCursor]. The export of CSV then has no names of columns above it.
	After string
}

// Export writes all rows of the delivery log of a namespace that the filter wants, oldest
// first. A connection that breaks is made anew, and the export goes on where it was, so
// that what is written is the same as if it had never broken. After an error what was
// written is only a part.
func (c *Client) Export(ctx context.Context, namespace string, f DeliveryFilter, format string, w io.Writer) error {
	return c.ExportWith(ctx, namespace, f, ExportOptions{Format: format}, w)
}

// ExportWith is Export with options.
func (c *Client) ExportWith(ctx context.Context, namespace string, f DeliveryFilter, o ExportOptions, w io.Writer) error {
	e := &exporter{format: o.Format, out: bufio.NewWriterSize(w, 64<<10)}
	p := f.parameters()
	p.text("format", o.Format)
	p.flag("details", o.Details)
	p.text("after", o.After)
	for delay, tries := exportDelay, 1; ; tries++ {
		rows := e.rows
		e.goesOn = url.Values(p).Get("after") != ""
		err := c.exportPart(ctx, p.on(namespacePath(namespace, "deliveries/export")), e)
		if err == nil {
			return e.finish()
		}
		goOn := e.rows > rows // then it is tried at once
		if goOn {
			delay, tries = exportDelay, 1
		}
		if e.failed != nil || tries == exportTries || ctx.Err() != nil || !passes(err) {
			return errors.Join(err, e.out.Flush())
		}
		if e.rows > 0 {
			after, cursorErr := e.cursor()
			if cursorErr != nil {
				return fmt.Errorf("go on with the export after %d rows: %w", e.rows, cursorErr)
			}
			p.text("after", after)
		}
		if goOn {
			continue
		}
		if pause(ctx, delay) != nil {
			return errors.Join(err, ctx.Err())
		}
		delay *= 2
	}
}

// pause waits, or returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// passes reports whether the same request may well succeed later.
func passes(err error) bool {
	var p *Problem
	return !errors.As(err, &p) || p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable || p.Status == http.StatusBadGateway
}

// exportPart writes what one connection brings.
func (c *Client) exportPart(ctx context.Context, path string, e *exporter) error {
	body, err := c.open(ctx, request{method: http.MethodGet, path: path})
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	return e.read(body)
}

// exporter puts the parts of an export together, row by row.
type exporter struct {
	format    string
	out       *bufio.Writer
	failed    error // of out
	rows      int
	begun     bool   // what stands above the rows was written
	goesOn    bool   // the part goes on behind a row
	row, last []byte // that which is being read, and the last one
}

// read reads a part to its end, without which it is an error.
func (e *exporter) read(body io.Reader) error {
	in := bufio.NewReaderSize(body, 64<<10)
	for head := e.head(); head > 0; head-- {
		if err := e.line(in); err != nil {
			return broken(err)
		}
		if !e.begun {
			e.write(e.row)
		}
	}
	e.begun = true
	foot := map[string]string{FormatJSON: "]\n", FormatXML: "</deliveries>\n"}[e.format]
	for {
		switch err := e.line(in); {
		case errors.Is(err, io.EOF) && len(e.row) == 0 && foot == "", err == nil && string(e.row) == foot:
			return e.failed
		case err != nil:
			return broken(err)
		}
		if e.put(); e.failed != nil {
			return e.failed
		}
	}
}

// broken is the error of a part that has no end.
func broken(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("read the export: %w", err)
}

// head is how many lines stand above the rows of a part. There are no names of columns in
// CSV above one that goes on.
func (e *exporter) head() int {
	switch {
	case e.format == FormatJSON, e.format == FormatCSV && !e.goesOn:
		return 1
	case e.format == FormatXML:
		return 2
	}
	return 0
}

// line reads a line into row, of CSV one whose quotes are closed.
func (e *exporter) line(in *bufio.Reader) error {
	e.row = e.row[:0]
	for {
		part, err := in.ReadSlice('\n')
		e.row = append(e.row, part...)
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		if err == nil && (e.format != FormatCSV || bytes.Count(e.row, []byte{'"'})%2 == 0) {
			return nil
		}
	}
}

// put writes a row. A comma of JSON is written when there is a further one.
func (e *exporter) put() {
	if e.format == FormatJSON {
		e.row = bytes.TrimSuffix(bytes.TrimSuffix(e.row, []byte("\n")), []byte(","))
		if e.rows > 0 {
			e.write([]byte(",\n"))
		}
	}
	e.write(e.row)
	e.rows++
	e.row, e.last = e.last, e.row
}

// write writes text.
func (e *exporter) write(text []byte) {
	if _, err := e.out.Write(text); err != nil && e.failed == nil {
		e.failed = fmt.Errorf("write the export: %w", err)
	}
}

// finish writes what stands below the rows.
func (e *exporter) finish() error {
	switch {
	case e.format == FormatJSON && e.rows > 0:
		e.write([]byte("\n]\n"))
	case e.format == FormatJSON:
		e.write([]byte("]\n"))
	case e.format == FormatXML:
		e.write([]byte("</deliveries>\n"))
	}
	if err := e.out.Flush(); err != nil && e.failed == nil {
		e.failed = fmt.Errorf("write the export: %w", err)
	}
	return e.failed
}

// cursor is the place of the last row.
func (e *exporter) cursor() (string, error) {
	var d struct {
		ID     string    `json:"WebhookLogTransactionId" xml:"WebhookLogTransactionId"`
		At     time.Time `json:"WebhookLogStartDateTimeUtc" xml:"WebhookLogStartDateTimeUtc"`
		Number int       `json:"WebhookLogRetryNumber" xml:"WebhookLogRetryNumber"`
	}
	var err error
	switch e.format {
	case FormatCSV:
		var cells []string
		if cells, err = csv.NewReader(bytes.NewReader(e.last)).Read(); err == nil && len(cells) < 19 {
			err = errors.New("the last row has too few columns")
		}
		if err == nil {
			d.ID = cells[0]
			if d.At, err = time.Parse(time.RFC3339Nano, cells[1]); err == nil {
				d.Number, err = strconv.Atoi(cells[18])
			}
		}
	case FormatXML:
		err = xml.Unmarshal(e.last, &d)
	default:
		err = json.Unmarshal(e.last, &d)
	}
	return DeliveryCursor(&Delivery{TransactionID: d.ID, StartDateTimeUTC: d.At, RetryNumber: d.Number}), err
}
