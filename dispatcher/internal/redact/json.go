package redact

import (
	"bytes"
	"encoding/json"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// JSON is [Masker.Bytes] for a JSON document, which stays one: of a text a part is
// masked, of anything else all, and [plan.Redacted] stands there as a text. Where a
// value reaches over several values of the document all of those are masked.
func (m *Masker) JSON(doc []byte) []byte {
	spans := m.Spans(doc, false)
	switch {
	case len(spans) == 0:
		return doc
	case !json.Valid(doc):
		return Apply(doc, spans)
	}
	masked := make([]byte, 0, len(doc))
	for at := 0; at < len(doc); {
		end := jsonToken(doc, at)
		for len(spans) > 0 && spans[0].End <= at {
			spans = spans[1:]
		}
		hit := len(spans) > 0 && spans[0].Start < end
		switch {
		case !hit || bytes.IndexByte([]byte("{}[],: \t\r\n"), doc[at]) >= 0:
			masked = append(masked, doc[at:end]...)
		case doc[at] == '"':
			masked = append(masked, m.jsonText(doc[at:end])...)
		default:
			masked = append(masked, `"`+plan.Redacted+`"`...)
		}
		at = end
	}
	return masked
}

// jsonToken returns the end of the token of a valid document that begins at a place.
func jsonToken(doc []byte, at int) int {
	if doc[at] == '"' {
		for at++; doc[at] != '"'; at++ {
			if doc[at] == '\\' {
				at++
			}
		}
		return at + 1
	}
	const marks = "{}[],: \t\r\n"
	end := at + 1
	if bytes.IndexByte([]byte(marks), doc[at]) >= 0 {
		return end
	}
	for end < len(doc) && bytes.IndexByte([]byte(marks), doc[end]) < 0 {
		end++
	}
	return end
}

// jsonText masks a text in its quotation marks, in which there is a value or a part of
// one. It is masked as what it stands for, for a mask could cut an escape in two; if a
// value is left then, it is of the escapes themselves, and all is masked.
func (m *Masker) jsonText(quoted []byte) []byte {
	var text string
	_ = json.Unmarshal(quoted, &text) // it is valid
	masked := m.Text(text)
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(masked); err != nil || masked == text || len(m.Spans(b.Bytes(), false)) > 0 {
		return []byte(`"` + plan.Redacted + `"`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
