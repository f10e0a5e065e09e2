package client

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// TailOptions say what else a live tail brings.
type TailOptions struct {
	// Last is how many of the newest rows come first, at most 500.
	Last int
	// Gap, if not nil, is told how many rows were dropped because this reader was too slow;
	// they are in the log.
	Gap func(dropped int) error
}

// Tail calls each with every row of the delivery log that the filter wants and that comes
// from now on; the filter's Since and Till do not count. It goes on until ctx ends, each
// returns an error, which is then Tail's, or the dispatcher ends it, which is no error: it
// shuts down, or the caller may not read any more.
func (c *Client) Tail(ctx context.Context, namespace string, f DeliveryFilter, each func(Delivery) error) error {
	return c.TailWith(ctx, namespace, f, TailOptions{}, each)
}

// TailWith is Tail with options.
func (c *Client) TailWith(ctx context.Context, namespace string, f DeliveryFilter, o TailOptions, each func(Delivery) error) error {
	p := f.parameters()
	delete(p, "since")
	delete(p, "till")
	p.number("last", o.Last)
	body, err := c.open(ctx, request{method: http.MethodGet, path: p.on(namespacePath(namespace, "deliveries/tail")), accept: mediaNDJSON})
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	for in := bufio.NewReader(body); ; {
		line, err := in.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF) && len(line) == 0:
			return nil
		case err != nil:
			return fmt.Errorf("read the live tail: %w", err)
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue // to show that it is alive
		}
		if err := o.take(line, each); err != nil {
			return err
		}
	}
}

// take hands on what a line brings.
func (o *TailOptions) take(line []byte, each func(Delivery) error) error {
	var row struct {
		Delivery
		Dropped int `json:"dropped"`
	}
	if err := json.Unmarshal(line, &row); err != nil {
		return fmt.Errorf("decode a row of the live tail: %w", err)
	}
	switch {
	case row.Dropped == 0:
		return each(row.Delivery)
	case o.Gap != nil:
		return o.Gap(row.Dropped)
	}
	return nil
}
