package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Redelivery says which finished calls of a webhook are to be delivered anew.
type Redelivery struct {
	// Since is inclusive, Till exclusive; both are times of creation. A zero Till is
	// the time of the request.
	Since time.Time `json:"since"`
	Till  time.Time `json:"till,omitzero"`
	// Outcomes are those of the calls that are meant; if empty, Rejected, Failed,
	// Exhausted, ResponseUnusable and Blocked.
	Outcomes []string `json:"outcomes,omitempty"`
	// DryRun only counts.
	DryRun bool `json:"dryRun,omitempty"`
	// Limit bounds the calls of one request, 1 to 10,000; 1000 if 0.
	Limit int `json:"limit,omitempty"`
	// Cursor goes on where an earlier answer has ended.
	Cursor string `json:"cursor,omitempty"`
}

// Redelivered is what became of a [Redelivery].
type Redelivered struct {
	// Matched is how many calls were meant, Redelivered how many of them wait now.
	Matched     int `json:"matched"`
	Redelivered int `json:"redelivered"`
	// Refused are calls that were not redelivered, at most 100 of an answer.
	Refused []Refused `json:"refused,omitempty"`
	// Cursor is there if there may be more.
	Cursor string `json:"cursor,omitempty"`
}

// Refused is a call that was not delivered anew.
type Refused struct {
	TransactionID string  `json:"transactionId"`
	Problem       Problem `json:"problem"`
}

// Redeliver delivers a finished call anew: the same bytes under the same id, with its
// retries counted from the start. A positive wait is as in [CallOptions].
func (c *Client) Redeliver(ctx context.Context, namespace, webhook, transactionID string, wait time.Duration) (*Call, error) {
	return ask[Call](ctx, c, request{method: http.MethodPost, path: callPath(namespace, webhook, transactionID) + "/redeliver", wait: wait})
}

// RedeliverSome delivers up to Limit calls anew, once.
func (c *Client) RedeliverSome(ctx context.Context, namespace, webhook string, r Redelivery) (*Redelivered, error) {
	body, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("encode the redelivery: %w", err)
	}
	return ask[Redelivered](ctx, c, request{method: http.MethodPost, path: WebhookPath(namespace, webhook) + "/redeliver", mediaType: mediaJSON, body: body})
}

// RedeliverAll delivers all calls anew that are meant, by as many requests as it
// takes, and returns what became of them together. After an error, such as a
// [*Problem] of an integration that has no room for more, it returns what was done
// before, whose Cursor goes on from there.
func (c *Client) RedeliverAll(ctx context.Context, namespace, webhook string, r Redelivery) (*Redelivered, error) {
	all := &Redelivered{Cursor: r.Cursor}
	for {
		r.Cursor = all.Cursor
		some, err := c.RedeliverSome(ctx, namespace, webhook, r)
		if err != nil {
			return all, err
		}
		all.Matched += some.Matched
		all.Redelivered += some.Redelivered
		all.Refused = append(all.Refused, some.Refused...)
		if all.Cursor = some.Cursor; all.Cursor == "" {
			return all, nil
		}
	}
}
