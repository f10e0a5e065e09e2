package dispatcher

import (
	"context"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/tracing"
)

// flushTimeout is how long the last traces have at the end, after the drain, of the 15 s
// that are left of a pod's grace period.
const flushTimeout = 3 * time.Second

// observe prepares what tells of calls and attempts.
func (d *Dispatcher) observe() (err error) {
	d.calls = newCallLog(d.log, d.options.LogCalls)
	d.tracer, err = tracing.New(*d.options.tracing())
	return err
}

// ended is told of the ends of attempts and calls when they are durable. Each of those
// who want to know has a line here; none of them may block.
func (d *Dispatcher) ended(ends []*store.End) {
	d.calls.ended(ends)
}

// accepted is told of calls that were taken in when they are durable, those included
// that ended at once.
func (d *Dispatcher) accepted(entries []*store.Entry) {
	d.calls.accepted(entries)
}

// flushTraces hands the last traces over. That they cannot be is said in the log: it is no
// failure of the dispatcher.
func (d *Dispatcher) flushTraces() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := d.tracer.Shutdown(ctx); err != nil {
		d.log.Warn("traces are lost", "error", err, "spans", d.tracer.Dropped())
	}
}
