// Package storetest is the suite that every backend of package store passes:
// each promise in the comments of [store.Store] is a test here.
//
// Guarantees: a backend that passes keeps its promises between a clean Close and
// the next open, and under concurrent use (run it with -race).
//
// Non-goals: the death of process or machine, which each backend tests with the
// means its disk or network offers; speed.
//
// Start at [Run].
package storetest
