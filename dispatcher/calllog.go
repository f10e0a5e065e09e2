package dispatcher

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The values of [Options.LogCalls].
const (
	LogAllCalls    = "all"
	LogFailedCalls = "failed"
	LogNoCalls     = "none"
)

// callLogLength is how many lines may wait to be written. Who reads the log may be slow;
// attempts do not wait for that.
const callLogLength = 8192

// callLog writes a line for each final outcome. It is told of them by the committer of
// the engine and by intake, and writes in a goroutine of its own; lines that find no place
// are counted and left out.
type callLog struct {
	log     *slog.Logger
	failed  bool // only those that did not succeed
	lines   chan callLine
	stop    chan struct{}
	once    sync.Once
	stopped chan struct{}
	dropped atomic.Int64
}

// callLine is what a line says. It keeps nothing of the call but short texts.
type callLine struct {
	id                   uuid.UUID
	webhook, integration plan.Key
	outcome              plan.Outcome
	attempts, code       int
	ended                time.Time
	took, waited         time.Duration
	attempt              time.Duration // how long the last one took; there was one if waits is set
	waits                bool
	reason               plan.Reason
	message, trace       string
}

// newCallLog begins a log; nil, which logs nothing, for [LogNoCalls].
func newCallLog(log *slog.Logger, which string) *callLog {
	if which == LogNoCalls || !log.Enabled(context.Background(), slog.LevelInfo) {
		return nil
	}
	c := &callLog{
		log: log, failed: which == LogFailedCalls,
		lines: make(chan callLine, callLogLength), stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	go c.run()
	return c
}

// ended logs those of the ends that ended their calls, and calls that these triggered and
// that could not be made.
func (c *callLog) ended(ends []*store.End) {
	if c == nil {
		return
	}
	for _, end := range ends {
		if end.Now.Finished() && c.wants(end.Now.Outcome) {
			line := lineOf(end.Call, &end.Now)
			if a := end.Attempt; a != nil {
				due := end.Was.Due
				if due.IsZero() {
					due = end.Call.CreatedAt
				}
				line.integration, line.reason, line.attempt = a.Integration, a.Reason, a.Duration
				line.waited, line.waits = max(0, a.Begun.Sub(due)), true
			}
			c.add(&line)
		}
		c.accepted(end.Calls)
	}
}

// accepted logs those of the calls that have ended already.
func (c *callLog) accepted(entries []*store.Entry) {
	if c == nil {
		return
	}
	for _, entry := range entries {
		if entry.State.Finished() && c.wants(entry.State.Outcome) {
			line := lineOf(&entry.Call, &entry.State)
			c.add(&line)
		}
	}
}

func (c *callLog) wants(outcome plan.Outcome) bool { return !c.failed || !outcome.Success() }

// lineOf is the line of a finished call.
func lineOf(call *store.Call, state *store.State) callLine {
	line := callLine{
		id: call.ID, webhook: call.Webhook, integration: call.Integration, outcome: state.Outcome, attempts: state.Attempts, code: state.StatusCode,
		ended: state.EndedAt, took: max(0, state.EndedAt.Sub(call.CreatedAt)), trace: tracing.TraceOf(call.Trace),
	}
	if !state.Outcome.Success() {
		line.message = state.Message
	}
	return line
}

// add has a line written.
func (c *callLog) add(line *callLine) {
	select {
	case c.lines <- *line:
	default:
		c.dropped.Add(1)
	}
}

// run writes lines until close.
func (c *callLog) run() {
	defer close(c.stopped)
	for {
		select {
		case line := <-c.lines:
			c.write(&line)
		case <-c.stop:
			for {
				select {
				case line := <-c.lines:
					c.write(&line)
				default:
					c.writeDropped()
					return
				}
			}
		}
	}
}

// close writes what waits. Nothing may be added after it.
func (c *callLog) close() {
	if c != nil {
		c.once.Do(func() { close(c.stop) })
		<-c.stopped
	}
}

// write writes a line.
func (c *callLog) write(l *callLine) {
	c.writeDropped()
	var room [14]slog.Attr
	attributes := append(room[:0],
		slog.String("call", l.id.String()), slog.String("webhook", l.webhook.String()),
		slog.String("outcome", string(l.outcome)), slog.Int("attempts", l.attempts), slog.Float64("durationSeconds", seconds(l.took)))
	if l.integration != (plan.Key{}) { // taken in before it was kept
		attributes = append(attributes, slog.String("integration", l.integration.String()))
	}
	if l.code != 0 {
		attributes = append(attributes, slog.Int("statusCode", l.code))
	}
	if l.waits {
		attributes = append(attributes, slog.Float64("waitedSeconds", seconds(l.waited)), slog.Float64("attemptSeconds", seconds(l.attempt)))
		if l.reason != plan.ReasonSuccess {
			attributes = append(attributes, slog.String("reason", string(l.reason)))
		}
	}
	if l.message != "" {
		attributes = append(attributes, slog.String("message", l.message))
	}
	if l.trace != "" {
		attributes = append(attributes, slog.String("traceId", l.trace))
	}
	c.log.LogAttrs(context.Background(), slog.LevelInfo, "call ended", attributes...)
}

// writeDropped says how many lines were left out.
func (c *callLog) writeDropped() {
	if c.dropped.Load() == 0 {
		return
	}
	c.log.Warn("the log is read too slowly, so calls ended without a line of their own; --log-calls=failed makes fewer", "lines", c.dropped.Swap(0))
}

// seconds are those of a duration, to the microsecond.
func seconds(d time.Duration) float64 { return d.Round(time.Microsecond).Seconds() }

// checkLogCalls refuses a value that is none of [Options.LogCalls].
func (o *Options) checkLogCalls() error {
	switch o.LogCalls {
	case "":
		o.LogCalls = LogAllCalls
	case LogAllCalls, LogFailedCalls, LogNoCalls:
	default:
		return fmt.Errorf("calls are logged by all, failed or none, not by %q", o.LogCalls)
	}
	return nil
}
