// Package bench compares the template language with other template engines, in a
// module of its own so that none of them is a dependency of the operator.
//
// `make bench-template` runs it. docs/benchmarks.md has the results.
package bench
