package response

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// document returns the JSON text of an answer's body, without a byte order mark and
// white space around it.
func document(body []byte) ([]byte, error) {
	const space = " \t\r\n"
	text := bytes.TrimPrefix(body, []byte("\ufeff"))
	if len(bytes.Trim(text, space)) == 0 {
		return nil, errors.New("the answer has no body, and a JSON document is awaited")
	}
	if !utf8.Valid(text) {
		return nil, errors.New("the answer is no JSON document: it is not in UTF-8")
	}
	if depth(text) > MaxDepth {
		return nil, fmt.Errorf("the answer's JSON document has more than %d arrays and objects in each other", MaxDepth)
	}
	if !json.Valid(text) {
		var wrong *json.SyntaxError
		if err := json.Unmarshal(text, new(json.RawMessage)); errors.As(err, &wrong) && !strings.HasPrefix(wrong.Error(), "unexpected end") {
			return nil, fmt.Errorf("the answer is no JSON document: it is not valid at byte %d", wrong.Offset+int64(len(body)-len(text)))
		}
		return nil, errors.New("the answer is no JSON document: it ends too early")
	}
	return bytes.Trim(text, space), nil
}

// depth is how deep brackets are in each other in a text, valid or not.
func depth(text []byte) (deepest int) {
	for at, now := 0, 0; at < len(text); at++ {
		switch text[at] {
		case '"':
			at = skipText(text, at) - 1
		case '{', '[':
			now++
			deepest = max(deepest, now)
		case '}', ']':
			now--
		}
	}
	return deepest
}

// What follows reads JSON that is valid.

// skipText returns the place after the string that begins at a place, or the end if
// it does not end.
func skipText(doc []byte, at int) int {
	for at++; at < len(doc); at++ {
		switch doc[at] {
		case '"':
			return at + 1
		case '\\':
			at++
		}
	}
	return len(doc)
}

// skip returns the place after the value that begins at a place.
func skip(doc []byte, at int) int {
	switch doc[at] {
	case '"':
		return skipText(doc, at)
	case '{', '[':
		for open := 0; ; at++ {
			switch doc[at] {
			case '"':
				at = skipText(doc, at) - 1
			case '{', '[':
				open++
			case '}', ']':
				if open--; open == 0 {
					return at + 1
				}
			}
		}
	}
	for at < len(doc) && !isEnd[doc[at]] {
		at++
	}
	return at
}

// isBetween has what may stand between tokens, isEnd what ends a number or a word.
var isBetween, isEnd = set(" \t\r\n,:"), set(" \t\r\n,]}")

func set(of string) (s [256]bool) {
	for _, c := range []byte(of) {
		s[c] = true
	}
	return s
}

// token returns the place of the next byte that is neither white space nor a comma
// or colon.
func token(doc []byte, at int) int {
	for isBetween[doc[at]] {
		at++
	}
	return at
}

// children calls yield with each element of an array or member of an object until
// that returns false. A name is as it stands there, with its quotation marks; nil
// for elements.
func children(node []byte, yield func(name, value []byte) bool) {
	if !isContainer(node) {
		return
	}
	named := node[0] == '{'
	for at := token(node, 1); at < len(node)-1; at = token(node, at) {
		var name []byte
		if named {
			end := skipText(node, at)
			name = node[at:end]
			at = token(node, end)
		}
		end := skip(node, at)
		if !yield(name, node[at:end]) {
			return
		}
		at = end
	}
}

// isContainer reports whether a value is an object or an array.
func isContainer(node []byte) bool { return node[0] == '{' || node[0] == '[' }

// isNamed reports whether text, as it stands in the document, is that name.
func isNamed(text []byte, name string) bool {
	inner := text[1 : len(text)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return string(inner) == name
	}
	return unquote(text) == name
}

// unquote is the text that a JSON string stands for.
func unquote(text []byte) string {
	if inner := text[1 : len(text)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return string(inner)
	}
	var s string
	_ = json.Unmarshal(text, &s) // valid
	return s
}

// appendCompact appends a value without the white space in it; false if there would be
// more than limit bytes.
func appendCompact(to, node []byte, limit int) ([]byte, bool) {
	for at := 0; at < len(node); {
		end := at + 1
		switch node[at] {
		case ' ', '\t', '\r', '\n':
			at = end
			continue
		case '"':
			end = skipText(node, at)
		}
		if len(to)+end-at > limit {
			return to, false
		}
		to = append(to, node[at:end]...)
		at = end
	}
	return to, true
}
