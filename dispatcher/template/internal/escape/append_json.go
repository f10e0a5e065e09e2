package escape

import (
	"math/bits"
	"unicode/utf8"
)

const (
	hexLower = "0123456789abcdef"
	hexUpper = "0123456789ABCDEF"
)

// jsonSafe leaves out what JSON asks to escape and <, so that a body that is put
// into a page does not end its script.
var jsonSafe = safeASCII(`"\<`)

// AppendJSONString appends text as a JSON string, with quotes.
func AppendJSONString(dst []byte, text string) []byte {
	dst = append(dst, '"')
	dst = Append(dst, text, JSONString)
	return append(dst, '"')
}

// appendJSON appends text, of which the first safe bytes are safe, for the inside
// of a JSON string. Escaped are quotes, backslashes, control characters, < and the
// two line ends of JavaScript that are none in JSON, U+2028 and U+2029.
func appendJSON(dst []byte, text string, safe int) []byte {
	from := 0
	for i := safe; i < len(text); {
		c := text[i]
		switch {
		case jsonSafe[c]:
			i += jsonRun(text[i:])
			continue
		case c < utf8.RuneSelf:
			dst = append(dst, text[from:i]...)
			dst = appendJSONEscape(dst, c)
			i++
			from = i
			continue
		case isPair(text[i:]):
			i += 2
			continue
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			dst = append(dst, text[from:i]...)
			dst = append(dst, replacement...)
			from = i + size
		case r == '\u2028' || r == '\u2029':
			dst = append(dst, text[from:i]...)
			dst = append(dst, `\u202`...)
			dst = append(dst, hexLower[r&0xf])
			from = i + size
		}
		i += size
	}
	return append(dst, text[from:]...)
}

// isPair reports whether text begins with a character of two bytes, as those of
// most alphabets are. It spares decoding them.
func isPair(text string) bool {
	return len(text) > 1 && 0xC2 <= text[0] && text[0] <= 0xDF && text[1]&0xC0 == 0x80
}

// jsonRun returns how many bytes at the begin of text are safe. It looks at eight
// at once, which is three times as fast for the usual value.
func jsonRun(text string) int {
	const word = 8
	i := 0
	for ; len(text)-i >= word; i += word {
		if found := jsonUnsafe(eight(text[i:])); found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	if i > 0 { // the last eight, of which the first were safe
		last := len(text) - word
		if found := jsonUnsafe(eight(text[last:])); found != 0 {
			return last + bits.TrailingZeros64(found)/8
		}
		return len(text)
	}
	for i < len(text) && jsonSafe[text[i]] {
		i++
	}
	return i
}

// eight returns the first eight bytes of text, the first one lowest.
func eight(text string) uint64 {
	_ = text[7]
	return uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
}

// jsonUnsafe looks at eight bytes. The lowest bit that it returns is in the first
// that is not safe; it returns 0 if all are safe. Higher bits say nothing,
// because of the borrow. Bytes above ASCII keep their top bit in one of the terms.
func jsonUnsafe(x uint64) uint64 {
	const (
		ones = 0x0101010101010101
		tops = 0x80 * ones
	)
	return ((x - ' '*ones) | ((x ^ '"'*ones) - ones) | ((x ^ '\\'*ones) - ones) | ((x ^ '<'*ones) - ones)) & tops
}

// jsonLetters has what follows the backslash of the short escapes, by what is
// escaped.
var jsonLetters = [utf8.RuneSelf]byte{'"': '"', '\\': '\\', '\n': 'n', '\r': 'r', '\t': 't', '\b': 'b', '\f': 'f'}

// appendJSONEscape appends the escape sequence of an ASCII character.
func appendJSONEscape(dst []byte, c byte) []byte {
	if letter := jsonLetters[c&(utf8.RuneSelf-1)]; letter != 0 {
		return append(dst, '\\', letter)
	}
	return append(dst, '\\', 'u', '0', '0', hexLower[c>>4], hexLower[c&0xf])
}

// IsJSONScalar reports whether text is exactly one JSON string, number, true,
// false or null, without white space around it. Its strings are valid UTF-8.
func IsJSONScalar(text string) bool {
	s := jsonStart
	if text == "" || !beginsValue(text[0]) || text[0] == '{' || text[0] == '[' {
		return false
	}
	s.begin(text[0])
	for i := 1; i < len(text); {
		var n int
		var message string
		switch {
		case s.place == jsonString:
			n, message = s.inString(text[i:])
		case s.place == jsonEscape || s.place == jsonHex:
			n, message = s.inEscape(text[i])
		case s.place == jsonWord:
			n, message = s.inWord(text[i])
		case s.inNumber():
			next := numberStep(s.place, text[i])
			if next == jsonItem {
				return false
			}
			s.place, n = next, 1
		default: // behind the value
			return false
		}
		if message != "" {
			return false
		}
		i += n
	}
	return s.end() == ""
}
