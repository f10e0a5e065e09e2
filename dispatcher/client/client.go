package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// Client calls one dispatcher. Its methods may be called concurrently.
type Client struct {
	// BaseURL is the dispatcher's address, such as http://127.0.0.1:8080.
	BaseURL string
	// HTTP performs the requests; http.DefaultClient if nil. Its timeout must be
	// longer than the waits that are asked for. [NewHTTPClient] makes one for a
	// dispatcher with a certificate of a private authority.
	HTTP *http.Client
	// Token returns the bearer token of a request (RFC 6750), which is asked for
	// every time; none is sent if Token is nil. [TokenFile] reads one from a file.
	Token func(ctx context.Context) (string, error)
}

// NewHTTPClient returns a client that trusts the authorities of a PEM text and no
// others.
func NewHTTPClient(caPEM []byte) (*http.Client, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(caPEM) {
		return nil, errors.New("the text with the dispatcher's authority holds no certificate in PEM")
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return &http.Client{Transport: transport}, nil
}

// TokenFile returns a source that reads the token from a file every time, as a
// projected service account token must be read: the kubelet writes a new one before
// the old one ends. White space around it does not count.
func TokenFile(path string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) {
		text, err := os.ReadFile(path)
		if err != nil {
			return "", fmt.Errorf("read the token: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
}

const (
	contentType = "Content-Type"
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// request is a request to the dispatcher.
type request struct {
	method, path string
	mediaType    string // of the body; empty without one
	body         []byte
	key          *string       // the caller's idempotency key
	wait         time.Duration // how long to wait for an outcome
	prefer       string        // what else is preferred
	accept       string        // the media type of the answer, where there is a choice
	most         int64         // of the answer; maxAnswer if 0
}

// seconds is a wait in whole seconds, at least one.
func seconds(wait time.Duration) int64 { return int64((wait + time.Second - 1) / time.Second) }

// toHTTP makes the request for net/http.
func (c *Client) toHTTP(ctx context.Context, q *request) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, c.BaseURL+q.path, bytes.NewReader(q.body))
	if err != nil {
		return nil, fmt.Errorf("make the request to the dispatcher: %w", err)
	}
	if q.mediaType != "" {
		r.Header.Set(contentType, q.mediaType)
	}
	if q.key != nil {
		r.Header.Set("Idempotency-Key", *q.key)
	}
	if q.wait > 0 {
		r.Header.Set("Prefer", fmt.Sprintf("wait=%d", seconds(q.wait)))
	}
	if q.prefer != "" {
		r.Header.Set("Prefer", q.prefer)
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if c.Token != nil {
		token, err := c.Token(ctx)
		if err != nil {
			return nil, fmt.Errorf("get a token for the dispatcher: %w", err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r, nil
}

// open performs a request and returns the answer's body, which the caller closes.
func (c *Client) open(ctx context.Context, q request) (io.ReadCloser, error) {
	r, err := c.toHTTP(ctx, &q)
	if err != nil {
		return nil, err
	}
	httpClient := c.HTTP
	if httpClient == nil {
		httpClient = http.DefaultClient
	}
	response, err := httpClient.Do(r)
	if err != nil {
		return nil, fmt.Errorf("reach the dispatcher: %w", err)
	}
	if response.StatusCode < 300 {
		return response.Body, nil
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, fmt.Errorf("read the dispatcher's answer: %w", err)
	}
	return nil, problem(response.StatusCode, answer)
}

// send performs a request and returns the answer's body, up to most bytes.
func (c *Client) send(ctx context.Context, q request) ([]byte, error) {
	body, err := c.open(ctx, q)
	if err != nil {
		return nil, err
	}
	most := q.most
	if most == 0 {
		most = maxAnswer
	}
	answer, err := io.ReadAll(io.LimitReader(body, most))
	if err := errors.Join(err, body.Close()); err != nil {
		return nil, fmt.Errorf("read the dispatcher's answer: %w", err)
	}
	return answer, nil
}

// ask performs a request whose answer is a T.
func ask[T any](ctx context.Context, c *Client, q request) (*T, error) {
	answer, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	v := new(T)
	if err := json.Unmarshal(answer, v); err != nil {
		return nil, fmt.Errorf("decode the dispatcher's answer: %w", err)
	}
	return v, nil
}
