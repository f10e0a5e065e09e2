// Package stack runs the manager and the dispatcher as the processes they are in
// a cluster, against a real API server, for end-to-end tests, crash tests and
// the playground.
//
// Guarantees: the manager has the rights of its service account in config/rbac
// and no others; no process outlives [Stack.Stop], nor the process that started
// it. Non-goals: pods, images and volumes.
//
// Start at [Start].
package stack
