package httpapi

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/export"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// exported is what the client writes of an export.
func (w *world) exported(c *client.Client, f client.DeliveryFilter, o client.ExportOptions) string {
	w.t.Helper()
	var out bytes.Buffer
	w.must(c.ExportWith(w.t.Context(), "ns", f, o, &out))
	return out.String()
}

// TestExportIsWhatTheFormatsWrite, oldest first, with the filter's bounds, plain and
// compressed, and for HEAD without rows.
func TestExportIsWhatTheFormatsWrite(t *testing.T) {
	w := newWorld(t)
	w.fill(300)
	for _, format := range export.Formats {
		for _, details := range []bool{false, true} {
			f := export.Of(format, details)
			var rows []byte
			_, err := w.store.Log(t.Context(), store.LogQuery{Filter: store.LogFilter{Namespace: "ns", Since: filled.Add(10 * time.Second), Till: filled.Add(250 * time.Second)}}, f.AppendRow, func(c store.LogChunk) error {
				rows = append(rows, c.Bytes...)
				return nil
			})
			w.must(err)
			want := string(f.AppendFoot(append(f.AppendHead(nil, false), rows[f.Lead:]...)))
			query := fmt.Sprintf("?format=%s&details=%t&since=2026-11-23T17:00:10Z&till=2026-11-23T17:04:10Z", format, details)
			plain := w.do(request(t, "GET", w.server.URL+deliveriesPath+"/export"+query, "")) // RoundTrip asks for gzip itself
			r := request(t, "GET", w.server.URL+deliveriesPath+"/export"+query, "")
			r.Header.Set("Accept-Encoding", "br, gzip;q=0.5")
			packed := w.do(r)
			r = request(t, "GET", w.server.URL+deliveriesPath+"/export"+query+"&gzip=true", "")
			file := w.do(r)
			if string(plain.body) != want || w.unzip(packed.body) != want || w.unzip(file.body) != want {
				t.Errorf("%s is %d, %d and %d bytes, want %d", format, len(plain.body), len(packed.body), len(file.body), len(want))
			}
			for name, headers := range map[string][3]string{
				"packed": {packed.header.Get("Content-Type"), packed.header.Get("Content-Encoding"), packed.header.Get("Content-Disposition")},
				"file":   {file.header.Get("Content-Type"), file.header.Get("Content-Encoding"), file.header.Get("Content-Disposition")},
			} {
				wanted := map[string][3]string{
					"packed": {f.MediaType, "gzip", `attachment; filename="deliveries-ns.` + format + `"`},
					"file":   {"application/gzip", "", `attachment; filename="deliveries-ns.` + format + `.gz"`},
				}[name]
				if headers != wanted {
					t.Errorf("%s, %s: %q", format, name, headers)
				}
			}
			got := w.exported(w.client, client.DeliveryFilter{Since: filled.Add(10 * time.Second), Till: filled.Add(250 * time.Second)}, client.ExportOptions{Format: format, Details: details})
			if got != want {
				t.Errorf("the client writes %d bytes of %s, want %d", len(got), format, len(want))
			}
			if head := w.do(request(t, "HEAD", w.server.URL+deliveriesPath+"/export"+query, "")); head.status != 200 || head.header.Get("Content-Type") != f.MediaType {
				t.Errorf("HEAD: %d %q", head.status, head.header)
			}
		}
	}
	text := w.do(request(t, "GET", w.server.URL+deliveriesPath+"/export?format=csv&bom=true", "")).body
	table, err := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))).ReadAll()
	if err != nil || len(table) != 301 || !bytes.HasPrefix(text, []byte("\ufeffWebhookLogTransactionId,")) {
		t.Errorf("%.100q: %d rows, %v", text, len(table), err)
	}
}

// unzip decompresses a whole text.
func (w *world) unzip(packed []byte) string {
	w.t.Helper()
	r, err := gzip.NewReader(bytes.NewReader(packed))
	w.must(err)
	text, err := io.ReadAll(r)
	w.must(err)
	return string(text)
}

func TestTakesGzip(t *testing.T) {
	for line, want := range map[string]bool{
		"": false, "gzip": true, "GZIP": true, "br , gzip": true, "gzip;q=0": false, "gzip; q=0.000": false, "gzip; q=0.001": true, "gzip;q=1": true,
		"identity": false, "*": false, "xgzip": false,
	} {
		if got := takesGzip(http.Header{"Accept-Encoding": {line}}); got != want {
			t.Errorf("%q takes gzip: %t", line, got)
		}
	}
}

// breaking is a server between that ends the connection after some bytes of each answer.
func (w *world) breaking(after func(part int) int) (c *client.Client, parts *atomic.Int64) {
	parts = &atomic.Int64{}
	s := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", w.server.Listener.Addr().String()
		out.Header.Set("Accept-Encoding", "identity")
		from, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = from.Body.Close() }()
		answer.WriteHeader(from.StatusCode)
		_, err = io.CopyN(answer, from.Body, int64(after(int(parts.Add(1)))))
		_ = http.NewResponseController(answer).Flush()
		if err == nil {
			panic(http.ErrAbortHandler)
		}
	}))
	w.t.Cleanup(s.Close)
	return &client.Client{BaseURL: s.URL}, parts
}

// TestABrokenExportGoesOn: wherever in a row, and before any, a connection breaks, what the
// client writes in the end is exactly the whole, in each format.
func TestABrokenExportGoesOn(t *testing.T) {
	w := newWorld(t)
	w.fill(40)
	for _, format := range export.Formats {
		o := client.ExportOptions{Format: format, Details: true}
		whole := w.exported(w.client, client.DeliveryFilter{}, o)
		for at := 1; at < len(whole); at += 397 {
			c, parts := w.breaking(func(part int) int {
				if part == 1 {
					return at
				}
				return 1 << 30
			})
			if got := w.exported(c, client.DeliveryFilter{}, o); got != whole || parts.Load() != 2 {
				t.Fatalf("%s, broken at byte %d of %d and read in %d parts:\n%s", format, at, len(whole), parts.Load(), cmp.Diff(whole, got))
			}
		}
		row := len(whole) / 40
		c, parts := w.breaking(func(int) int { return 3*row + 700 })
		if got := w.exported(c, client.DeliveryFilter{}, o); got != whole || parts.Load() < 5 {
			t.Errorf("%s in %d parts:\n%s", format, parts.Load(), cmp.Diff(whole, got))
		}
	}
	c, _ := w.breaking(func(int) int { return 10 })
	if err := c.Export(t.Context(), "ns", client.DeliveryFilter{}, client.FormatCSV, io.Discard); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("an export that never gets anywhere: %v", err)
	}
}

// TestEveryRowIsAPlaceToGoOn: behind each of them comes exactly the rest.
func TestEveryRowIsAPlaceToGoOn(t *testing.T) {
	w := newWorld(t)
	cursors := w.fill(60)
	whole := strings.SplitAfter(w.exported(w.client, client.DeliveryFilter{}, client.ExportOptions{Format: "ndjson"}), "\n")
	for i, cursor := range cursors {
		want := strings.Join(whole[i+1:], "")
		if got := w.exported(w.client, client.DeliveryFilter{}, client.ExportOptions{Format: "ndjson", After: cursor}); got != want {
			t.Errorf("behind row %d (-want +got):\n%s", i, cmp.Diff(want, got))
		}
	}
}

// endless is a log whose rows do not end until it fails.
type endless struct {
	failure error
	chunks  int // before the failure; never if 0
	written atomic.Int64
}

func (e *endless) LogEntries(_ context.Context, _ store.LogFilter, _ func(*store.LogEntry) bool) error {
	return nil
}

func (e *endless) Attempts(uuid.UUID) ([]store.Attempt, error) { return nil, nil }

func (e *endless) Log(c context.Context, _ store.LogQuery, _ func([]byte, *store.LogRow) []byte, write func(store.LogChunk) error) (store.LogEnd, error) {
	chunk := store.LogChunk{Bytes: bytes.Repeat([]byte("x"), 64<<10), Rows: 1}
	for n := 1; ; n++ {
		if n == e.chunks {
			return store.LogEnd{}, e.failure
		}
		if err := write(chunk); err != nil {
			return store.LogEnd{}, err
		}
		e.written.Add(1)
		if c.Err() != nil {
			return store.LogEnd{}, c.Err()
		}
	}
}

// TestAnExportThatFailsIsNotTakenForAll: the connection ends without the end of the body.
func TestAnExportThatFailsIsNotTakenForAll(t *testing.T) {
	w := newWorld(t)
	for _, encoding := range []string{"identity", "gzip"} {
		base := w.serve(func(o *Options) { o.Log = &endless{failure: errors.New("the disk is gone"), chunks: 4} })
		r := request(t, "GET", base+deliveriesPath+"/export", "")
		r.Header.Set("Accept-Encoding", encoding)
		answer, err := http.DefaultTransport.RoundTrip(r)
		w.must(err)
		_, err = io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != 200 || !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %d, %v", encoding, answer.StatusCode, err)
		}
	}
}

// TestExportsAreBounded, and end when the reader goes or the server shuts down; then there
// is room for others.
func TestExportsAreBounded(t *testing.T) {
	w := newWorld(t)
	stopping := make(chan struct{})
	base := w.serve(func(o *Options) { o.Log, o.MaxExports, o.Stopping = &endless{}, 1, stopping })
	open := func() *http.Response {
		t.Helper()
		for begun := time.Now(); ; {
			answer, err := http.DefaultTransport.RoundTrip(request(t, "GET", base+deliveriesPath+"/export", ""))
			w.must(err)
			if answer.StatusCode == 200 || time.Since(begun) > patience {
				return answer
			}
			_ = answer.Body.Close() // the last one is just ending
		}
	}
	first := open()
	if second := w.do(request(t, "GET", base+deliveriesPath+"/export", "")); second.status != 429 || second.header.Get("Retry-After") == "" {
		t.Errorf("a second export: %d %s", second.status, second.body)
	}
	_ = first.Body.Close()
	second := open()
	if second.StatusCode != 200 {
		t.Fatalf("after the first has gone: %d", second.StatusCode)
	}
	close(stopping)
	if _, err := io.Copy(io.Discard, second.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("at shutdown: %v", err)
	}
	_ = second.Body.Close()
}

// TestALongExportIsNotCut by the server's own deadline, but one that nobody reads is.
func TestALongExportIsNotCut(t *testing.T) {
	w := newWorld(t)
	log := &endless{}
	o := w.options
	o.Log = log
	s := httptest.NewUnstartedServer(New(o))
	s.Config.WriteTimeout = 100 * time.Millisecond
	s.Start()
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	w.must(err)
	defer func() { _ = conn.Close() }()
	_, err = io.WriteString(conn, "GET "+deliveriesPath+"/export HTTP/1.1\r\nHost: x\r\n\r\n")
	w.must(err)
	in := bufio.NewReader(conn)
	for begun := time.Now(); time.Since(begun) < 500*time.Millisecond; {
		if _, err := in.Discard(1 << 10); err != nil {
			t.Fatalf("after %s the export is cut: %v", time.Since(begun), err)
		}
	}
}

// TestAnExportThatNobodyReadsIsCut, and leaves its place to another.
func TestAnExportThatNobodyReadsIsCut(t *testing.T) {
	w := newWorld(t)
	base := w.serve(func(o *Options) { o.Log, o.MaxExports, o.stalled = &endless{}, 1, time.Millisecond })
	unread := request(t, "GET", base+deliveriesPath+"/export", "")
	unread.Header.Set("Accept-Encoding", "identity") // compressed it would be long until nothing more fits in between
	answer, err := http.DefaultTransport.RoundTrip(unread)
	w.must(err)
	defer func() { _ = answer.Body.Close() }()
	for begun := time.Now(); time.Since(begun) < patience; {
		head := w.do(request(t, "HEAD", base+deliveriesPath+"/export", ""))
		if head.status == 200 {
			return
		}
	}
	t.Error("an export that nobody reads goes on")
}
