package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxUnit is the last character that is one UTF-16 code unit.
const maxUnit = 0xFFFF

// half stands for one half of a character beyond the BMP.
const half = string(utf8.RuneError)

// Length returns how many UTF-16 code units s has.
func Length(s string) int64 {
	var n int64
	for _, r := range s {
		n++
		if r > maxUnit {
			n++
		}
	}
	return n
}

// Substring returns what of s begins at the unit start, counted from 1. A start
// one past the last unit gives an empty string; the flag is false if it lies
// beyond that or below 1.
func Substring(s string, start int64) (string, bool) {
	first, rest, ok := from(s, start)
	return first + rest, ok
}

// SubstringLen returns length units of s beginning at the unit start, counted
// from 1. The flag is false if s does not hold all of them: nothing is clamped.
// It is also false for a start below 1 and a length below 0.
func SubstringLen(s string, start, length int64) (string, bool) {
	first, rest, ok := from(s, start)
	if !ok || length < 0 {
		return "", false
	}
	if length == 0 {
		return "", true
	}
	if first != "" {
		length--
	}
	at, inside, ok := offset(rest, length)
	if !ok {
		return "", false
	}
	if inside {
		return first + rest[:at] + half, true
	}
	return first + rest[:at], true
}

// Truncate shortens s to at most n units, "..." included. A longer s keeps its
// first n-3 units, without a last word of a single unit, and without what is no
// letter or digit at the end of that. The flag is false if s is longer than n
// and n is below 3 or nothing is left.
//
// A last word that a space follows stays, also if it is a single unit. What is
// beyond the BMP is neither letter nor digit.
func Truncate(s string, n int64) (string, bool) {
	if Length(s) <= n {
		return s, true
	}
	if n < 3 {
		return "", false
	}
	// A half at the end is no letter, so it is left out from the start.
	at, inside, _ := offset(s, n-3)
	kept := s[:at]
	if word := kept[strings.LastIndexByte(kept, ' ')+1:]; !inside && Length(word) == 1 {
		kept = kept[:len(kept)-len(word)]
	}
	kept = strings.TrimRightFunc(kept, func(r rune) bool { return !isLetterOrDigit(r) })
	if kept == "" {
		return "", false
	}
	return kept + "...", true
}

// from returns what of s begins at the unit start, counted from 1: a half of a
// character if start is inside one, and the rest.
func from(s string, start int64) (first, rest string, ok bool) {
	if start < 1 {
		return "", "", false
	}
	at, inside, ok := offset(s, start-1)
	if !ok {
		return "", "", false
	}
	if inside {
		_, size := utf8.DecodeRuneInString(s[at:])
		return half, s[at+size:], true
	}
	return "", s[at:], true
}

// offset returns the bytes that the first units of s take. If they end inside a
// character, it is where that begins. The flag ok is false if s is shorter.
func offset(s string, units int64) (at int, inside, ok bool) {
	for i, r := range s {
		if units <= 0 {
			return i, false, true
		}
		units--
		if r > maxUnit {
			if units == 0 {
				return i, true, true
			}
			units--
		}
	}
	return len(s), false, units == 0
}

// isLetterOrDigit judges one UTF-16 code unit: the halves of a character beyond
// the BMP are neither.
func isLetterOrDigit(r rune) bool {
	return r <= maxUnit && (unicode.IsLetter(r) || unicode.IsDigit(r))
}
