package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// BatchCall is one line of a batch.
type BatchCall struct {
	// Data is a JSON object.
	Data json.RawMessage `json:"data"`
	// IdempotencyKey makes a repeat of the line return the same call; empty
	// without one.
	IdempotencyKey string `json:"idempotencyKey,omitempty"`
}

// BatchAnswer says what became of one line of a batch.
type BatchAnswer struct {
	// Line is the number of the line, from 1.
	Line int `json:"line"`
	// Status is what the call alone would have been answered with: 202 if it is
	// durable.
	Status int `json:"status"`
	// TransactionID is the call's, if it was accepted.
	TransactionID string `json:"transactionId,omitempty"`
	// Repeat says that an earlier request with the same idempotency key brought it.
	Repeat bool `json:"repeat,omitempty"`
	// Outcome is there if the call has ended, as RenderFailed at once.
	Outcome string `json:"outcome,omitempty"`
	// Problem is there if the call was not accepted.
	Problem *Problem `json:"problem,omitempty"`
}

// maxBatchAnswer bounds what is read of a batch's answer: 10,000 problems with
// long details.
const maxBatchAnswer = 64 << 20

// CallBatch hands in calls and returns an answer for each, in their order. An
// error says nothing about which of them were accepted; with idempotency keys
// the batch can be sent again.
func (c *Client) CallBatch(ctx context.Context, namespace, webhook string, calls []BatchCall) ([]BatchAnswer, error) {
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	for i := range calls {
		if err := lines.Encode(&calls[i]); err != nil {
			return nil, fmt.Errorf("encode call %d of the batch: %w", i+1, err)
		}
	}
	answer, err := c.send(ctx, request{
		method: http.MethodPost, path: CallsPath(namespace, webhook), mediaType: mediaNDJSON, body: body.Bytes(), most: maxBatchAnswer,
	})
	if err != nil {
		return nil, err
	}
	answers := make([]BatchAnswer, 0, len(calls))
	for decoder := json.NewDecoder(bytes.NewReader(answer)); ; {
		var a BatchAnswer
		if err := decoder.Decode(&a); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("decode the dispatcher's answer: %w", err)
		}
		answers = append(answers, a)
	}
	if len(answers) != len(calls) {
		return nil, fmt.Errorf("the dispatcher answered %d of %d lines before it broke off", len(answers), len(calls))
	}
	return answers, nil
}
