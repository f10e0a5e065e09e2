// Package export writes rows of the delivery log as CSV, JSON, NDJSON or XML: what an
// export, a page of rows and a live tail have of a row is made here.
//
// Guarantees: a format keeps nothing between rows, so that rows can be encoded by many
// goroutines and joined in order; all that is written is valid UTF-8, and valid in its
// format, whatever is in a row; a row of NDJSON, and one of JSON or XML behind the
// first line, is one line; columns stand in the order of the type Delivery of package
// client.
//
// Non-goals: masking (a row is masked before it is stored), sending (package httpapi).
//
// Start at [Of] and columns.go.
package export
