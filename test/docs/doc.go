// Package docs tests what the documents say of the tests: in a table with a column
// "held by" each row names tests, and they exist. It has no code but tests.
//
// Non-goals: whether a test holds what the row says, which a reviewer judges.
//
// Start at TestHeldBy.
package docs
