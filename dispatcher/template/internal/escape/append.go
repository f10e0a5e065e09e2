package escape

// Mode is how a value is written.
type Mode uint8

const (
	// Raw writes a value as it is.
	Raw Mode = iota
	// JSONString is for the inside of a JSON string.
	JSONString
	// JSONValue writes a value as it is where JSON has a value of its own. The
	// caller sees to it that the text is one: true, false, a number, what
	// [AppendJSONString] writes, or a text that [IsJSONScalar] accepts.
	JSONValue
	// Percent writes everything but unreserved characters as percent escapes of
	// its UTF-8 (RFC 3986, 2.1 and 2.3); a space is %20. It is for a segment of a
	// path and for a name or value of a query or form.
	Percent
	// XMLText is for the text of an element.
	XMLText
	// XMLAttribute is for an attribute's value in quotes of either sort. It serves
	// for text of an element as well.
	XMLAttribute
	// XMLCDATA is for the inside of a CDATA section.
	XMLCDATA
	// HeaderLine writes a value as it is. The caller fails if [HasLineBreak].
	HeaderLine
)

// Append appends text to dst, written in that mode, and returns the extended
// buffer. dst must hold the output so far: in a CDATA section what a > means
// depends on the two bytes before it.
func Append(dst []byte, text string, m Mode) []byte {
	switch m {
	case JSONString:
		if safe := jsonRun(text); safe < len(text) {
			return appendJSON(dst, text, safe)
		}
	case Percent:
		return appendPercent(dst, text)
	case XMLText:
		return appendXML(dst, text, &xmlTextSafe)
	case XMLAttribute:
		return appendXML(dst, text, &xmlAttributeSafe)
	case XMLCDATA:
		return appendCDATA(dst, text)
	}
	return append(dst, text...)
}

// replacement is U+FFFD, for what has no place in the output.
const replacement = "\uFFFD"

// safeBytes is true for bytes that a mode writes as they are, whatever is around
// them. Bytes above ASCII never are: they may be no UTF-8.
type safeBytes [256]bool

// safeASCII returns the table of all printing ASCII characters, the space and DEL
// but for those of except.
func safeASCII(except string) (t safeBytes) {
	for c := ' '; c <= '\x7f'; c++ {
		t[c] = true
	}
	for _, c := range except {
		t[c] = false
	}
	return t
}
