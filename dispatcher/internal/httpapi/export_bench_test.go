//go:build linux

package httpapi

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/engine"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/outbound"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// logRows is how many rows benchmarks have: LOG_ROWS, or few.
func logRows(b *testing.B) int {
	text := os.Getenv("LOG_ROWS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1000 {
		b.Fatal("LOG_ROWS must be a number of rows, at least 1000")
	}
	return n
}

// filledStore is a store on disk with rows of 2 KiB, of ten webhooks, that has come to
// rest.
func filledStore(b *testing.B, rows int) *store.Pebble {
	b.Helper()
	s, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler), MemoryBytes: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	body := []byte(`{"order": "` + strings.Repeat(`1234567890", "text": "`, 55) + `"}`)
	answer := []byte(strings.Repeat("Thank you. ", 20))
	for begin := 0; begin < rows; begin += 500 {
		var entries []*store.Entry
		var ends []*store.End
		for i := begin; i < min(begin+500, rows); i++ {
			at := filled.Add(time.Duration(i) * time.Millisecond)
			call := store.Call{
				ID: idAt(at), Webhook: keyOf(fmt.Sprint("wh-", i%10)), WebhookUID: uuid.NewString(), CreatedAt: at, Integration: keyOf("in"),
				Method: "POST", Suffix: "/orders", HasBody: true, Body: body, Caller: "system:serviceaccount:shop:orders",
			}
			entry := &store.Entry{Call: call}
			entries = append(entries, entry)
			ends = append(ends, &store.End{Call: &entry.Call, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: at, StatusCode: 200}, Attempt: &store.Attempt{
				ID: call.ID, Number: 1, Begun: at, Duration: 30 * time.Millisecond, Reason: plan.ReasonSuccess, Integration: keyOf("in"), Method: "POST",
				URL: "https://shop.example/orders", StatusCode: 200, ResponseBody: answer, Message: "the receiver answered 200 OK",
				RequestHeaders:  []store.Header{{Name: "Authorization", Value: "***"}, {Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "webhook-operator"}},
				ResponseHeaders: []store.Header{{Name: "Content-Type", Value: "text/plain"}, {Name: "Date", Value: "Mon, 23 Nov 2026 17:00:00 GMT"}},
			}})
		}
		if err := s.Accept(b.Context(), entries...); err != nil {
			b.Fatal(err)
		}
		if err := s.End(b.Context(), ends...); err != nil {
			b.Fatal(err)
		}
	}
	for tick := time.NewTicker(100 * time.Millisecond); s.Metrics().Compactions > 0; <-tick.C {
	}
	return s
}

// resident is the memory of this process, in bytes.
func resident(b *testing.B) int64 {
	b.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Fatal(err)
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// read reads an answer to its end, and returns its size and the most memory meanwhile.
func read(b *testing.B, url string) (size, most int64) {
	b.Helper()
	r := plainly(b, url)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || answer.StatusCode != 200 {
		b.Fatal(answer, err)
	}
	defer func() { _ = answer.Body.Close() }()
	buffer := make([]byte, 64<<10)
	for last := time.Now(); ; {
		n, err := answer.Body.Read(buffer)
		size += int64(n)
		if now := time.Now(); now.Sub(last) > 10*time.Millisecond {
			last, most = now, max(most, resident(b))
		}
		if err == io.EOF {
			return size, most
		} else if err != nil {
			b.Fatal(err)
		}
	}
}

// plainly asks for an answer that is not compressed.
func plainly(b *testing.B, url string) *http.Request {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), "GET", url, http.NoBody)
	if err != nil {
		b.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	return r
}

// BenchmarkExport reads all rows over the loopback, in each format; NDJSON-bare has the
// same bytes sent from memory, which is the limit. RSS-growth is of this process, which is
// also the reader.
func BenchmarkExport(b *testing.B) {
	rows := logRows(b)
	s := filledStore(b, rows)
	server := httptest.NewServer(New(Options{Log: s, Logger: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	var size int64
	for _, format := range []string{"ndjson", "csv", "json", "xml", "ndjson&gzip=true"} {
		b.Run(strings.ReplaceAll(format, "&gzip=true", "-gzip"), func(b *testing.B) {
			debug.FreeOSMemory()
			before, most := resident(b), int64(0)
			for b.Loop() {
				var peak int64
				size, peak = read(b, server.URL+deliveriesPath+"/export?format="+format)
				most = max(most, peak)
			}
			b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
			b.ReportMetric(float64(max(0, most-before))/(1<<20), "MiB-RSS-growth")
			b.SetBytes(size)
		})
	}
	b.Run("ndjson-bare", func(b *testing.B) {
		size, _ := read(b, server.URL+deliveriesPath+"/export")
		chunk := bytes.Repeat([]byte("x"), 64<<10)
		bare := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for left := size; left > 0; left -= int64(len(chunk)) {
				_, _ = w.Write(chunk[:min(int64(len(chunk)), left)])
			}
		}))
		defer bare.Close()
		for b.Loop() {
			read(b, bare.URL)
		}
		b.ReportMetric(float64(rows)*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
		b.SetBytes(size)
	})
	b.Run("newest-500-of-one-webhook", func(b *testing.B) {
		for b.Loop() {
			read(b, server.URL+deliveriesPath+"?limit=500&webhook=wh-3")
		}
	})
}

// BenchmarkWebhooks lists the first 100 of 10,000, after a change.
func BenchmarkWebhooks(b *testing.B) {
	s, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	sender, err := outbound.New(outbound.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e, err := engine.New(engine.Options{Store: s, Sender: sender, Logger: slog.New(slog.DiscardHandler), Report: func(plan.Report) {}, Jitter: func() float64 { return 0 }})
	if err != nil {
		b.Fatal(err)
	}
	defer e.Drain(b.Context())
	c := &catalog.Catalog{}
	set := func(i int) {
		p := plan.Webhook{Key: keyOf(fmt.Sprint("webhook-", i)), Integration: keyOf("in"), Method: "POST", Suffix: "/a/${b}", DisplayName: "Display"}
		compiled, err := catalog.Compile(p)
		if err != nil {
			b.Fatal(err)
		}
		e.SetWebhook(&p)
		c.Set(compiled)
	}
	for i := range 10_000 {
		set(i)
	}
	c.SetComplete()
	server := httptest.NewServer(New(Options{Engine: e, Catalog: c, Logger: slog.New(slog.DiscardHandler)}))
	defer server.Close()
	for _, query := range []string{"", "?health=unhealthy", "?search=99"} {
		b.Run("list"+query, func(b *testing.B) {
			for b.Loop() {
				set(17)
				read(b, server.URL+"/v1/namespaces/ns/webhooks"+query)
			}
		})
	}
}
