package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// The content modes of the HTTP protocol binding of CloudEvents.
type mode int

const (
	modeBinary mode = iota
	modeStructured
	modeBatch
)

// eventPrefix begins the headers of the binary mode, as net/http writes them.
const eventPrefix = "Ce-"

var (
	// errNoEvent is for a request that is none of the modes.
	errNoEvent error = unsupportedType("an event must be sent with ce- headers, as application/cloudevents+json, or several as application/cloudevents-batch+json, in UTF-8; JSON without ce- headers is no event")
	// errTooManyEvents is for a batch that is too long.
	errTooManyEvents = fmt.Errorf("a batch has at most %d events; send them in several", MaxBatch)
	// errReservedType is for an outcome event from outside.
	errReservedType = errors.New("events of types that begin with " + reservedPrefix + " are made by the dispatcher alone; choose another type")
)

// eventError says what is wrong with an event.
type eventError struct {
	index int // in the batch; -1 for a single event
	err   error
}

// Error returns one sentence that names the event.
func (e *eventError) Error() string {
	if e.index < 0 {
		return "the event cannot be used: " + e.err.Error()
	}
	return fmt.Sprintf("events[%d] of the batch cannot be used, so none was accepted: %s", e.index, e.err)
}

// Unwrap returns the cause.
func (e *eventError) Unwrap() error { return e.err }

// modeOf tells what is posted (CloudEvents HTTP binding 1.0.2, 3).
func modeOf(h http.Header) (mode, error) {
	lines := h.Values("Content-Type")
	media, parameters := "", map[string]string{}
	if len(lines) > 0 {
		var err error
		if media, parameters, err = mime.ParseMediaType(lines[0]); err != nil {
			media = strings.ToLower(lines[0])
		}
	}
	if strings.HasPrefix(media, "application/cloudevents") {
		charset, given := parameters["charset"]
		utf := !given || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "us-ascii")
		switch {
		case len(lines) > 1 || !utf:
		case media == "application/cloudevents+json":
			return modeStructured, nil
		case media == "application/cloudevents-batch+json":
			return modeBatch, nil
		}
		return 0, errNoEvent
	}
	for name := range h {
		if strings.HasPrefix(name, eventPrefix) {
			return modeBinary, nil
		}
	}
	return 0, errNoEvent
}

// eventsOf decodes all events, or says what is wrong with the first that cannot be
// used. Their data are parts of the body.
func eventsOf(mode mode, h http.Header, body []byte) ([]*trigger.Event, error) {
	if mode == modeBatch {
		return batchOf(body)
	}
	decode := func() (members, error) { return membersOf(body) }
	if mode == modeBinary {
		decode = func() (members, error) { return headersOf(h, body) }
	}
	m, err := decode()
	if err != nil {
		return nil, &eventError{-1, err}
	}
	e, err := m.event()
	if err != nil {
		return nil, &eventError{-1, err}
	}
	return []*trigger.Event{e}, nil
}

// batchOf decodes a batch (CloudEvents JSON format 1.0.2, 4).
func batchOf(body []byte) ([]*trigger.Event, error) {
	s := scanner{text: body}
	if !json.Valid(body) || !s.take('[') {
		return nil, &eventError{-1, errors.New("a batch is a JSON array of events")}
	}
	var events []*trigger.Event
	for more := !s.take(']'); more; more = s.take(',') {
		text, _ := s.value()
		if len(events) == MaxBatch {
			return nil, errTooManyEvents
		}
		if len(text) > MaxBody {
			return nil, &eventError{len(events), &http.MaxBytesError{Limit: MaxBody}}
		}
		m, err := membersOf(text)
		if err != nil {
			return nil, &eventError{len(events), err}
		}
		e, err := m.event()
		if err != nil {
			return nil, &eventError{len(events), err}
		}
		events = append(events, e)
	}
	return events, nil
}

// members are an event's attributes, as text, and data.
type members struct {
	attributes map[string]string
	data       []byte
}

// membersOf reads an event in the JSON format (CloudEvents JSON format 1.0.2). null
// is the same as nothing, but for data.
func membersOf(text []byte) (members, error) {
	m := members{attributes: map[string]string{}}
	s := scanner{text: text}
	switch {
	case !utf8.Valid(text):
		return m, errors.New("it is not valid UTF-8")
	case !json.Valid(text) || !s.take('{'):
		return m, errors.New("it is no JSON object")
	}
	seen, data := map[string]bool{}, map[string][]byte{}
	for more := !s.take('}'); more; more = s.take(',') {
		quoted, _ := s.value()
		s.take(':')
		value, _ := s.value()
		name := unquoted(quoted)
		if seen[name] {
			return m, fmt.Errorf("%s is given twice", shownName(name))
		}
		seen[name] = true
		if name == "data" || name == "data_base64" {
			data[name] = value
			continue
		}
		if err := m.set(name, value); err != nil {
			return m, err
		}
	}
	return m, m.setData(data["data"], data["data_base64"])
}

// set sets an attribute to a JSON value (CloudEvents JSON format 1.0.2, 2.2).
func (m *members) set(name string, value []byte) error {
	switch c := value[0]; {
	case c == 'n':
	case c == '"':
		m.attributes[name] = unquoted(value)
	case known[name]:
		return fmt.Errorf("%s must be a string", name)
	case c == 't' || c == 'f':
		m.attributes[name] = string(value)
	case c != '{' && c != '[' && !strings.ContainsAny(string(value), ".eE"):
		m.attributes[name] = string(value)
	default:
		return fmt.Errorf("%s must be a string, a whole number or a boolean", shownName(name))
	}
	return nil
}

// setData sets the data (CloudEvents JSON format 1.0.2, 3.1).
func (m *members) setData(value, encoded []byte) error {
	switch {
	case value != nil && encoded != nil:
		return errors.New("it has both data and data_base64")
	case encoded != nil && encoded[0] == 'n':
	case encoded != nil:
		decoded, err := base64.StdEncoding.DecodeString(unquoted(encoded))
		if err != nil || encoded[0] != '"' {
			return errors.New("data_base64 is not base64")
		}
		m.data = decoded
	case value == nil:
	case trigger.IsJSON(m.attributes["datacontenttype"]):
		m.data = value
	case value[0] == 'n':
	case value[0] == '"':
		m.data = []byte(unquoted(value))
	default:
		return errors.New("data must be a string, since datacontenttype is not JSON")
	}
	return nil
}

// unquoted is the text of a JSON string; empty for anything else.
func unquoted(value []byte) (text string) {
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// headersOf reads an event in binary mode (CloudEvents HTTP binding 1.0.2, 3.1).
func headersOf(h http.Header, body []byte) (members, error) {
	m := members{attributes: map[string]string{}}
	for header, values := range h {
		name, ok := strings.CutPrefix(header, eventPrefix)
		if !ok {
			continue
		}
		name = strings.ToLower(name)
		switch {
		case len(values) > 1:
			return m, fmt.Errorf("%s is given twice", shownName(name))
		case name == "datacontenttype":
			return m, errors.New("datacontenttype is sent as Content-Type")
		}
		m.attributes[name] = headerText(values[0])
	}
	switch types := h.Values("Content-Type"); len(types) {
	case 0:
	case 1:
		m.attributes["datacontenttype"] = types[0]
	default:
		return m, errors.New("datacontenttype is given twice")
	}
	if len(body) > 0 {
		m.data = body
		if m.attributes["datacontenttype"] == "" && !json.Valid(body) {
			return m, errors.New("its data is no JSON; say in Content-Type what it is")
		}
	}
	return m, nil
}

// headerText decodes a header's value (CloudEvents HTTP binding 1.0.2, 3.1.3.2): a
// quoted string, then percent encoding. A percent sign that encodes nothing stays.
func headerText(value string) string {
	if n := len(value); n > 1 && value[0] == '"' && value[n-1] == '"' {
		t := preferText(value)
		if text, ok := t.quoted(); ok && t == "" {
			value = text
		}
	}
	if !strings.Contains(value, "%") {
		return value
	}
	text := make([]byte, 0, len(value))
	for i := 0; i < len(value); i++ {
		if i+2 < len(value) && value[i] == '%' && isHex(value[i+1]) && isHex(value[i+2]) {
			text = append(text, unhex(value[i+1])<<4|unhex(value[i+2]))
			i += 2
			continue
		}
		text = append(text, value[i])
	}
	return string(text)
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c <= '9':
		return c - '0'
	case c <= 'F':
		return c - 'A' + 10
	}
	return c - 'a' + 10
}
