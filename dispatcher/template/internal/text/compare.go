package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// IsBlank reports whether s has nothing but white space, or nothing at all.
// White space is what has Unicode's property White_Space: line ends, tabs and
// the no-break space too, but neither U+200B nor U+FEFF.
func IsBlank(s string) bool { return Trim(s) == "" }

// Trim returns s without the white space, as in [IsBlank], at both ends.
func Trim(s string) string { return strings.TrimSpace(s) }

// EqualFold reports whether two strings differ at most in case. Each character
// is compared in its simple upper case, without regard to culture: ß is not SS,
// and é is not e with U+0301. No character beyond ASCII is equal to one in it:
// neither ı nor the long ſ, which have an upper case there, nor the Kelvin sign.
func EqualFold(a, b string) bool {
	for a != "" && b != "" {
		if a[0] == b[0] && a[0] < utf8.RuneSelf {
			a, b = a[1:], b[1:]
			continue
		}
		x, n := utf8.DecodeRuneInString(a)
		y, m := utf8.DecodeRuneInString(b)
		if x != y && fold(x) != fold(y) {
			return false
		}
		a, b = a[n:], b[m:]
	}
	return a == b
}

// Contains reports whether s has the text sub in it, compared as by [EqualFold]:
// what is equal to a text also contains it. Every s contains an empty sub.
func Contains(s, sub string) bool {
	return strings.Contains(s, sub) || strings.Contains(strings.Map(fold, s), strings.Map(fold, sub))
}

// fold returns the form that both cases of a character share.
func fold(r rune) rune {
	upper := unicode.ToUpper(r)
	if upper < utf8.RuneSelf && r >= utf8.RuneSelf {
		return r
	}
	return upper
}
