// Package decimal has the numbers of the template language: exact decimal
// numbers that remember how many places they were written with.
//
// A [Decimal] is a small value. A number of the data references its JSON text
// ([Parse]); results are an int64 and a scale wherever they fit. Reading,
// rounding and writing such numbers allocates nothing.
//
// Guarantees: nothing is rounded but by the operations that say so; trailing
// zeros are kept (10.00 is not 10.0); zero has no sign; every operation takes
// time in proportion to the digits of the number, whatever its exponent says,
// and never panics.
//
// Non-goals: arithmetic. The language calculates in float64; [Decimal.Float64]
// and [FromFloat] lead there and back.
//
// Start at [Decimal] and [Decimal.AppendTo].
package decimal
