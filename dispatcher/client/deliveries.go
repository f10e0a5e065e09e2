package client

import (
	"context"
	"iter"
	"net/http"
	"strconv"
)

// maxPage bounds what is read of a page of rows or Webhooks: a row can have a body of a
// mebibyte, which is six times as long in JSON if it has nothing but control characters.
const maxPage = 64 << 20

// parameters are the filter's.
func (f *DeliveryFilter) parameters() parameters {
	p := parameters{}
	p.text("webhook", f.Webhook)
	p.text("integration", f.Integration)
	p.time("since", f.Since)
	p.time("till", f.Till)
	if f.Successful != nil {
		p.text("isSuccessful", strconv.FormatBool(*f.Successful))
	}
	p.text("transactionId", f.TransactionID)
	p.text("statusCode", f.StatusCode)
	p.text("outcome", f.Outcome)
	p.text("reason", f.Reason)
	p.text("text", f.Text)
	return p
}

// Deliveries returns a page of the delivery log of a namespace, newest first: at most
// limit rows, 1 to 500, or 50 if that is 0, behind the cursor of an earlier page, which is
// empty for the first.
func (c *Client) Deliveries(ctx context.Context, namespace string, f DeliveryFilter, limit int, cursor string) (*Deliveries, error) {
	p := f.parameters()
	p.number("limit", limit)
	p.text("cursor", cursor)
	return ask[Deliveries](ctx, c, request{method: http.MethodGet, path: p.on(namespacePath(namespace, "deliveries")), most: maxPage})
}

// DeliveriesAll goes through all rows, newest first, by as many pages as it takes. It
// ends after an error.
func (c *Client) DeliveriesAll(ctx context.Context, namespace string, f DeliveryFilter) iter.Seq2[*Delivery, error] {
	return func(yield func(*Delivery, error) bool) {
		cursor := ""
		for {
			page, err := c.Deliveries(ctx, namespace, f, 500, cursor)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page.Items {
				if !yield(&page.Items[i], nil) {
					return
				}
			}
			if cursor = page.Cursor; cursor == "" {
				return
			}
		}
	}
}

// Attempts returns all rows of a call.
func (c *Client) Attempts(ctx context.Context, namespace, webhook, transactionID string) (*Attempts, error) {
	return ask[Attempts](ctx, c, request{method: http.MethodGet, path: callPath(namespace, webhook, transactionID) + "/attempts", most: 4 * maxPage})
}
