package format

import (
	"strings"
	"unicode"
)

// The Turkish letters: i has the capital İ there, and I the small letter ı.
const (
	capitalDottedI = 'İ'
	smallDotlessI  = 'ı'
)

// ToUpper returns the text in capitals, each character by itself: ß stays ß,
// since its capital form has two letters. Outside Turkish, i becomes I.
func (c *Culture) ToUpper(s string) string { return strings.Map(c.upper, s) }

// ToLower returns the text in small letters, each character by itself.
func (c *Culture) ToLower(s string) string { return strings.Map(c.lower, s) }

func (c *Culture) upper(r rune) rune {
	switch {
	case r == 'i' && c.isTurkish():
		return capitalDottedI
	case r == smallDotlessI && c == invariant:
		return r
	default:
		return unicode.ToUpper(r)
	}
}

func (c *Culture) lower(r rune) rune {
	switch {
	case r == 'I' && c.isTurkish():
		return smallDotlessI
	case r == capitalDottedI && c == invariant:
		return r
	default:
		return unicode.ToLower(r)
	}
}

func (c *Culture) isTurkish() bool { return c.name == "tr-TR" }
