package template

import "unicode/utf8"

// Data is what a call's templates are rendered with: the caller's JSON object
// and, after [Data.With], the host variables. It is immutable and safe for
// concurrent use. The zero Data is an empty object.
type Data struct {
	root *object
	host *object // wins over root, name by name
}

// ParseData decodes the data of a call. It must be one JSON object (RFC 8259)
// of at most [MaxDataBytes], nested at most [MaxNesting] deep, in valid UTF-8,
// and no object in it may hold two names that differ only in case, since
// templates find names in any case. Numbers keep the digits they are written
// with. Half of a surrogate pair in a string becomes U+FFFD. The input is
// copied.
//
// The error is an [*Error] of kind [KindData] or [KindLimit] with the position
// in the JSON text. It holds nothing of the data.
func ParseData(json []byte) (Data, error) {
	if len(json) > MaxDataBytes {
		return Data{}, &Error{Kind: KindLimit, Name: "data", Line: 1, Column: 1,
			Message: "the data is longer than 1 MiB"}
	}
	d := &decoder{text: string(json)}
	if at := invalidUTF8(d.text); at >= 0 {
		d.pos = at
		return Data{}, d.fail("the data is not valid UTF-8")
	}
	d.reserve()
	root, err := d.document()
	if err != nil {
		return Data{}, err
	}
	return Data{root: root}, nil
}

// invalidUTF8 returns the offset of the first byte that is not part of a
// character, or -1.
func invalidUTF8(text string) int {
	if utf8.ValidString(text) {
		return -1
	}
	for at := 0; ; {
		r, size := utf8.DecodeRuneInString(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}
