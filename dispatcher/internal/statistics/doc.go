// Package statistics counts rows of the delivery log by steps of time: outcomes, attempts,
// how long they took and how long calls had waited.
//
// Guarantees: quantiles are within 4 % of what they stand for, and no more than the
// greatest value; memory is bounded by the number of steps, 6 KiB each.
//
// Non-goals: reading the log (package store), what waits now (package queuelog).
//
// Start at [Counter].
package statistics
