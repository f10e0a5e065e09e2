package dispatcher

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// endsOf are ends of every kind.
func endsOf() []*store.End {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	call := &store.Call{
		ID: uuid.MustParse("019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"), Webhook: plan.Key{Namespace: "ns", Name: "wh"}, CreatedAt: at,
		Integration: plan.Key{Namespace: "ns", Name: "before"}, Trace: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", Body: []byte("s3cr3t"),
	}
	attempt := func(reason plan.Reason, begun time.Duration) *store.Attempt {
		return &store.Attempt{
			Integration: plan.Key{Namespace: "ns", Name: "in"}, Begun: at.Add(begun), Duration: 250 * time.Millisecond, Reason: reason, URL: "http://s3cr3t", ResponseBody: []byte("s3cr3t"),
		}
	}
	triggered := &store.Entry{
		Call:  store.Call{Webhook: plan.Key{Namespace: "ns", Name: "next"}, CreatedAt: at},
		State: store.State{Outcome: plan.OutcomeRenderFailed, EndedAt: at, Message: "it cannot be rendered"},
	}
	return []*store.End{
		{Call: call, Now: store.State{Attempts: 1, Due: at.Add(time.Minute)}, Attempt: attempt(plan.ReasonServerError, 0)}, // a retry follows
		{Call: call, Now: store.State{Attempts: 1, Outcome: plan.OutcomeSucceeded, StatusCode: 204, EndedAt: at.Add(time.Second), Message: "the receiver answered 204"}, Attempt: attempt(plan.ReasonSuccess, 750*time.Millisecond)},
		{
			Call: call, Was: store.State{Attempts: 1, Due: at.Add(time.Minute)},
			Now:     store.State{Attempts: 2, Outcome: plan.OutcomeFailed, StatusCode: 503, EndedAt: at.Add(time.Hour), Message: "the receiver answered 503"},
			Attempt: attempt(plan.ReasonServerError, 2*time.Minute), Calls: []*store.Entry{triggered, {Call: *call}},
		},
		{Call: call, Now: store.State{Outcome: plan.OutcomeCancelled, EndedAt: at.Add(-time.Second), Message: "it was cancelled"}},
	}
}

// TestCallLog: a line for each outcome, with all that is known and nothing that was sent.
func TestCallLog(t *testing.T) {
	const id = `"call":"019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11","webhook":"ns/wh"`
	const trace = `"traceId":"0af7651916cd43dd8448eb211c80319c"`
	succeeded := id + `,"outcome":"Succeeded","attempts":1,"durationSeconds":1,"integration":"ns/in","statusCode":204,"waitedSeconds":0.75,"attemptSeconds":0.25,` + trace
	rest := []string{
		id + `,"outcome":"Failed","attempts":2,"durationSeconds":3600,"integration":"ns/in","statusCode":503,"waitedSeconds":60,"attemptSeconds":0.25,"reason":"ServerError","message":"the receiver answered 503",` + trace,
		`"call":"00000000-0000-0000-0000-000000000000","webhook":"ns/next","outcome":"RenderFailed","attempts":0,"durationSeconds":0,"message":"it cannot be rendered"`,
		id + `,"outcome":"Cancelled","attempts":0,"durationSeconds":0,"integration":"ns/before","message":"it was cancelled",` + trace,
	}
	for which, want := range map[string][]string{LogAllCalls: append([]string{succeeded}, rest...), LogFailedCalls: rest, LogNoCalls: nil} {
		var log bytes.Buffer
		c := newCallLog(slog.New(slog.NewJSONHandler(&log, nil)), which)
		c.ended(endsOf())
		c.close()
		var have []string
		for line := range strings.Lines(log.String()) {
			_, fields, _ := strings.Cut(line, `"level":"INFO","msg":"call ended",`)
			have = append(have, strings.TrimSuffix(fields, "}\n"))
		}
		if diff := cmp.Diff(want, have); diff != "" {
			t.Errorf("%s (-want +got):\n%s", which, diff)
		}
		if strings.Contains(log.String(), "s3cr3t") {
			t.Errorf("the log shows what was sent: %s", log.String())
		}
	}
	if newCallLog(slog.New(slog.NewJSONHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelWarn})), LogAllCalls) != nil {
		t.Error("lines are made that nobody wants")
	}
}

// held is a writer that waits until it is let go.
type held struct {
	bytes.Buffer
	first sync.Once
	at    chan struct{}
	let   chan struct{}
}

func (h *held) Write(b []byte) (int, error) {
	h.first.Do(func() { close(h.at) })
	<-h.let
	return h.Buffer.Write(b)
}

// TestASlowLogHoldsNobodyUp: lines that find no place are counted.
func TestASlowLogHoldsNobodyUp(t *testing.T) {
	h := &held{at: make(chan struct{}), let: make(chan struct{})}
	c := newCallLog(slog.New(slog.NewJSONHandler(h, nil)), LogAllCalls)
	succeeded := endsOf()[1:2]
	c.ended(succeeded)
	<-h.at
	for range callLogLength + 7 {
		c.ended(succeeded)
	}
	close(h.let)
	c.close()
	lines, dropped := 0, 0.0
	for line := range strings.Lines(h.String()) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatal(err)
		}
		if fields["level"] == "WARN" {
			dropped, _ = fields["lines"].(float64)
		} else {
			lines++
		}
	}
	if lines != callLogLength+1 || dropped != 7 {
		t.Errorf("%d lines, %v dropped", lines, dropped)
	}
}

// TestLogCallsOption: what it may be.
func TestLogCallsOption(t *testing.T) {
	for value, good := range map[string]bool{"": true, "all": true, "failed": true, "none": true, "some": false} {
		o := Options{LogCalls: value}
		if err := o.checkLogCalls(); (err == nil) != good {
			t.Errorf("%q: %v", value, err)
		}
	}
}

// BenchmarkCallLog is what a line takes the engine, and what it takes to be written.
func BenchmarkCallLog(b *testing.B) {
	for _, which := range []string{LogAllCalls, LogNoCalls} {
		b.Run(fmt.Sprint("told-", which), func(b *testing.B) {
			c := newCallLog(slog.New(slog.NewJSONHandler(io.Discard, nil)), which)
			defer c.close()
			ends := endsOf()[1:2]
			b.ReportAllocs()
			for b.Loop() {
				c.ended(ends)
			}
		})
	}
	b.Run("written", func(b *testing.B) {
		c := &callLog{log: slog.New(slog.NewJSONHandler(io.Discard, nil))}
		end := endsOf()[2]
		line := lineOf(end.Call, &end.Now)
		line.waits = true
		b.ReportAllocs()
		for b.Loop() {
			c.write(&line)
		}
	})
}
