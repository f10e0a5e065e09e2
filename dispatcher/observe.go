package dispatcher

import "github.com/maestra-io/webhook-operator/dispatcher/internal/store"

// What is told to those who watch. Nothing here may block, or keep or change what it is
// given.

// accepted tells of calls that are durable.
func (d *Dispatcher) accepted(entries []*store.Entry) {
	d.tail.Accepted(entries)
}

// ended tells of ends that are durable.
func (d *Dispatcher) ended(ends []*store.End) {
	d.tail.Ended(ends)
}
