// Package monitoring tests what people watch the operator with, against both processes as
// they run: who may scrape them, that docs/metrics.md describes what they show, and that
// the alerts, the dashboard and the runbooks name what there is and fire when they
// should.
//
// Start at TestMain and scrape.
package monitoring
