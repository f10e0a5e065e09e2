// Package store is the one place where calls, attempt marks, due times,
// outcomes and the delivery log rest. [Store] is the interface; its comments are
// the durability promises, storetest is the suite that every backend passes, and
// [Open] gives the embedded backend, a Pebble database in one folder.
//
// Guarantees: each step of a call is one atomic, durable batch (accepted, begun,
// ended); listings are read from a cursor, so that finished calls cost nothing;
// one process at a time.
//
// The delivery log, in the order of time, is read by [Store.Log]; what is past its
// retention goes by [Pebble.Sweep].
//
// Non-goals: deciding what happens next (package engine), replication (a later
// backend's affair).
//
// Start at [Store].
package store
