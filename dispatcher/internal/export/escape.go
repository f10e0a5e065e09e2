package export

import (
	"encoding/binary"
	"math/bits"
	"slices"
	"strings"
	"unsafe"
)

// special tells the bytes that a JSON string cannot have as they are.
var special = func() (table [256]bool) {
	for c := range 0x20 {
		table[c] = true
	}
	table['"'], table['\\'] = true, true
	return table
}()

// specials marks which of eight bytes may be special, by their high bits: those below
// 0x20, quotation marks and backslashes. The lowest mark is always right, those above it
// may mark too much, never too little.
func specials(eight uint64) uint64 {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quotes, slashes := eight^(ones*'"'), eight^(ones*'\\')
	below := (eight - ones*0x20) &^ eight
	return (below | (quotes-ones)&^quotes | (slashes-ones)&^slashes) & high
}

// appendJSON appends a part of a JSON string. It copies eight bytes at a time, also where
// only some of them stand before one that is special: bodies that are JSON themselves
// have a quotation mark every few bytes.
func appendJSON(dst []byte, s string) []byte {
	src := unsafe.Slice(unsafe.StringData(s), len(s)) // only read
	dst, n := roomFor(dst, len(dst), len(src))
	i := 0
	for i+8 <= len(src) {
		eight := binary.LittleEndian.Uint64(src[i:])
		binary.LittleEndian.PutUint64(dst[n:], eight)
		marks := specials(eight)
		if marks == 0 {
			i, n = i+8, n+8
			continue
		}
		plain := bits.TrailingZeros64(marks) / 8
		i, n = i+plain+1, n+plain
		switch c := src[i-1]; {
		case !special[c]:
			n++ // it has been copied
		case c == '"' || c == '\\':
			dst[n], dst[n+1] = '\\', c
			n += 2
		default:
			n = len(appendControl(dst[:n], c))
			dst, n = roomFor(dst, n, len(src)-i)
		}
	}
	dst = dst[:n]
	for _, c := range src[i:] {
		switch {
		case !special[c]:
			dst = append(dst, c)
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = appendControl(dst, c)
		}
	}
	return dst
}

// roomFor returns dst with all of its capacity, of which n bytes are taken, and which has
// room for left bytes that may be escaped by a backslash, and for a control character.
func roomFor(dst []byte, n, left int) (room []byte, taken int) {
	room = slices.Grow(dst[:n], 2*left+16)
	return room[:cap(room)], n
}

// appendControl appends a control character.
func appendControl(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	switch c {
	case '\n':
		return append(dst, '\\', 'n')
	case '\r':
		return append(dst, '\\', 'r')
	case '\t':
		return append(dst, '\\', 't')
	}
	return append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
}

// appendCSV appends a part of a quoted cell.
func appendCSV(dst []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '"')
		if i < 0 {
			return append(dst, s...)
		}
		dst = append(append(dst, s[:i+1]...), '"')
		s = s[i+1:]
	}
}

// formulas are the characters that make a spreadsheet take a cell for a formula, or
// that it passes over before one.
var formulas = []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"}

// neutralise puts an apostrophe before a cell that a spreadsheet might calculate.
func neutralise(dst []byte, start int) []byte {
	if start == len(dst) || dst[start] > '@' && dst[start] < 0x80 {
		return dst
	}
	cell := string(dst[start:min(start+3, len(dst))])
	if slices.ContainsFunc(formulas, func(f string) bool { return strings.HasPrefix(cell, f) }) {
		return slices.Insert(dst, start, '\'')
	}
	return dst
}

// appendXML appends a part of an element's text. What XML 1.0 has no way to write (its
// section 2.2) becomes U+FFFD; line ends, which a parser would change, are references.
func appendXML(dst []byte, s string) []byte {
	done := 0
	for i := 0; i < len(s); i++ {
		var instead string
		n := 1
		switch c := s[i]; {
		case c == '&':
			instead = "&amp;"
		case c == '<':
			instead = "&lt;"
		case c == '>':
			instead = "&gt;"
		case c == '\n':
			instead = "&#xA;"
		case c == '\r':
			instead = "&#xD;"
		case c < 0x20 && c != '\t':
			instead = "\ufffd"
		case c == 0xef && i+2 < len(s) && s[i+1] == 0xbf && s[i+2] >= 0xbe: // U+FFFE, U+FFFF
			instead, n = "\ufffd", 3
		default:
			continue
		}
		dst = append(append(dst, s[done:i]...), instead...)
		i += n - 1
		done = i + 1
	}
	return append(dst, s[done:]...)
}
