// Package queuelog remembers for a day, minute by minute, how many calls waited and how
// old the oldest due one was.
//
// Guarantees: what is remembered is of single namespaces, so that nobody sees what waits
// in others; memory is bounded: a minute has at most 512 samples of 16 bytes, those with
// the oldest calls, and none where nothing waits.
//
// Non-goals: what waits now (package engine), times before this process.
//
// Start at [Log].
package queuelog
