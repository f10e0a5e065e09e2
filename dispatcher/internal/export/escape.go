package export

import (
	"encoding/binary"
	"slices"
	"strings"
	"unsafe"
)

// special tells the bytes that a JSON string cannot have as they are, or, of those
// above ASCII, of which one might be.
var special = func() (table [256]bool) {
	for c := range 0x20 {
		table[c] = true
	}
	table['"'], table['\\'], table[0x7f] = true, true, true
	return table
}()

// hasSpecial reports whether one of eight bytes is special, eight at a time: the high
// bit of each byte of the sum is set if it is below 0x20, a quotation mark or a
// backslash. A byte above ASCII can make it report too much, never too little.
func hasSpecial(eight uint64) bool {
	const ones, high = 0x0101010101010101, 0x8080808080808080
	quotes, slashes := eight^(ones*'"'), eight^(ones*'\\')
	below := (eight - ones*0x20) &^ eight
	return (below|(quotes-ones)&^quotes|(slashes-ones)&^slashes)&high != 0
}

// appendJSON appends a part of a JSON string.
func appendJSON(dst []byte, s string) []byte {
	const digits = "0123456789abcdef"
	dst = slices.Grow(dst, len(s))
	bytes := unsafe.Slice(unsafe.StringData(s), len(s)) // only read
	done := 0
	for i := 0; i < len(s); {
		if i+8 <= len(s) && !hasSpecial(binary.LittleEndian.Uint64(bytes[i:])) {
			i += 8
			continue
		}
		c := s[i]
		i++
		if !special[c] {
			continue
		}
		dst = append(dst, s[done:i-1]...)
		done = i
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&15])
		}
	}
	return append(dst, s[done:]...)
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
