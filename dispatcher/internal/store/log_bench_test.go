package store_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// logRowsEnv is the environment variable with the number of rows of the log that
// BenchmarkLog reads; a million without it.
const logRowsEnv = "LOG_ROWS"

// benchLog is a log with rows of 2 KiB, of ten webhooks in one namespace.
type benchLog struct {
	dir  string
	ids  []uuid.UUID
	rows int
}

// benchBegin is when the first row of the log began; one follows each millisecond.
var benchBegin = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// fillLog makes the log.
func fillLog(b *testing.B) *benchLog {
	l := &benchLog{dir: b.TempDir(), rows: 1_000_000}
	if text := os.Getenv(logRowsEnv); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			b.Fatalf("%s: %v", logRowsEnv, err)
		}
		l.rows = n
	}
	p, err := store.Open(l.dir, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	const group = 500
	for len(l.ids) < l.rows {
		entries, ends := make([]*store.Entry, group), make([]*store.End, group)
		for i := range entries {
			n := len(l.ids)
			entries[i] = benchCall(n)
			ends[i] = benchEnd(entries[i], n)
			l.ids = append(l.ids, entries[i].Call.ID)
		}
		if err := p.Accept(b.Context(), entries...); err != nil {
			b.Fatal(err)
		}
		if err := p.End(b.Context(), ends...); err != nil {
			b.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	return l
}

// benchCall is a call with a body of 1.2 KiB, half of which does not compress.
func benchCall(n int) *store.Entry {
	at := benchBegin.Add(time.Duration(n) * time.Millisecond)
	id := uuid.Must(uuid.NewV7())
	for i := range 6 {
		id[i] = byte(at.UnixMilli() >> (40 - 8*i))
	}
	body := make([]byte, 0, 1200)
	body = append(body, `{"order":`...)
	body = strconv.AppendInt(body, int64(n), 10)
	body = append(body, `,"text":"`...)
	for x := uint64(n)*0x9e3779b97f4a7c15 + 1; len(body) < 600; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		body = append(body, fmt.Sprintf("%016x", x)...)
	}
	for len(body) < 1198 {
		body = append(body, "the quick brown fox "...)
	}
	body = append(body[:1198], `"}`...)
	return &store.Entry{Call: store.Call{
		ID: id, Webhook: plan.Key{Namespace: "shop", Name: fmt.Sprintf("order-%d", n%10)}, WebhookUID: "4f9b1e2c-0000-4000-8000-000000000001",
		SystemName: "orderPaid", CreatedAt: at, HasKey: true, Method: "POST", Suffix: "/orders", HasBody: true, Body: body,
		Integration: plan.Key{Namespace: "shop", Name: "crm"}, Caller: "system:serviceaccount:shop:checkout",
	}}
}

// benchEnd is the end of its only attempt.
func benchEnd(e *store.Entry, n int) *store.End {
	answer := []byte(`{"accepted":true,"id":"` + e.Call.ID.String() + `","note":"` + "thank you for your order, it will be looked at soon" + `"}`)
	state := store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, EndedAt: e.Call.CreatedAt.Add(time.Second), StatusCode: 200, Message: "the receiver answered 200"}
	return &store.End{Call: &e.Call, Now: state, Attempt: &store.Attempt{
		ID: e.Call.ID, Number: 1, Begun: e.Call.CreatedAt, Duration: 12 * time.Millisecond, Reason: plan.ReasonSuccess,
		Integration: e.Call.Integration, IntegrationGeneration: 3, Method: "POST", URL: "https://crm.example.com/hooks/orders", StatusCode: 200,
		RequestHeaders: []store.Header{
			{Name: "Authorization", Value: plan.Redacted}, {Name: "Content-Type", Value: "application/json"}, {Name: "User-Agent", Value: "webhook-operator/v1"},
		},
		ResponseHeaders: []store.Header{
			{Name: "Content-Type", Value: "application/json"}, {Name: "Date", Value: "Mon, 23 Nov 2026 12:00:00 GMT"}, {Name: "Server", Value: "nginx"},
		},
		ResponseBody: answer, Message: "the receiver answered 200",
	}}
}

// formatSample appends a row about as an export does.
func formatSample(dst []byte, row *store.LogRow) []byte {
	a, c := row.Attempt, row.Call
	text := func(name, value string) {
		dst = append(append(append(dst, '"'), name...), `":`...)
		dst = appendText(dst, value)
		dst = append(dst, ',')
	}
	dst = append(dst, '{')
	text("transactionId", a.ID.String())
	dst = a.Begun.AppendFormat(append(dst, `"begun":"`...), time.RFC3339Nano)
	dst = append(dst, `",`...)
	text("webhook", c.Webhook.Name)
	text("integration", a.Integration.Name)
	text("method", a.Method)
	text("url", a.URL)
	for _, headers := range [][]store.Header{a.RequestHeaders, a.ResponseHeaders} {
		for _, h := range headers {
			text(h.Name, h.Value)
		}
	}
	text("body", string(row.RequestBody()))
	text("answer", string(a.ResponseBody))
	dst = strconv.AppendInt(append(dst, `"status":`...), int64(a.StatusCode), 10)
	return append(dst, "}\n"...)
}

// appendText appends a text as JSON.
func appendText(dst []byte, text string) []byte {
	dst = append(dst, '"')
	begin := 0
	for i := range len(text) {
		if c := text[i]; c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, text[begin:i]...)
		dst = fmt.Appendf(dst, `\u%04x`, text[i])
		begin = i + 1
	}
	return append(append(dst, text[begin:]...), '"')
}

// BenchmarkLog reads a log of a million rows of 2 KiB: one call's rows, the newest 500 of
// a webhook, those with a text, and all, beside the bare limit: going over the same keys
// without looking into them.
func BenchmarkLog(b *testing.B) {
	l := fillLog(b)
	p, err := store.Open(l.dir, store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	read := func(b *testing.B, q store.LogQuery, want int) {
		b.Helper()
		end, err := p.Log(b.Context(), q, formatSample, func(store.LogChunk) error { return nil })
		if err != nil || end.Rows != want {
			b.Fatalf("Log = %+v, %v; want %d rows", end, err, want)
		}
	}
	b.Run("id", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			read(b, store.LogQuery{Filter: store.LogFilter{Namespace: "shop", ID: l.ids[i*7919%len(l.ids)]}, Newest: true, Limit: 50}, 1)
		}
	})
	b.Run("newest=500", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			q := store.LogQuery{Filter: store.LogFilter{Namespace: "shop", Webhook: fmt.Sprintf("order-%d", i%10)}, Newest: true, Limit: 500}
			read(b, q, min(500, l.rows/10))
		}
	})
	b.Run("text", func(b *testing.B) { // in no row, so all are looked at
		for b.Loop() {
			read(b, store.LogQuery{Filter: store.LogFilter{Namespace: "shop", Text: "Nobody has written this"}}, 0)
		}
		b.ReportMetric(float64(b.N)*float64(l.rows)/b.Elapsed().Seconds(), "rows/s")
	})
	b.Run("all", func(b *testing.B) {
		// Before, the cache of blocks is filled, as it is in a process that has run for a while.
		read(b, store.LogQuery{Filter: store.LogFilter{Namespace: "shop"}}, l.rows)
		memory := watchMemory(b)
		for b.Loop() {
			read(b, store.LogQuery{Filter: store.LogFilter{Namespace: "shop"}}, l.rows)
		}
		b.ReportMetric(float64(b.N)*float64(l.rows)/b.Elapsed().Seconds(), "rows/s")
		b.ReportMetric(memory(), "MiB-more")
	})
	if err := p.Close(); err != nil {
		b.Fatal(err)
	}
	b.Run("all/limit=keys", func(b *testing.B) { bareKeys(b, l) })
}

// watchMemory returns how much the resident memory has grown at most since.
func watchMemory(b *testing.B) func() float64 {
	runtime.GC()
	before := resident(b)
	ctx, stop := context.WithCancel(b.Context())
	most := before
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			most = max(most, resident(b))
			<-tick.C
		}
	})
	return func() float64 {
		stop()
		group.Wait()
		return float64(most-before) / (1 << 20)
	}
}

// resident is the memory that the process has.
func resident(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("there is no /proc here")
	}
	fields := bytes.Fields(text)
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		b.Error(err)
	}
	return pages * int64(os.Getpagesize())
}

// bareKeys goes over the places of all rows, their records and their calls.
func bareKeys(b *testing.B, l *benchLog) {
	db, err := pebble.Open(l.dir, &pebble.Options{FormatMajorVersion: pebble.FormatValueSeparation, Logger: silent{}, ReadOnly: true})
	if err != nil {
		b.Fatal(err)
	}
	var sum uint64
	for b.Loop() {
		for _, prefix := range []string{"t/", "l/", "c/"} {
			iter, err := db.NewIter(&pebble.IterOptions{LowerBound: []byte(prefix), UpperBound: []byte{prefix[0], '0'}})
			if err != nil {
				b.Fatal(err)
			}
			for more := iter.First(); more; more = iter.Next() {
				sum += uint64(len(iter.Value()))
			}
			if err := iter.Close(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*float64(l.rows)/b.Elapsed().Seconds(), "rows/s")
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
