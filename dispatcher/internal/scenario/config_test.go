package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/catalog"
	"github.com/maestra-io/webhook-operator/dispatcher/parts"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// config is the configuration as the manager knows it.
type config struct {
	integrations []*integration
	webhooks     []*webhook
}

// integration is a WebhookIntegration.
type integration struct {
	plan    plan.Integration
	deleted bool
}

// webhook is a Webhook.
type webhook struct {
	plan    plan.Webhook
	made    int // how often it was created
	deleted bool
}

func key(name string) plan.Key { return plan.Key{Namespace: "ns", Name: name} }

// integration returns the integration of that name, which is made with the
// defaults of the API when there is none.
func (c *config) integration(name string) *integration {
	for _, in := range c.integrations {
		if in.plan.Key == key(name) {
			return in
		}
	}
	in := &integration{plan: plan.Integration{
		Key: key(name), Generation: 1, URL: "http://receiver", MaxConcurrency: plan.DefaultMaxConcurrency, MaxWaiting: plan.DefaultMaxWaiting,
		MaxWaitingBytes: plan.DefaultMaxWaitingBytes, Timeout: plan.DefaultTimeout, Retry: plan.DefaultRetry(),
	}}
	c.integrations = append(c.integrations, in)
	return in
}

// webhook returns the webhook of that name, which is made when there is none.
func (c *config) webhook(name string) *webhook {
	for _, wh := range c.webhooks {
		if wh.plan.Key == key(name) {
			return wh
		}
	}
	wh := &webhook{plan: plan.Webhook{Key: key(name), Generation: 1, Integration: key("in"), SystemName: name, Method: "POST"}}
	wh.makeAnew()
	c.webhooks = append(c.webhooks, wh)
	return wh
}

// makeAnew gives the webhook a UID of its own.
func (wh *webhook) makeAnew() {
	wh.made++
	wh.plan.UID = fmt.Sprint(wh.plan.Key.Name, "-", wh.made)
}

// known reports whether an object exists.
func (c *config) known(ref plan.Ref) bool {
	if ref.Kind == plan.KindIntegration {
		return slices.ContainsFunc(c.integrations, func(in *integration) bool { return in.plan.Key == ref.Key && !in.deleted })
	}
	return slices.ContainsFunc(c.webhooks, func(wh *webhook) bool { return wh.plan.Key == ref.Key && !wh.deleted })
}

// set sets a field.
func (in *integration) set(w *words) error {
	p := &in.plan
	var err error
	switch field := w.word(); field {
	case "url":
		p.URL = w.rest()
	case "requestsPerSecond":
		p.RequestsPerSecond, err = w.number()
	case "maxConcurrency":
		p.MaxConcurrency, err = w.number()
	case "maxWaiting":
		p.MaxWaiting, err = w.number()
	case "maxWaitingBytes":
		var n int
		n, err = w.number()
		p.MaxWaitingBytes = int64(n)
	case "timeout":
		p.Timeout, err = w.duration()
	case "suspend":
		p.Suspend = w.take("true")
	case "notReady":
		p.NotReady = w.rest()
	case "tls.caBundle":
		p.TLS = nil
		if bundle := w.rest(); bundle != "" {
			p.TLS = &plan.TLS{CABundle: bundle}
		}
	case "header", "secret": // one of a Secret
		var h plan.Header
		var value string
		h.Name, value, err = w.header()
		h.Value, h.Private = plan.NewSecret(value), field == "secret"
		p.Headers = setHeader(p.Headers, h, value == "", func(h plan.Header) string { return h.Name })
	default:
		err = setRetry(&p.Retry, field, w)
	}
	return cmp.Or(err, w.done())
}

// set sets a field.
func (wh *webhook) set(w *words) error {
	p := &wh.plan
	var err error
	switch field := w.word(); field {
	case "integration":
		p.Integration = key(w.word())
	case "method":
		p.Method = w.word()
	case "url":
		p.Suffix = w.rest()
	case "body":
		p.Body, p.HasBody = w.rest(), true
	case "missing":
		p.Missing = plan.Missing(w.word())
	case "escaping":
		p.Escaping = plan.Escaping(w.word())
	case "timeout":
		p.Timeout, err = w.duration()
	case "suspend":
		p.Suspend = w.take("true")
	case "notReady":
		p.NotReady = w.rest()
	case "inheritedOff":
		p.InheritedOff = append(slices.Clone(p.InheritedOff), w.word())
	case "header":
		var h plan.HeaderTemplate
		h.Name, h.Value, err = w.header()
		p.Headers = setHeader(p.Headers, h, h.Value == "", func(h plan.HeaderTemplate) string { return h.Name })
	case "response.awaitJSON", "response.useFullResponse", "response.variable", "response.condition":
		p.Response, err = setResponse(p.Response, field, w)
	default:
		if p.Retry == nil {
			policy := plan.DefaultRetry()
			p.Retry = &policy
		}
		policy := *p.Retry
		err = setRetry(&policy, field, w)
		p.Retry = &policy
	}
	return cmp.Or(err, w.done())
}

// setResponse returns what is read from answers with a field set; any makes them
// awaited, but awaitJSON false.
func setResponse(old *plan.Response, field string, w *words) (*plan.Response, error) {
	var r plan.Response
	if old != nil {
		r = plan.Response{Variables: slices.Clone(old.Variables), Conditions: slices.Clone(old.Conditions), Full: old.Full}
	}
	switch field {
	case "response.awaitJSON":
		if w.take("false") {
			return nil, nil
		}
		w.take("true")
	case "response.useFullResponse":
		r.Full = w.take("true")
	case "response.variable":
		optional := w.take("optional")
		r.Variables = append(r.Variables, plan.Variable{Name: w.word(), Path: w.rest(), Required: !optional})
	case "response.condition":
		r.Conditions = append(r.Conditions, plan.Condition{Variable: w.word(), Operator: plan.Operator(w.word()), Value: w.rest()})
	}
	return &r, nil
}

// setHeader returns the headers with one replaced, added or taken away.
func setHeader[H any](headers []H, h H, gone bool, name func(H) string) []H {
	same := func(other H) bool { return name(other) == name(h) }
	headers = slices.Clone(headers)
	at := slices.IndexFunc(headers, same)
	switch {
	case gone:
		return slices.DeleteFunc(headers, same)
	case at >= 0:
		headers[at] = h
		return headers
	}
	return append(headers, h)
}

// setRetry sets a field of a retry policy.
func setRetry(p *plan.Retry, field string, w *words) (err error) {
	switch field {
	case "retry.retries":
		p.Retries, err = w.number()
	case "retry.backoff":
		p.Backoff = plan.Backoff(w.word())
	case "retry.delay":
		p.Delay, err = w.duration()
	case "retry.maxDelay":
		p.MaxDelay, err = w.duration()
	case "retry.on":
		p.Reasons = nil
		for _, word := range strings.Fields(w.rest()) {
			p.Reasons = append(p.Reasons, plan.Reason(word))
		}
	default:
		err = fmt.Errorf("there is no field %s", field)
	}
	return err
}

// entry is the integration as it is sent to the dispatcher.
func (in *integration) entry() *plan.Integration {
	p := in.plan
	if p.NotReady != "" {
		p = plan.Integration{Key: p.Key, Generation: p.Generation, NotReady: p.NotReady}
	}
	return &p
}

// entry is the webhook as it is sent to the dispatcher, and as intake uses it.
func (wh *webhook) entry(c *config) (*catalog.Webhook, error) {
	p := wh.plan
	if p.NotReady != "" {
		p = plan.Webhook{Key: p.Key, UID: p.UID, Generation: p.Generation, Integration: p.Integration, NotReady: p.NotReady}
		return catalog.Compile(p)
	}
	own := make([]plan.RenderedHeader, len(p.Headers))
	for i, h := range p.Headers {
		own[i] = plan.RenderedHeader{Name: h.Name, Value: h.Value}
	}
	contentType := plan.DefaultContentType
	for _, h := range plan.Headers(c.integration(p.Integration.Name).plan.Headers, p.InheritedOff, own) {
		if strings.EqualFold(h.Name, plan.ContentType) {
			contentType = h.Value
		}
	}
	var ok bool
	if p.BodyContext, ok = plan.ContextOf(contentType); !ok {
		return nil, errors.New("the Content-Type is no media type")
	}
	templates, err := parts.Compile(&p)
	if err != nil {
		return nil, fmt.Errorf("webhook %s: %w", p.Key.Name, err)
	}
	p.HasKey = templates.Use("WebhookRequest.TransactionalId")
	return catalog.Compile(p)
}
