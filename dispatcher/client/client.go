package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// Problem is an answer that is not a success (RFC 9457, problem details).
type Problem struct {
	// Type identifies the kind of problem; one of the Problem… constants, or
	// "about:blank" where the status says it all.
	Type string `json:"type"`
	// Title names the kind, Status repeats the HTTP status.
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says in one sentence what happened and what to do.
	Detail string `json:"detail,omitempty"`
}

// ProblemBase is what the types of problems begin with. docs/http-api.md has a
// paragraph on each.
const ProblemBase = "https://webhooks.maestra.io/problems/"

// The types of problems.
const (
	ProblemUnauthenticated = ProblemBase + "unauthenticated"
	ProblemForbidden       = ProblemBase + "forbidden"
	// ProblemAccessUnavailable says that it cannot be found out now who the caller is.
	ProblemAccessUnavailable = ProblemBase + "access-unavailable"

	ProblemNotConfigured   = ProblemBase + "not-configured"
	ProblemUnknownWebhook  = ProblemBase + "unknown-webhook"
	ProblemUnknownCall     = ProblemBase + "unknown-call"
	ProblemNotReady        = ProblemBase + "webhook-not-ready"
	ProblemInvalidData     = ProblemBase + "invalid-data"
	ProblemTooLarge        = ProblemBase + "too-large"
	ProblemUnsupportedType = ProblemBase + "unsupported-media-type"
	ProblemInvalidKey      = ProblemBase + "invalid-idempotency-key"
	ProblemKeyReused       = ProblemBase + "idempotency-key-reused"
	ProblemOverloaded      = ProblemBase + "overloaded"
	ProblemDiskFull        = ProblemBase + "disk-full"
	ProblemTooManyWaiting  = ProblemBase + "too-many-waiting"
	ProblemNotFound        = ProblemBase + "not-found"
	ProblemMethod          = ProblemBase + "method-not-allowed"
	ProblemInternal        = ProblemBase + "internal"
)

// Error returns the title and the detail.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return fmt.Sprintf("%s (%d)", p.Title, p.Status)
	}
	return fmt.Sprintf("%s (%d): %s", p.Title, p.Status, p.Detail)
}

const contentType = "Content-Type"

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// Client calls one dispatcher. Its methods may be called concurrently.
type Client struct {
	// BaseURL is the dispatcher's address, such as http://127.0.0.1:8080.
	BaseURL string
	// HTTP performs the requests; http.DefaultClient if nil.
	HTTP *http.Client
}

// CallsPath is the path of a webhook's calls.
func CallsPath(namespace, webhook string) string {
	return "/v1/namespaces/" + url.PathEscape(namespace) + "/webhooks/" + url.PathEscape(webhook) + "/calls"
}

// Call hands in a call with data, a JSON object. When it returns without error
// the call is durable at the dispatcher.
func (c *Client) Call(ctx context.Context, namespace, webhook string, data []byte) (*Call, error) {
	return c.do(ctx, http.MethodPost, CallsPath(namespace, webhook), map[string]string{contentType: "application/json"}, data)
}

// CallOnce is Call with an idempotency key of 1 to 255 bytes: for 24 hours, the
// same key and data return the call that the first of them brought, so that a
// request whose answer did not come can be sent again.
func (c *Client) CallOnce(ctx context.Context, namespace, webhook, idempotencyKey string, data []byte) (*Call, error) {
	header := map[string]string{contentType: "application/json", "Idempotency-Key": idempotencyKey}
	return c.do(ctx, http.MethodPost, CallsPath(namespace, webhook), header, data)
}

// Get returns a call's state.
func (c *Client) Get(ctx context.Context, namespace, webhook, transactionID string) (*Call, error) {
	return c.do(ctx, http.MethodGet, CallsPath(namespace, webhook)+"/"+url.PathEscape(transactionID), nil, nil)
}

// do performs a request about one call.
func (c *Client) do(ctx context.Context, method, path string, header map[string]string, body []byte) (*Call, error) {
	answer, err := c.send(ctx, method, path, header, bytes.NewReader(body), maxAnswer)
	if err != nil {
		return nil, err
	}
	call := &Call{}
	if err := json.Unmarshal(answer, call); err != nil {
		return nil, fmt.Errorf("decode the dispatcher's answer: %w", err)
	}
	return call, nil
}

// send performs a request and returns the answer's body.
func (c *Client) send(ctx context.Context, method, path string, header map[string]string, body io.Reader, most int64) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.BaseURL+path, body)
	if err != nil {
		return nil, fmt.Errorf("make the request to the dispatcher: %w", err)
	}
	for name, value := range header {
		request.Header.Set(name, value)
	}
	httpClient := c.HTTP
	if httpClient == nil {
		httpClient = http.DefaultClient
	}
	response, err := httpClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("reach the dispatcher: %w", err)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the dispatcher's answer: %w", err)
	}
	if response.StatusCode >= 300 {
		return nil, problem(response.StatusCode, answer)
	}
	return answer, nil
}

// problem makes a Problem of an answer, also of one that holds none.
func problem(status int, answer []byte) *Problem {
	p := &Problem{}
	if json.Unmarshal(answer, p) != nil || p.Title == "" {
		p = &Problem{Type: "about:blank", Title: http.StatusText(status)}
	}
	p.Status = status
	return p
}
