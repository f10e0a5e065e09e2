package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
)

// Defaults and least values of what bounds the delivery log.
const (
	DefaultLogMaxAge   = 336 * time.Hour
	MinLogMaxAge       = time.Hour
	DefaultLogMaxBytes = 10 << 30
	MinLogMaxBytes     = 64 << 20
)

const (
	// sweepInterval is how often the log is swept. When it takes more bytes than it may,
	// which is looked at every sweepCheck, it is swept then; once more within
	// sweepAgain only if that helped.
	sweepInterval = 5 * time.Minute
	sweepCheck    = 10 * time.Second
	sweepAgain    = time.Minute
)

// checkLog fills in what bounds the log and refuses what is too little.
func (o *Options) checkLog() error {
	if o.LogMaxAge == 0 {
		o.LogMaxAge = DefaultLogMaxAge
	}
	if o.LogMaxBytes == 0 {
		o.LogMaxBytes = DefaultLogMaxBytes
	}
	if o.LogMaxAge < MinLogMaxAge {
		return fmt.Errorf("the delivery log cannot be kept for %s; set --log-max-age to %s at least", o.LogMaxAge, MinLogMaxAge)
	}
	if o.LogMaxBytes < MinLogMaxBytes {
		return fmt.Errorf("%d MiB are too little for the delivery log; set --log-max-mib to %d at least", o.LogMaxBytes/mib, MinLogMaxBytes/mib)
	}
	return nil
}

// sweepLog drops what is past its retention from the log until ctx ends.
func (d *Dispatcher) sweepLog(ctx context.Context) error {
	retention := store.Retention{MaxAge: d.options.LogMaxAge, MaxBytes: d.options.LogMaxBytes, Policy: d.engine}
	tick := time.NewTicker(sweepCheck)
	defer tick.Stop()
	var last time.Time
	helped := true // the first one may
	for {
		since, exceeds := time.Since(last), d.store.Exceeds(retention)
		// Without configuration the bounds of integrations are not known, and those of the
		// installation, which drop less, hold for all.
		if since >= sweepInterval || exceeds && (helped || since >= sweepAgain) {
			begun := time.Now()
			swept, err := d.store.Sweep(ctx, retention, begun)
			switch {
			case ctx.Err() != nil, errors.Is(err, store.ErrClosed):
				return nil
			case err != nil:
				return err
			case swept.Rows > 0:
				d.log.Info("dropped what is past its retention from the delivery log",
					"calls", swept.Calls, "rows", swept.Rows, "bytes", swept.Bytes, "took", time.Since(begun).String())
			}
			last, helped = time.Now(), swept.Rows > 0 || !exceeds
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}
