package plan

import (
	"log/slog"
	"time"
)

// Kind says what a [Ref] points at.
type Kind string

// The kinds of entry the manager sends to the dispatcher.
const (
	KindIntegration Kind = "WebhookIntegration"
	KindWebhook     Kind = "Webhook"
)

// Key is the namespace and name of an object.
type Key struct {
	Namespace string
	Name      string
}

// String returns "namespace/name".
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// LogValue makes logs write it as String does.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Ref is a [Key] together with its [Kind].
type Ref struct {
	Kind Kind
	Key
}

// String returns "Kind namespace/name".
func (r Ref) String() string { return string(r.Kind) + " " + r.Key.String() }

// Integration is a WebhookIntegration as the data plane sees it: defaults
// filled in, header values resolved from Secrets.
type Integration struct {
	Key        Key
	Generation int64
	// DisplayName and Description are what people read; empty if the manifest has
	// none.
	DisplayName string
	Description string
	// LogRetention is how long the log of its calls is kept.
	LogRetention LogRetention

	// NotReady, when not empty, says in one sentence why nothing may be sent
	// for this integration now (its spec is invalid, or a Secret is missing).
	// Calls already accepted wait. All fields below are then unset.
	NotReady string

	// URL is the root URL: scheme, authority and perhaps path and query.
	URL string
	// RequestsPerSecond is the limit shared by all webhooks; 0 is no limit.
	RequestsPerSecond int
	// MaxConcurrency bounds the attempts in flight; at least 1.
	MaxConcurrency int
	// MaxWaiting bounds the calls that wait; intake answers 429 past it.
	MaxWaiting int
	// MaxWaitingBytes bounds what the waiting calls hold together: their rendered
	// URL suffixes, headers and bodies, in bytes. Intake answers 429 past it; 0
	// is no bound.
	MaxWaitingBytes int64
	// Headers are sent with every request of every webhook that does not turn
	// them off, in the order of the manifest. The last may be an Authorization
	// that comes from basic or bearer authentication.
	Headers []Header
	// OAuth2, if not nil, gives every request an Authorization with an access
	// token, unless a webhook turns that off or has its own, as with Headers.
	OAuth2 *OAuth2
	// SigningKeys sign every request by Standard Webhooks, one signature for each;
	// none if empty. They are the decoded keys, not their text.
	SigningKeys []Secret
	// TLS, if not nil, applies to https URLs.
	TLS *TLS
	// Egress narrows where requests may go.
	Egress Egress
	// Private are private values beside those of Headers, in the forms in which
	// they might be shown: passwords, client secrets, keys.
	Private []Secret
	// Timeout bounds one attempt: connect, headers and body together.
	Timeout time.Duration
	// Retry is how calls with the idempotency key are retried.
	Retry Retry
	// Suspend keeps all calls waiting.
	Suspend bool
}

// LogRetention bounds the delivery log of one integration. What has ended goes as
// soon as it is past either bound; what waits stays.
type LogRetention struct {
	// MaxAge is how long what has ended is kept; 0 is as long as the installation keeps
	// it.
	MaxAge time.Duration
	// MaxBytes is what the log may take in bytes, the oldest going first; 0 is no bound
	// but the installation's.
	MaxBytes int64
}

// Header is one header of an integration.
type Header struct {
	Name string
	// Value is never shown if Private is set.
	Value Secret
	// Private is true for values from Secrets and for literals marked private.
	Private bool
}

// Webhook is a Webhook as the data plane sees it. URL, header values and body
// are template sources; package template compiles them.
type Webhook struct {
	Key        Key
	UID        string
	Generation int64
	// DisplayName is what people read; empty if the manifest has none.
	DisplayName string
	// Manifest is the spec of the Webhook as its author wrote it, as JSON compressed
	// by gzip, for those who want a copy of it; empty if it is not known. It has no
	// secrets: a Webhook can only refer to them.
	Manifest []byte
	// Integration is the integration whose root URL, headers and limit it uses, and
	// to whose bounds its waiting calls count. It is empty as long as the webhook
	// refers to one of another namespace that it may not use: nobody may fill up
	// what is not theirs.
	Integration Key

	// Triggers are the events that make calls of it. They are there also if it is not
	// ready, so that an event is refused then and not passed over.
	Triggers []Trigger

	// NotReady, when not empty, says in one sentence why the webhook takes no
	// calls now. Calls already accepted wait. All fields below are then unset.
	NotReady string

	// SystemName is the effective system name.
	SystemName string
	// Method is the HTTP method in upper case.
	Method string
	// Escaping says how the templates write values.
	Escaping Escaping
	// Missing says what becomes of values that the data lacks.
	Missing Missing
	// Culture is the culture that numbers, dates and upper case follow, as
	// package template names it; empty is the invariant one.
	Culture string
	// Suffix is appended to the integration's URL after rendering.
	Suffix string
	// InheritedOff holds the names of integration headers that are not sent,
	// in any case.
	InheritedOff []string
	// Headers are the webhook's own headers.
	Headers []HeaderTemplate
	// HasBody tells an empty Body from none.
	HasBody bool
	// Body is the request body.
	Body string
	// BodyField is the field of the manifest that Body comes from, with which
	// errors about it begin; empty is "body".
	BodyField string
	// BodyContext is what the body is by the Content-Type it is sent with.
	BodyContext BodyContext
	// HasKey is true when the templates refer to the transaction id, which
	// makes repeats of a request recognisable and so allows retries.
	HasKey bool
	// Timeout overrides the integration's when positive.
	Timeout time.Duration
	// Retry overrides the integration's when not nil.
	Retry *Retry
	// Suspend keeps this webhook's calls waiting.
	Suspend bool
	// Response says what is read from answers; nil if their status is all.
	Response *Response
}

// HeaderTemplate is one of a webhook's own headers.
type HeaderTemplate struct {
	Name  string
	Value string
}

// Escaping says how the templates of a webhook write values.
type Escaping string

// The kinds of escaping; empty is EscapingContextual.
const (
	// EscapingContextual writes each value as its place needs it.
	EscapingContextual Escaping = "Contextual"
	// EscapingNone writes each value as it is.
	EscapingNone Escaping = "None"
)

// Missing says what becomes of a value that a template mentions and the data of
// a call does not have.
type Missing string

// The ways to treat missing values; empty is MissingFail.
const (
	// MissingFail ends the call as RenderFailed.
	MissingFail Missing = "Fail"
	// MissingNull takes the value as null.
	MissingNull Missing = "Null"
)

// BodyContext is the grammar of a body, which decides what escaping means in it.
type BodyContext string

// The grammars; empty is BodyText. [ContextOf] tells them from a Content-Type.
const (
	BodyText BodyContext = "Text" // none: values are written as they are
	BodyJSON BodyContext = "JSON"
	BodyForm BodyContext = "Form"
	BodyXML  BodyContext = "XML"
)

// Ref returns the integration's reference.
func (i *Integration) Ref() Ref { return Ref{Kind: KindIntegration, Key: i.Key} }

// Ref returns the webhook's reference.
func (w *Webhook) Ref() Ref { return Ref{Kind: KindWebhook, Key: w.Key} }

// Defaults and bounds of the fields above; the API's field docs repeat them.
const (
	DefaultMaxConcurrency = 64
	DefaultMaxWaiting     = 1_000_000
	// DefaultMaxWaitingBytes is a million calls of 1 KiB.
	DefaultMaxWaitingBytes = 1 << 30
	DefaultTimeout         = 30 * time.Second
	MinTimeout             = time.Second
	MaxTimeout             = 120 * time.Second
	// MaxRequestBytes bounds a request: the bytes of its URL, of the names and
	// values of its headers, and of its body, together. 1 MiB.
	MaxRequestBytes = 1 << 20
)

// Backoff is how the delay between retries grows.
type Backoff string

// The kinds of backoff.
const (
	BackoffConstant    Backoff = "Constant"
	BackoffExponential Backoff = "Exponential"
)

// Retry is how often and when a failed attempt is repeated. It applies only to
// calls with the idempotency key.
type Retry struct {
	// Retries is the number of attempts after the first; 0 is none.
	Retries int
	// Backoff says whether Delay stays or doubles with each retry.
	Backoff Backoff
	// Delay is the time from the start of an attempt to the start of the next.
	Delay time.Duration
	// MaxDelay bounds an exponentially grown delay.
	MaxDelay time.Duration
	// Reasons lists what is retried.
	Reasons []Reason
}

// DefaultRetry is used where neither webhook nor integration says otherwise.
// Three retries 105 s apart, with at most 10 % of jitter added to each, all
// start within six minutes of the first attempt: 3 × 105 s × 1.1 = 346.5 s.
func DefaultRetry() Retry {
	return Retry{
		Retries:  3,
		Backoff:  BackoffConstant,
		Delay:    105 * time.Second,
		MaxDelay: 10 * time.Minute,
		Reasons:  []Reason{ReasonServerError, ReasonTooManyRequests, ReasonTimeout, ReasonNetworkError},
	}
}
