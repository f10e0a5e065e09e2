//go:build linux

package canary

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/hex"
	"html"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// view undoes one encoding wherever it occurs in a text. It returns something too
// short to hold a canary if there is none of it.
type view struct {
	name string
	undo func([]byte) []byte
}

// views are the encodings that the searcher knows. Those of base64 and hex leave the
// text around out.
var views = []view{
	{"JSON or %q", undoBackslashes},
	{"percent", undoPercent},
	{"plus for space", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("+"), []byte(" ")) }},
	{"HTML", undoHTML},
	{"base64", func(b []byte) []byte { return undoRuns(b, isBase64, 16, decodeBase64) }},
	{"hex", func(b []byte) []byte { return undoRuns(b, isHex, 2*window, decodeHex) }},
	{"bytes", undoNumbers},
	{"gzip", undoGzip},
}

// undoBackslashes reads the escapes of JSON and of Go's %q.
func undoBackslashes(b []byte) []byte {
	if bytes.IndexByte(b, '\\') < 0 {
		return nil
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		if b[0] != '\\' || len(b) < 2 {
			out, b = append(out, b[0]), b[1:]
			continue
		}
		if b[1] == 'u' {
			var r rune
			if r, b = undoUnicode(b); r >= 0 {
				out = utf8.AppendRune(out, r)
				continue
			}
		}
		if b[1] == 'x' && len(b) >= 4 {
			if n, err := strconv.ParseUint(string(b[2:4]), 16, 8); err == nil {
				out, b = append(out, byte(n)), b[4:]
				continue
			}
		}
		plain, ok := map[byte]byte{'n': '\n', 'r': '\r', 't': '\t', 'b': '\b', 'f': '\f', 'a': '\a', 'v': '\v'}[b[1]]
		if !ok {
			plain = b[1]
		}
		out, b = append(out, plain), b[2:]
	}
	return out
}

// undoUnicode reads \uXXXX, two of them for a pair of surrogates; -1 if it is none.
func undoUnicode(b []byte) (rune, []byte) {
	unit := func(b []byte) rune {
		if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
			return -1
		}
		n, err := strconv.ParseUint(string(b[2:6]), 16, 16)
		if err != nil {
			return -1
		}
		return rune(n)
	}
	r := unit(b)
	if r < 0 {
		return r, b
	}
	if pair := utf16.DecodeRune(r, unit(b[6:])); pair != utf8.RuneError {
		return pair, b[12:]
	}
	return r, b[6:]
}

// undoPercent reads %XX.
func undoPercent(b []byte) []byte {
	if bytes.IndexByte(b, '%') < 0 {
		return nil
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if n, err := strconv.ParseUint(string(b[i+1:i+3]), 16, 8); err == nil {
				out = append(out, byte(n))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

func undoHTML(b []byte) []byte {
	if bytes.IndexByte(b, '&') < 0 {
		return nil
	}
	return []byte(html.UnescapeString(string(b)))
}

// undoRuns decodes each run of digits of some length, and puts the results behind
// each other.
func undoRuns(b []byte, digit func(byte) bool, least int, decode func([]byte) []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		var run []byte
		for ; i < len(b) && (digit(b[i]) || b[i] == '\n' || b[i] == '\r'); i++ {
			if digit(b[i]) {
				run = append(run, b[i])
			}
		}
		if len(run) >= least {
			out = append(append(out, decode(run)...), 0)
		}
		i++
	}
	return out
}

func isBase64(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '-' || c == '_'
}

// decodeBase64 decodes digits from each of four places, since what stands before them
// may look like digits, too.
func decodeBase64(run []byte) []byte {
	run = bytes.ReplaceAll(bytes.ReplaceAll(run, []byte("-"), []byte("+")), []byte("_"), []byte("/"))
	var out []byte
	for skip := range 4 {
		digits := run[skip:]
		if len(digits)%4 == 1 {
			digits = digits[:len(digits)-1]
		}
		decoded, _ := base64.RawStdEncoding.AppendDecode(nil, digits) // all digits are valid
		out = append(append(out, decoded...), 0)
	}
	return out
}

func isHex(c byte) bool {
	return c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c >= '0' && c <= '9'
}

// decodeHex decodes digits from each of two places.
func decodeHex(run []byte) []byte {
	var out []byte
	for skip := range 2 {
		digits := run[skip:]
		decoded, _ := hex.AppendDecode(nil, digits[:len(digits)/2*2]) // all digits are valid
		out = append(append(out, decoded...), 0)
	}
	return out
}

// undoNumbers reads lists of bytes as %v and %d write them: [72 101 108].
func undoNumbers(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		at := i
		for i < len(b) && b[i] >= '0' && b[i] <= '9' {
			i++
		}
		n, err := strconv.ParseUint(string(b[at:i]), 10, 8)
		switch {
		case i == at && (b[i] == ' ' || b[i] == ','):
			i++
		case err == nil && i < len(b) && (b[i] == ' ' || b[i] == ',' || b[i] == ']'):
			out = append(out, byte(n))
		case i == at:
			i++
			if len(out) > 0 && out[len(out)-1] != 0 {
				out = append(out, 0)
			}
		}
	}
	return out
}

// undoGzip decompresses what begins anywhere in a text.
func undoGzip(b []byte) []byte {
	var out []byte
	for rest := b; ; {
		i := bytes.Index(rest, []byte{0x1f, 0x8b, 8})
		if i < 0 {
			return out
		}
		rest = rest[i:]
		if r, err := gzip.NewReader(bytes.NewReader(rest)); err == nil {
			plain, _ := io.ReadAll(io.LimitReader(r, 4<<20)) // as far as it goes
			out = append(append(out, plain...), 0)
		}
		rest = rest[3:]
	}
}
