package client

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The values of WebhooksQuery.Health.
const (
	HealthHealthy   = "healthy"
	HealthUnhealthy = "unhealthy"
	HealthNotReady  = "notReady"
)

// WebhooksQuery says which Webhooks are listed. The zero value of a field wants all.
type WebhooksQuery struct {
	// Search is looked for in the names, in any case of letters.
	Search string
	// Integration is "name", for one of the namespace, or "namespace/name".
	Integration string
	// Health is one of the Health… constants.
	Health string
	// Limit bounds the page, 1 to 1000; 100 if 0.
	Limit int
	// Cursor goes on where an earlier page has ended.
	Cursor string
}

// StatisticsQuery says what is counted.
type StatisticsQuery struct {
	// Webhook and Integration are as in [DeliveryFilter].
	Webhook     string
	Integration string
	// Since is inclusive, Till exclusive; now and a day before by default.
	Since time.Time
	Till  time.Time
	// Step is the length of a step in whole seconds; if 0, about a 96th of the span. There
	// can be at most 500 steps.
	Step time.Duration
}

// namespacePath is the path of what is of a namespace.
func namespacePath(namespace, what string) string {
	return "/v1/namespaces/" + url.PathEscape(namespace) + "/" + what
}

// parameters are those of a query. Empty ones are left out.
type parameters url.Values

func (p parameters) text(name, value string) {
	if value != "" {
		url.Values(p).Set(name, value)
	}
}

func (p parameters) number(name string, value int) {
	if value != 0 {
		p.text(name, strconv.Itoa(value))
	}
}

func (p parameters) time(name string, value time.Time) {
	if !value.IsZero() {
		p.text(name, value.UTC().Format(time.RFC3339Nano))
	}
}

func (p parameters) flag(name string, value bool) {
	if value {
		p.text(name, "true")
	}
}

// on is a path with the query behind it.
func (p parameters) on(path string) string {
	if len(p) == 0 {
		return path
	}
	return path + "?" + url.Values(p).Encode()
}

// Namespaces returns those in which the caller may read calls.
func (c *Client) Namespaces(ctx context.Context) (*Namespaces, error) {
	return ask[Namespaces](ctx, c, request{method: http.MethodGet, path: "/v1/namespaces", most: maxPage})
}

// Webhooks returns a page of the Webhooks of a namespace, in order of name.
func (c *Client) Webhooks(ctx context.Context, namespace string, q WebhooksQuery) (*Webhooks, error) {
	p := parameters{}
	p.text("search", q.Search)
	p.text("integration", q.Integration)
	p.text("health", q.Health)
	p.number("limit", q.Limit)
	p.text("cursor", q.Cursor)
	return ask[Webhooks](ctx, c, request{method: http.MethodGet, path: p.on(namespacePath(namespace, "webhooks")), most: maxPage})
}

// Webhook returns one Webhook.
func (c *Client) Webhook(ctx context.Context, namespace, webhook string) (*WebhookInfo, error) {
	return ask[WebhookInfo](ctx, c, request{method: http.MethodGet, path: WebhookPath(namespace, webhook)})
}

// Manifest returns a Webhook's manifest in YAML, without what the cluster adds to it. A
// name or a namespace that is not empty replaces its own; under another name it has no
// systemName.
func (c *Client) Manifest(ctx context.Context, namespace, webhook, newName, newNamespace string) ([]byte, error) {
	p := parameters{}
	p.text("name", newName)
	p.text("namespace", newNamespace)
	return c.send(ctx, request{method: http.MethodGet, path: p.on(WebhookPath(namespace, webhook) + "/manifest")})
}

// SampleData returns a Webhook's spec.sampleData, "{}" if it has none.
func (c *Client) SampleData(ctx context.Context, namespace, webhook string) ([]byte, error) {
	return c.send(ctx, request{method: http.MethodGet, path: WebhookPath(namespace, webhook) + "/manifest?part=sampleData"})
}

// Integrations returns the integrations of a namespace, and those that its Webhooks use.
func (c *Client) Integrations(ctx context.Context, namespace string) (*Integrations, error) {
	return ask[Integrations](ctx, c, request{method: http.MethodGet, path: namespacePath(namespace, "integrations"), most: maxPage})
}

// Statistics counts what the delivery log has of a span of time.
func (c *Client) Statistics(ctx context.Context, namespace string, q StatisticsQuery) (*Statistics, error) {
	p := parameters{}
	p.text("webhook", q.Webhook)
	p.text("integration", q.Integration)
	p.time("since", q.Since)
	p.time("till", q.Till)
	p.number("step", int(q.Step/time.Second))
	return ask[Statistics](ctx, c, request{method: http.MethodGet, path: p.on(namespacePath(namespace, "statistics"))})
}
