package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Capitalize returns s with its first character in upper case, if it is in the
// BMP, and each run of spaces (U+0020) between words as one, those at both ends
// left out. No culture has a part in it.
func Capitalize(s string) string {
	if capitalized(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + utf8.UTFMax)
	for word := range strings.SplitSeq(s, " ") {
		if word == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		} else if r, size := utf8.DecodeRuneInString(word); r != upperFirst(r) {
			b.WriteRune(upperFirst(r))
			word = word[size:]
		}
		b.WriteString(word)
	}
	return b.String()
}

// capitalized reports whether Capitalize has nothing to do.
func capitalized(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return r == upperFirst(r) && !strings.HasPrefix(s, " ") && !strings.HasSuffix(s, " ") && !strings.Contains(s, "  ")
}

// upperFirst is the upper case of a character without regard to culture. The
// dotless ı has none there, and half a character neither.
func upperFirst(r rune) rune {
	if r == 'ı' || r > maxUnit {
		return r
	}
	return unicode.ToUpper(r)
}

// Casing is the upper and lower case of a culture, one character for one. Both
// functions must be there.
type Casing struct {
	Upper, Lower func(rune) rune
	// JoinIJ makes a word that begins with the letters i and j, in any case,
	// begin with IJ, as the cultures of Dutch (nl-…) do.
	JoinIJ bool
}

// CapitalizeAllWords returns s in title case: the first letter of each word in
// upper case, or in the title form that the digraphs ǆ, ǉ, ǌ and ǳ have, and the
// others in lower case. A word in which no letter is in lower case keeps its
// others as they are (NASA). After an apostrophe (') they are in lower case
// always (O'NEIL becomes O'neil).
//
// A word begins at a letter. Letters, marks and numbers continue it; white
// space, controls, format characters, symbols and punctuation but ' end it.
func CapitalizeAllWords(s string, c Casing) string {
	var b strings.Builder
	b.Grow(len(s))
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		if unicode.IsLetter(r) {
			s = c.writeWord(&b, s)
		} else {
			b.WriteString(s[:size])
			s = s[size:]
		}
	}
	return b.String()
}

// writeWord writes the word that s begins with and returns what follows it.
func (c Casing) writeWord(b *strings.Builder, s string) (rest string) {
	first, size := utf8.DecodeRuneInString(s)
	if c.JoinIJ && len(s) >= 2 && s[0]|0x20 == 'i' && s[1]|0x20 == 'j' {
		b.WriteString("IJ")
		size = 2
	} else {
		b.WriteRune(c.title(first))
	}
	s = s[size:]
	for lower := unicode.IsLower(first); ; lower = true {
		n, found := scanRest(s)
		c.writeRest(b, s[:n], lower || found)
		if s = s[n:]; !strings.HasPrefix(s, "'") {
			return s
		}
		b.WriteByte('\'')
		s = s[1:]
	}
}

// scanRest returns how far a word goes on in s, up to an apostrophe, and whether
// one of the letters there is in lower case.
func scanRest(s string) (n int, lower bool) {
	for i, r := range s {
		if endsWord(r) {
			return i, lower
		}
		lower = lower || unicode.IsLower(r)
	}
	return len(s), lower
}

// writeRest writes letters after the first of a word.
func (c Casing) writeRest(b *strings.Builder, s string, lower bool) {
	if !lower {
		b.WriteString(s)
		return
	}
	for _, r := range s {
		b.WriteRune(c.Lower(r))
	}
}

// title returns the form of a letter that begins a word.
func (c Casing) title(r rune) rune {
	if 'Ǆ' <= r && r <= 'ǌ' || 'Ǳ' <= r && r <= 'ǳ' {
		return unicode.ToTitle(r)
	}
	return c.Upper(r)
}

// endsWord reports whether a word, or the part of it before an apostrophe, ends
// at r. Invalid UTF-8 reads as U+FFFD, a symbol.
func endsWord(r rune) bool {
	return unicode.IsPunct(r) || unicode.IsSymbol(r) || unicode.IsControl(r) || unicode.In(r, unicode.Z, unicode.Cf)
}
