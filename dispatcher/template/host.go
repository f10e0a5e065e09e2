package template

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/template/internal/format"
)

// Host is what the host knows about a call. Templates see it as the object
// WebhookRequest and, if an event made the call, as the objects Event and
// WebhookVariables.
type Host struct {
	// TransactionalID is WebhookRequest.TransactionalId: the same in all
	// attempts of a call.
	TransactionalID string
	// CreatedAt is WebhookRequest.CreatedAt: when the call was taken in, a date
	// in UTC.
	CreatedAt time.Time
	// Event, if not nil, are the event's attributes: Event.Type, Event.Source and so
	// on. The zero Data has none.
	Event *Data
	// Variables, if not nil, are what WebhookVariables.GetValue("name") finds. No two
	// names differ only in case.
	Variables []Variable
}

// Variable is one of [Host.Variables].
type Variable struct{ Name, Value string }

// hostVariables is the memory of one call's host variables, in one piece.
type hostVariables struct {
	roots   [1]value
	request object
	fields  [2]value
	object  object
}

// The names of the host variables are the same for all calls.
var (
	requestRoots  = []string{"WebhookRequest"}
	eventRoots    = []string{"WebhookRequest", "Event", "WebhookVariables"}
	requestFields = []string{"TransactionalId", "CreatedAt"}
	requestTypes  = []Type{TypeString, TypeDateTime}
	requestKey    = fold(eventRoots[0])
	eventKey      = fold(eventRoots[1])
	variablesKey  = fold(eventRoots[2])
)

// The methods of WebhookVariables: a method is a field, and its argument one of
// that.
var variablesFields = []string{"GetValue"}

// With returns the data with the host variables of a call added. Their objects
// replace those of the same name, in any case, in the caller's data, so that no
// caller can choose a transaction id. A call that no event made keeps what its
// caller says under Event and WebhookVariables. It costs one allocation for a call
// without event; d is unchanged.
func (d Data) With(host Host) Data {
	v := &hostVariables{}
	created, _ := format.FromTime(host.CreatedAt.UTC())
	v.fields = [2]value{textOf(host.TransactionalID), dateOf(created)}
	v.request = object{names: requestFields, values: v.fields[:]}
	request := value{kind: objectValue, object: &v.request}
	if host.Event == nil {
		v.roots = [1]value{request}
		v.object = object{names: requestRoots, values: v.roots[:]}
		return Data{root: d.root, host: &v.object}
	}
	event := host.Event.root
	if event == nil {
		event = &object{}
	}
	v.object = object{names: eventRoots, values: []value{
		request, {kind: objectValue, object: event}, {kind: objectValue, object: variablesObject(host.Variables)},
	}}
	return Data{root: d.root, host: &v.object}
}

// variablesObject is WebhookVariables.
func variablesObject(variables []Variable) *object {
	found := &object{names: make([]string, len(variables)), values: make([]value, len(variables))}
	for i, v := range variables {
		found.names[i], found.values[i] = v.Name, textOf(v.Value)
	}
	return &object{names: variablesFields, values: []value{{kind: objectValue, object: found}}}
}

// get returns the root value that a shape names.
func (d Data) get(s *shape, hint *int32) (*value, bool) {
	if d.host != nil {
		switch {
		case s.key == requestKey:
			return &d.host.values[0], true
		case len(d.host.values) == 1:
		case s.key == eventKey:
			return &d.host.values[1], true
		case s.key == variablesKey:
			return &d.host.values[2], true
		}
	}
	return d.root.get(s, hint)
}

// Attributes makes the data of [Host.Event] of an event's attributes. No two names
// may differ only in case.
func Attributes(attributes map[string]string) (*Data, error) {
	text, err := json.Marshal(attributes)
	if err != nil {
		return nil, fmt.Errorf("write an event's attributes: %w", err)
	}
	data, err := ParseData(text)
	if err != nil {
		return nil, err
	}
	return &data, nil
}
