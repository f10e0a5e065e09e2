package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"strings"
	"unicode/utf8"

	"github.com/cloudevents/sdk-go/v2/event"
	"github.com/cloudevents/sdk-go/v2/types"

	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// reservedPrefix begins the types of events that only the dispatcher makes.
const reservedPrefix = "io.maestra.webhooks."

// known are the attributes that CloudEvents defines.
var known = map[string]bool{
	"id": true, "source": true, "specversion": true, "type": true, "subject": true, "time": true, "datacontenttype": true, "dataschema": true,
}

// event checks the members (CloudEvents 1.0.2, 3) and makes the event.
func (m *members) event() (*trigger.Event, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	e := &trigger.Event{Data: m.data, Extensions: map[string]string{}}
	context := event.EventContextV1{ID: m.attributes["id"], Type: m.attributes["type"]}
	for name, value := range m.attributes {
		if err := setAttribute(e, &context, name, value); err != nil {
			return nil, err
		}
	}
	if errs := context.Validate(); len(errs) > 0 {
		for name := range errs {
			return nil, fmt.Errorf("%s cannot be what it is", shownName(name))
		}
	}
	if e.JSON() && (!json.Valid(e.Data) || !utf8.Valid(e.Data)) {
		return nil, errors.New("its data is not JSON in UTF-8, as its content type says")
	}
	if strings.HasPrefix(e.Type, reservedPrefix) {
		return nil, errReservedType
	}
	return e, nil
}

// check judges names and texts.
func (m *members) check() error {
	version, given := m.attributes["specversion"]
	switch {
	case !given:
		return errors.New("specversion is missing")
	case version != trigger.SpecVersion:
		return errors.New("its specversion is not supported; it must be 1.0")
	}
	for _, name := range []string{"id", "source", "type"} {
		if strings.TrimSpace(m.attributes[name]) == "" {
			return fmt.Errorf("%s is missing or empty", name)
		}
	}
	for name, value := range m.attributes {
		switch {
		case !isAttribute(name):
			return errors.New("a name is none of an attribute, which has small letters and digits only and is not data")
		case !utf8.ValidString(value):
			return fmt.Errorf("%s is not valid UTF-8", shownName(name))
		case strings.ContainsFunc(value, isForbidden):
			return fmt.Errorf("%s has a control character", shownName(name))
		}
	}
	return nil
}

// setAttribute sets one attribute of the event, and of what CloudEvents' own library
// validates.
func setAttribute(e *trigger.Event, c *event.EventContextV1, name, value string) error {
	switch name {
	case "specversion":
	case "id":
		e.ID = value
	case "type":
		e.Type = value
	case "subject":
		e.Subject, c.Subject = value, &value
	case "source":
		ref := types.ParseURIRef(value)
		if ref == nil {
			return errors.New("source is no URI reference")
		}
		e.Source, c.Source = value, *ref
	case "dataschema":
		if c.DataSchema = types.ParseURI(value); c.DataSchema == nil || !c.DataSchema.IsAbs() {
			return errors.New("dataschema is no absolute URI")
		}
		e.DataSchema = value
	case "time":
		at, err := types.ParseTimestamp(value)
		if err != nil || at == nil {
			return errors.New("time is no time by RFC 3339, such as 2026-03-01T22:15:00Z")
		}
		e.Time, c.Time = at.Time, at
	case "datacontenttype":
		if _, _, err := mime.ParseMediaType(value); err != nil {
			return errors.New("datacontenttype is no media type")
		}
		e.DataContentType, c.DataContentType = value, &value
	default:
		e.Extensions[name] = value
	}
	return nil
}

// isAttribute reports whether an attribute can have the name.
func isAttribute(name string) bool {
	for i := range len(name) {
		if !isAlphanumeric(name[i]) {
			return false
		}
	}
	return name != "" && name != "data"
}

// isForbidden reports whether no attribute can have the character.
func isForbidden(c rune) bool {
	return c < 0x20 || 0x7f <= c && c < 0xa0 || 0xfdd0 <= c && c <= 0xfdef || c&0xfffe == 0xfffe
}

// shownName is an attribute's name as it is shown: that of an extension is the sender's
// own text, which may hold anything.
func shownName(name string) string {
	if known[name] || name == "data" || name == "data_base64" {
		return name
	}
	return "an extension"
}
