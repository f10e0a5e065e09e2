package escape

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// xmlDeclaration and xmlDoctype are XMLDecl and doctypedecl of XML 1.0 (2.8),
// without an internal subset; the output is UTF-8, so no other encoding may be
// declared.
var (
	xmlDeclaration = regexp.MustCompile(`^<\?xml[ \t\r\n]+version` + xmlEq + `(?:"1\.0"|'1\.0')` +
		`(?:[ \t\r\n]+encoding` + xmlEq + `(?i:"utf-8"|'utf-8'))?` +
		`(?:[ \t\r\n]+standalone` + xmlEq + `(?:"(?:yes|no)"|'(?:yes|no)'))?[ \t\r\n]*\?>`)
	xmlDoctype = regexp.MustCompile(`^<!DOCTYPE[ \t\r\n]+([^][<>"' \t\r\n]+)` +
		`(?:[ \t\r\n]+(?:SYSTEM|PUBLIC[ \t\r\n]+(?:"` + xmlPublic + `'*"|'` + xmlPublic + `'))[ \t\r\n]+(?:"[^"]*"|'[^']*'))?` +
		`[ \t\r\n]*>`)
)

const (
	xmlEq     = `[ \t\r\n]*=[ \t\r\n]*`
	xmlPublic = `[-a-zA-Z0-9()+,./:=?;!*#@$_% \r\n]*`
)

// xmlCharacters returns how many bytes of text are characters of XML (2.2).
func xmlCharacters(text string) int {
	for i := 0; i < len(text); {
		c := text[i]
		if c < utf8.RuneSelf {
			if c < ' ' && !isSpace(c) {
				return i
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 || !isXMLCharacter(r) {
			return i
		}
		i += size
	}
	return len(text)
}

// isXMLCharacter is Char of XML 1.0 (2.2).
func isXMLCharacter(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r < 0xD800:
		return true
	}
	return 0xE000 <= r && r <= 0xFFFD || 0x10000 <= r && r <= unicode.MaxRune
}

// isReferenceByte reports whether c may stand between & and ; of a reference.
func isReferenceByte(c byte) bool {
	return 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9' || c == '#'
}

// isReference reports whether &name; is one of the five entities of XML or a
// character.
func isReference(name string) bool {
	switch name {
	case "amp", "lt", "gt", "quot", "apos":
		return true
	}
	digits, base := strings.CutPrefix(name, "#")
	if !base {
		return false
	}
	number, hex := strings.CutPrefix(digits, "x")
	radix := 10
	if hex {
		radix = 16
	}
	n, err := strconv.ParseUint(number, radix, 32)
	return err == nil && n <= unicode.MaxRune && isXMLCharacter(rune(n))
}

// xmlNameStart and xmlNameMore are NameStartChar above ASCII, and what NameChar
// has beside it (XML 1.0, 2.3).
var (
	xmlNameStart = &unicode.RangeTable{
		R16: []unicode.Range16{
			{Lo: 0xC0, Hi: 0xD6, Stride: 1}, {Lo: 0xD8, Hi: 0xF6, Stride: 1}, {Lo: 0xF8, Hi: 0x2FF, Stride: 1},
			{Lo: 0x370, Hi: 0x37D, Stride: 1}, {Lo: 0x37F, Hi: 0x1FFF, Stride: 1}, {Lo: 0x200C, Hi: 0x200D, Stride: 1},
			{Lo: 0x2070, Hi: 0x218F, Stride: 1}, {Lo: 0x2C00, Hi: 0x2FEF, Stride: 1}, {Lo: 0x3001, Hi: 0xD7FF, Stride: 1},
			{Lo: 0xF900, Hi: 0xFDCF, Stride: 1}, {Lo: 0xFDF0, Hi: 0xFFFD, Stride: 1},
		},
		R32: []unicode.Range32{{Lo: 0x10000, Hi: 0xEFFFF, Stride: 1}},
	}
	xmlNameMore = &unicode.RangeTable{
		R16: []unicode.Range16{
			{Lo: 0xB7, Hi: 0xB7, Stride: 1}, {Lo: 0x300, Hi: 0x36F, Stride: 1}, {Lo: 0x203F, Hi: 0x2040, Stride: 1},
		},
	}
)

func isXMLNameStart(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r|0x20 && r|0x20 <= 'z' || r == '_' || r == ':'
	}
	return unicode.Is(xmlNameStart, r)
}

// xmlNameEnd returns how many bytes of text are a name, 0 if none begins there.
func xmlNameEnd(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	if size == 0 || !isXMLNameStart(r) || r == utf8.RuneError && size == 1 {
		return 0
	}
	return size + xmlNameRest(text[size:])
}

// isQualified reports whether name, of which more may come if it has not ended, is
// as Namespaces in XML 1.0 (4) has it: parsers that know prefixes refuse others.
func isQualified(name string, ended bool) bool {
	prefix, local, colon := strings.Cut(name, ":")
	switch {
	case !colon:
		return true
	case local == "":
		return prefix != "" && !ended
	}
	return prefix != "" && xmlNameEnd(local) > 0 && !strings.Contains(local, ":")
}

// xmlNameRest returns how many bytes of text go on with a name.
func xmlNameRest(text string) int {
	for i, r := range text {
		ascii := '0' <= r && r <= '9' || r == '-' || r == '.'
		if !ascii && !isXMLNameStart(r) && !unicode.Is(xmlNameMore, r) {
			return i
		}
	}
	return len(text)
}
