package trigger

import (
	"bytes"
	"encoding/json"
	"math"
	"mime"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// SpecVersion is the version of CloudEvents that events are of.
const SpecVersion = "1.0"

// Event is an event by CloudEvents 1.0. It must not be changed or copied once a
// trigger has seen it; it may then be matched concurrently.
type Event struct {
	// ID and Source together identify the event; Type is its kind. They are never
	// empty.
	ID, Source, Type string
	// Subject, DataContentType and DataSchema are empty if they are not given.
	Subject, DataContentType, DataSchema string
	// Time is zero if it is not given.
	Time time.Time
	// Extensions are the further attributes by name, in lower case, as text.
	Extensions map[string]string
	// Data is the data as it was sent; nil for none. It is a JSON value if [Event.JSON]
	// says so.
	Data []byte

	once   sync.Once
	values cel.Activation
}

// JSON reports whether there is data and it is a JSON value: the content type is
// one of JSON, or none is given.
func (e *Event) JSON() bool { return e.Data != nil && IsJSON(e.DataContentType) }

// IsJSON reports whether a content type means JSON; none does (CloudEvents 1.0,
// datacontenttype).
func IsJSON(contentType string) bool {
	if contentType == "" || contentType == "application/json" {
		return true
	}
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || media == "text/json" || strings.HasSuffix(media, "+json"))
}

// Outcome reports whether the event is the outcome of a call.
func (e *Event) Outcome() bool { return strings.HasPrefix(e.Type, plan.OutcomePrefix) }

// Attributes calls yield with each attribute that is given, by its lower-case name
// and as text, and then with the extensions, in no order.
func (e *Event) Attributes(yield func(name, value string)) {
	yield("id", e.ID)
	yield("source", e.Source)
	yield("specversion", SpecVersion)
	yield("type", e.Type)
	optional := func(name, value string) {
		if value != "" {
			yield(name, value)
		}
	}
	optional("subject", e.Subject)
	optional("datacontenttype", e.DataContentType)
	optional("dataschema", e.DataSchema)
	if !e.Time.IsZero() {
		yield("time", e.Time.Format(time.RFC3339Nano))
	}
	for name, value := range e.Extensions {
		yield(name, value)
	}
}

// activation is what expressions read, made when the first one does.
func (e *Event) activation() cel.Activation {
	e.once.Do(func() {
		values := map[string]any{}
		e.Attributes(func(name, value string) { values[name] = textOf(value) })
		if !e.Time.IsZero() {
			values["time"] = types.Timestamp{Time: e.Time}
		}
		if e.Data != nil {
			values["data"] = e.dataValue()
		}
		// The error is for what is no map.
		e.values, _ = cel.NewActivation(map[string]any{"event": values})
	})
	return e.values
}

// dataValue is the data as expressions read it: a JSON value, a text, or bytes.
func (e *Event) dataValue() any {
	if e.JSON() {
		decoder := json.NewDecoder(bytes.NewReader(e.Data))
		decoder.UseNumber()
		var v any
		if err := decoder.Decode(&v); err != nil {
			return types.NewErr("the event's data is no JSON")
		}
		return valueOf(v)
	}
	if len(e.Data) > maxText || utf8.Valid(e.Data) {
		return textOf(string(e.Data))
	}
	return types.Bytes(e.Data)
}

// valueOf turns what encoding/json makes into what CEL reads, in place. A whole
// number is an int, however it is written, if it fits; another one a double.
func valueOf(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			v[name] = valueOf(member)
		}
		return v
	case []any:
		for i, element := range v {
			v[i] = valueOf(element)
		}
		return v
	case string:
		return textOf(v)
	case json.Number:
		return numberOf(string(v))
	case nil:
		return types.NullValue
	}
	return v
}

func numberOf(text string) any {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return types.NewErr("a number of the event is too large")
	}
	if whole := math.Trunc(f); whole == f && math.Abs(f) < 1<<53 {
		return int64(f)
	}
	return f
}

// textOf is a text, or an error if it is too long to be read.
func textOf(text string) any {
	if len(text) > maxText {
		return types.NewErr("a text of the event is longer than %d bytes", maxText)
	}
	return text
}
