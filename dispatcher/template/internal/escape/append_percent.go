package escape

import "unicode/utf8"

// percentSafe has the unreserved characters of RFC 3986, 2.3.
var percentSafe = unreserved()

func unreserved() (t safeBytes) {
	for _, c := range "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~" {
		t[c] = true
	}
	return t
}

// appendPercent appends text with percent escapes.
func appendPercent(dst []byte, text string) []byte {
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if percentSafe[c] {
			i++
			continue
		}
		dst = append(dst, text[from:i]...)
		size := 1
		if c < utf8.RuneSelf {
			dst = append(dst, '%', hexUpper[c>>4], hexUpper[c&0xf])
		} else {
			var r rune
			if r, size = utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError {
				dst = append(dst, "%EF%BF%BD"...)
			} else {
				for _, b := range []byte(text[i : i+size]) {
					dst = append(dst, '%', hexUpper[b>>4], hexUpper[b&0xf])
				}
			}
		}
		i += size
		from = i
	}
	return append(dst, text[from:]...)
}
