package client

import "net/url"

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
