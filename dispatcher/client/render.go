package client

import (
	"context"
	"net/http"
)

// Rendered is the request that a call would send. Private values are "***".
type Rendered struct {
	Method string `json:"method"`
	URL    string `json:"url"`
	// Headers are in the order in which they are sent; those of HTTP itself (Host,
	// Content-Length) are not among them.
	Headers []Header `json:"headers"`
	// Body is the body if it is valid UTF-8, else BodyBase64 is; both are nil without
	// a body.
	Body       *string `json:"body,omitempty"`
	BodyBase64 *string `json:"bodyBase64,omitempty"`
	// IdempotencyKey says that the receiver can recognise a repeat, so that there are
	// retries.
	IdempotencyKey bool `json:"idempotencyKey"`
	// Notes are sentences about what else a call would meet.
	Notes []string `json:"notes,omitempty"`
}

// Header is a header of a request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Render returns the request that a call with the data would send now. Nothing is
// sent, and nothing is stored.
func (c *Client) Render(ctx context.Context, namespace, webhook string, data []byte) (*Rendered, error) {
	return ask[Rendered](ctx, c, request{method: http.MethodPost, path: WebhookPath(namespace, webhook) + "/render", mediaType: mediaJSON, body: data})
}
