package intake

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/dispatcher/template"
	"github.com/maestra-io/webhook-operator/dispatcher/trigger"
)

// hopsAttribute is the extension attribute of an outcome event that says how many
// outcome events there are from the first call on, this one included.
const hopsAttribute = "webhookhops"

// outcome is the data of an outcome event.
type outcome struct {
	TransactionID string            `json:"transactionId"`
	Namespace     string            `json:"namespace"`
	Webhook       string            `json:"webhook"`
	SystemName    string            `json:"systemName"`
	Outcome       plan.Outcome      `json:"outcome"`
	Success       bool              `json:"success"`
	Branch        string            `json:"branch"`
	StatusCode    int               `json:"statusCode"`
	Attempts      int               `json:"attempts"`
	CreatedAt     time.Time         `json:"createdAt"`
	EndedAt       time.Time         `json:"endedAt"`
	Message       string            `json:"message"`
	Event         *client.EventRef  `json:"event,omitempty"`
	Variables     map[string]string `json:"variables"`
	Response      json.RawMessage   `json:"response,omitempty"`
	Data          json.RawMessage   `json:"data,omitempty"`
	Truncated     bool              `json:"truncated,omitempty"`
}

// outcomeOf is the event of a call's outcome and its data as the templates see it.
// What would make the data too large or too deep for them is left out.
func outcomeOf(call *store.Call, state store.State, result *store.Result) (*trigger.Event, template.Data, error) {
	o := outcome{
		TransactionID: call.ID.String(), Namespace: call.Webhook.Namespace, Webhook: call.Webhook.Name, SystemName: call.SystemName,
		Outcome: state.Outcome, Success: state.Outcome.Success(), Branch: client.BranchNo, StatusCode: state.StatusCode,
		Attempts: state.Attempts, CreatedAt: call.CreatedAt.UTC(), EndedAt: state.EndedAt.UTC(), Message: state.Message,
		Variables: map[string]string{}, Data: call.Data,
	}
	if o.Success {
		o.Branch = client.BranchYes
	}
	if call.Event != nil {
		o.Event = &client.EventRef{ID: call.Event.ID, Source: call.Event.Source, Type: call.Event.Type}
	}
	if result != nil {
		o.Response = result.Response
		for _, v := range result.Variables {
			o.Variables[v.Name] = v.Value
		}
	}
	text := jsonOf(&o)
	values, err := template.ParseData(text)
	if err != nil {
		o.Response, o.Data, o.Truncated = nil, nil, true
		text = jsonOf(&o)
		if values, err = template.ParseData(text); err != nil {
			return nil, values, fmt.Errorf("make the event of the outcome of call %s: %w", call.ID, err)
		}
	}
	return &trigger.Event{
		ID: o.TransactionID + "." + strconv.Itoa(state.Series), Source: plan.SourceOf(call.Webhook),
		Type: plan.OutcomePrefix + string(state.Outcome), Subject: o.TransactionID, Time: o.EndedAt,
		DataContentType: "application/json", Data: text,
		Extensions: map[string]string{hopsAttribute: strconv.Itoa(call.Hops + 1)},
	}, values, nil
}

// variablesOf are a call's variables as the templates of others know them.
func variablesOf(call *store.Call, result *store.Result) []template.Variable {
	if result == nil {
		return nil
	}
	variables := make([]template.Variable, len(result.Variables))
	for i, v := range result.Variables {
		variables[i] = template.Variable{Name: plan.FullName(call.SystemName, v.Name), Value: v.Value}
	}
	return variables
}
