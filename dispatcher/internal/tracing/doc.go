// Package tracing makes the spans of calls and hands them to an OpenTelemetry
// collector by OTLP over HTTP, and carries from one to the next what a trace is known
// by (W3C Trace Context).
//
// Guarantees:
//   - a nil [Tracer] and a nil [Span] do nothing and take no memory, so that those who
//     make spans need not ask whether anybody wants them;
//   - of a trace that is not sampled there is no span, only its context goes on;
//   - nothing waits for a collector: ended spans go into a bounded queue, and those
//     that find no place there are dropped and counted (export.go);
//   - a collector that cannot be reached is one line of the log a minute at most,
//     without the headers that it is sent.
//
// Non-goals: what is worth a span, and which attributes it has, is decided by those
// who make it; they see to it that no private value is among them. Metrics and logs do
// not go to the collector.
//
// Start at [New] and [Tracer.Start]; [Context] is what is kept with a call.
package tracing
