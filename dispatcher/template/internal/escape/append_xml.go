package escape

import "unicode/utf8"

var (
	xmlTextSafe      = xmlSafe("&<>", "\t\n")
	xmlAttributeSafe = xmlSafe(`&<>"'`, "")
)

func xmlSafe(except, also string) safeBytes {
	t := safeASCII(except)
	for _, c := range also {
		t[c] = true
	}
	return t
}

// appendXML appends text with references for what is not safe.
func appendXML(dst []byte, text string, safe *safeBytes) []byte {
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if safe[c] {
			i++
			continue
		}
		size, fine := 1, false
		if c >= utf8.RuneSelf {
			size, fine = xmlRune(text[i:])
		}
		if !fine {
			dst = append(dst, text[from:i]...)
			dst = append(dst, xmlEscape(c)...)
			from = i + size
		}
		i += size
	}
	return append(dst, text[from:]...)
}

// xmlRune returns the size of the first character of text, which is above ASCII,
// and whether XML has it.
func xmlRune(text string) (size int, fine bool) {
	r, size := utf8.DecodeRuneInString(text)
	return size, (r != utf8.RuneError || size > 1) && isXMLCharacter(r)
}

// xmlEscape returns what stands for a byte that is not safe: a reference, or
// U+FFFD if it is no character of XML.
func xmlEscape(c byte) string {
	switch c {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\'':
		return "&#39;"
	case '\t':
		return "&#9;"
	case '\n':
		return "&#10;"
	case '\r':
		return "&#13;"
	}
	return replacement
}

var cdataSafe = xmlSafe(">", "\t\n")

// appendCDATA appends text for the inside of a CDATA section. The section is
// interrupted where the text, with what stands before it, would end it, and for a
// CR, which would be read as LF.
func appendCDATA(dst []byte, text string) []byte {
	from := 0
	for i := 0; i < len(text); {
		c := text[i]
		if cdataSafe[c] {
			i++
			continue
		}
		size, fine := 1, false
		if c >= utf8.RuneSelf {
			size, fine = xmlRune(text[i:])
		}
		if !fine {
			dst = append(dst, text[from:i]...)
			from = i + size
			switch {
			case c == '>' && endsWithBrackets(dst):
				dst = append(dst, cdataSplit...)
				from = i
			case c == '>':
				from = i
			case c == '\r':
				dst = append(dst, "]]>&#13;<![CDATA["...)
			default:
				dst = append(dst, replacement...)
			}
		}
		i += size
	}
	return append(dst, text[from:]...)
}
