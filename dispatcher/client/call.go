package client

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Call is a call as the API shows it.
type Call struct {
	// TransactionID identifies the call, a UUIDv7.
	TransactionID string `json:"transactionId"`
	Namespace     string `json:"namespace"`
	Webhook       string `json:"webhook"`
	// State is StateWaiting or StateFinished.
	State     string    `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	// Attempts is how many attempts have ended.
	Attempts int `json:"attempts"`
	// NextAttemptAt is when a retry is due; nil for none.
	NextAttemptAt *time.Time `json:"nextAttemptAt,omitempty"`
	// Outcome, Success and EndedAt are there when the call is finished.
	Outcome string     `json:"outcome,omitempty"`
	Success *bool      `json:"success,omitempty"`
	EndedAt *time.Time `json:"endedAt,omitempty"`
	// StatusCode is that of the last answer; 0 if there was none.
	StatusCode int `json:"statusCode,omitempty"`
	// Message says in one sentence how the last attempt ended.
	Message string `json:"message,omitempty"`
	// Branch is there when the call is finished: BranchYes if it succeeded, else
	// BranchNo.
	Branch string `json:"branch,omitempty"`
	// Variables are those of response.variables that have a value; Response is the
	// answer's document with response.useFullResponse.
	Variables map[string]string `json:"variables,omitempty"`
	Response  json.RawMessage   `json:"response,omitempty"`
	// Redelivered is how often the call was delivered anew.
	Redelivered int `json:"redelivered,omitempty"`
	// Event is the event that made the call; nil if it was handed in by name.
	Event *EventRef `json:"event,omitempty"`
}

// EventRef names a CloudEvent.
type EventRef struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Type   string `json:"type"`
}

// The branches that a workflow goes on with.
const (
	BranchYes = "yes"
	BranchNo  = "no"
)

// The states of a call.
const (
	StateWaiting  = "Waiting"
	StateFinished = "Finished"
)

// WebhookPath is the path of a webhook.
func WebhookPath(namespace, webhook string) string {
	return "/v1/namespaces/" + url.PathEscape(namespace) + "/webhooks/" + url.PathEscape(webhook)
}

// CallsPath is the path of a webhook's calls.
func CallsPath(namespace, webhook string) string { return WebhookPath(namespace, webhook) + "/calls" }

// callPath is the path of a call.
func callPath(namespace, webhook, transactionID string) string {
	return CallsPath(namespace, webhook) + "/" + url.PathEscape(transactionID)
}

// CallOptions say how a call is handed in. The zero value is as [Client.Call] does it.
type CallOptions struct {
	// IdempotencyKey, if not empty, has up to 255 bytes: for 24 hours, the same key
	// and data return the call that the first of them brought, so that a request
	// whose answer did not come can be sent again.
	IdempotencyKey string
	// Wait, if positive, is how long the dispatcher is to wait for the outcome, in
	// whole seconds, rounded up; the dispatcher takes more than 60 for 60. The call that
	// is returned is waiting if that was not enough.
	Wait time.Duration
}

// Call hands in a call with data, a JSON object. When it returns without error
// the call is durable at the dispatcher.
func (c *Client) Call(ctx context.Context, namespace, webhook string, data []byte) (*Call, error) {
	return c.CallWith(ctx, namespace, webhook, data, CallOptions{})
}

// CallOnce is Call with an idempotency key, see [CallOptions]; the dispatcher refuses
// the empty one.
func (c *Client) CallOnce(ctx context.Context, namespace, webhook, idempotencyKey string, data []byte) (*Call, error) {
	return ask[Call](ctx, c, request{method: http.MethodPost, path: CallsPath(namespace, webhook), mediaType: mediaJSON, body: data, key: &idempotencyKey})
}

// CallAndWait is Call that waits for the outcome, see [CallOptions].
func (c *Client) CallAndWait(ctx context.Context, namespace, webhook string, data []byte, wait time.Duration) (*Call, error) {
	return c.CallWith(ctx, namespace, webhook, data, CallOptions{Wait: wait})
}

// CallWith is Call with options.
func (c *Client) CallWith(ctx context.Context, namespace, webhook string, data []byte, o CallOptions) (*Call, error) {
	q := request{method: http.MethodPost, path: CallsPath(namespace, webhook), mediaType: mediaJSON, body: data, wait: o.Wait}
	if o.IdempotencyKey != "" {
		q.key = &o.IdempotencyKey
	}
	return ask[Call](ctx, c, q)
}

// Get returns a call's state.
func (c *Client) Get(ctx context.Context, namespace, webhook, transactionID string) (*Call, error) {
	return c.GetAndWait(ctx, namespace, webhook, transactionID, 0)
}

// GetAndWait is Get that waits for the outcome, see [CallOptions].
func (c *Client) GetAndWait(ctx context.Context, namespace, webhook, transactionID string, wait time.Duration) (*Call, error) {
	return ask[Call](ctx, c, request{method: http.MethodGet, path: callPath(namespace, webhook, transactionID), wait: wait})
}

// Cancel ends a waiting call without a further attempt. The call that is returned
// is waiting if an attempt is under way: no further one follows.
func (c *Client) Cancel(ctx context.Context, namespace, webhook, transactionID string) (*Call, error) {
	return ask[Call](ctx, c, request{method: http.MethodDelete, path: callPath(namespace, webhook, transactionID)})
}
