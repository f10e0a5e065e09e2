// Package format writes numbers, dates and time spans of the template language
// by format strings, and knows the cultures that decide on separators and
// names. The strings are those of .NET: authors know them from there, and
// templates come with them.
//
// [Number], [Date] and [Time] append a value to a buffer; [CheckNumber],
// [CheckDate] and [CheckTime] tell whether a format is valid before there is a
// value. [DateTime] and [TimeSpan] are the values that a JSON text becomes.
//
// Guarantees: results are those of .NET on Linux with ICU 72, except where
// decimals go on exactly beyond .NET's 28 digits and where a limit cuts
// ([MaxPrecision], [decimal.MaxAddedZeros]); output is bounded by the format and
// the digits of the number, time by their lengths; nothing panics; everything is
// safe for concurrent use; errors hold neither format nor value.
//
// Non-goals: parsing by a format, calendars other than the Gregorian, time zone
// names and rules, cultures that need other digits than 0 to 9.
//
// Start at [Lookup] and the three functions. number.go, date.go and time.go have
// the formats; culture*.go and names.go have the tables, one concern a file.
package format
