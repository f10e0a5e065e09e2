// Package parts is what a webhook itself adds to a request: URL suffix, headers
// and body, first as templates and then as the text of one call.
//
// Guarantees: the manager, which judges a webhook and tries its sample data, and
// the dispatcher, which renders its calls, compile and render with the same
// code from the same [plan.Webhook], so that they cannot disagree. Errors hold
// no value of the data. [Templates] are immutable and safe for concurrent use.
//
// Non-goals: the language (package template), what the integration adds and how
// the full URL is put together (packages plan and outbound).
//
// Start at [Compile].
package parts
