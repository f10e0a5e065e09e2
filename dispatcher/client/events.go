package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// EventsPath is the path that a namespace's events are posted to, by CloudEvents'
// HTTP protocol binding.
func EventsPath(namespace string) string {
	return "/v1/namespaces/" + url.PathEscape(namespace) + "/events"
}

// EventsAnswer is the answer to events with Prefer: return=representation.
type EventsAnswer struct {
	// Events are in the order in which they were sent.
	Events []EventAnswer `json:"events"`
}

// EventAnswer says what became of one event.
type EventAnswer struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	// Calls are those that the event makes, in order of the Webhooks' names.
	Calls []EventCall `json:"calls"`
}

// EventCall is a call that an event makes.
type EventCall struct {
	Webhook       string `json:"webhook"`
	TransactionID string `json:"transactionId"`
	// Repeat says that the event came before, and made the call then.
	Repeat bool `json:"repeat,omitempty"`
	// Outcome is there if the call has ended, as RenderFailed at once.
	Outcome string `json:"outcome,omitempty"`
}

// SendEvent sends an event in the JSON format of CloudEvents 1.0, and returns the
// calls that it makes. They are durable. Sent again within 24 hours, it makes none
// anew.
func (c *Client) SendEvent(ctx context.Context, namespace string, event json.RawMessage) (*EventAnswer, error) {
	answer, err := c.sendEvents(ctx, namespace, "application/cloudevents+json", event)
	if err != nil {
		return nil, err
	}
	if len(answer.Events) != 1 {
		return nil, fmt.Errorf("the dispatcher answered about %d events of 1", len(answer.Events))
	}
	return &answer.Events[0], nil
}

// SendEvents is SendEvent for several, at most 10,000. After an error some of them
// may have made their calls; all of them can be sent again.
func (c *Client) SendEvents(ctx context.Context, namespace string, events []json.RawMessage) (*EventsAnswer, error) {
	body, err := json.Marshal(events)
	if err != nil {
		return nil, fmt.Errorf("encode the events: %w", err)
	}
	return c.sendEvents(ctx, namespace, "application/cloudevents-batch+json", body)
}

func (c *Client) sendEvents(ctx context.Context, namespace, mediaType string, body []byte) (*EventsAnswer, error) {
	return ask[EventsAnswer](ctx, c, request{
		method: http.MethodPost, path: EventsPath(namespace), mediaType: mediaType, body: body, prefer: "return=representation", most: maxBatchAnswer,
	})
}
