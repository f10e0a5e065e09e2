// Package text has the string functions of the template language: strings as
// its functions see them, with positions and lengths in UTF-16 code units.
//
// A string is UTF-8 here and stays so: nothing is converted to UTF-16, positions
// are only counted as if it were. A character beyond the BMP, such as most
// emoji, counts two units. A cut between the two leaves U+FFFD for the half that
// is kept, which is what a lone surrogate becomes when it is sent. A byte that is
// not part of valid UTF-8 counts as the one unit U+FFFD, and is kept as it is by
// whatever does not look at it.
//
// Guarantees: no function panics, whatever it is given; each takes time linear
// in its arguments and result; what cuts or trims a string copies nothing; what can
// be much larger than its arguments takes a bound in bytes and says when it would
// pass it, before it allocates. All are pure and safe for concurrent use.
//
// Non-goals: arguments' types, conversions between values and text, and the
// words of errors are the caller's part; cultures are mappings that the caller
// brings; percent-encoding, JSON and XML are package escape's.
//
// Positions are in units.go, letters in capitalize.go and compare.go, digests and
// encodings in digest.go, the rest in assemble.go and plural.go. The test compares
// with a slow second implementation on []uint16.
package text
