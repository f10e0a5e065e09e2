// Package response reads what a webhook wants to know from the answers of its
// receiver: variables by JSONPath (RFC 9535), the whole document, and whether the
// conditions hold.
//
// Guarantees: the manager, which judges the paths, and the dispatcher, which reads
// with them, compile with the same code. Values are what stands in the document:
// numbers keep their digits, objects and arrays the order of their members and the
// escapes in their texts, without the white space between. What is in a document
// cannot make reading it take long or much memory, see the constants in limits.go:
// it is read where it lies, and what is beyond a bound is an error. Errors are one
// sentence and hold nothing of the document. A [Reader] is immutable and safe for
// concurrent use.
//
// What a document may be: one JSON text (RFC 8259) in UTF-8, perhaps with a byte
// order mark before it, arrays and objects at most [MaxDepth] deep in each other. Of
// members with the same name the last counts where a path names it and in filters;
// wildcards and .. find them all. A \u escape of half a surrogate pair is U+FFFD in a
// value that is a text, and stays as it is in objects and arrays.
//
// Of RFC 9535 is missing: in a filter, paths that begin with $, .. and several
// selectors in one pair of brackets; regular expressions that are not literals or
// have more than [maxRegexp] instructions. Filters compare numbers as binary64, as
// I-JSON has them (RFC 7493, 2.2): two ids that differ only past 2^53 are equal.
//
// Non-goals: fetching the answer (package outbound), masking private values in what
// was read (package redact), what a call does with it (package engine).
//
// Start at [Compile] and [Reader.Read]; walk.go finds what a path selects.
package response
