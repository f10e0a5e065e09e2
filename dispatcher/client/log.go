package client

import (
	"strconv"
	"time"
)

// Delivery is a row of the delivery log: one attempt of a call, or the end of a call
// without one. Private values are "***". The fields with names that begin with
// WebhookLog are the columns of an export, in this order.
type Delivery struct {
	TransactionID    string    `json:"WebhookLogTransactionId"`
	StartDateTimeUTC time.Time `json:"WebhookLogStartDateTimeUtc"`
	// SourceID, SourceType, SourceName and SourceURL say what made the call: for
	// SourceEvent the event's id, its type and its source; for SourceCaller the name of the
	// caller in SourceName.
	SourceID   string `json:"WebhookLogWebhookSourceId"`
	SourceType string `json:"WebhookLogWebhookSourceType"`
	SourceName string `json:"WebhookLogWebhookSourceName"`
	SourceURL  string `json:"WebhookLogWebhookSourceUrl"`
	// WebhookID is the UID of the Webhook, WebhookName its name; IntegrationID is
	// "namespace/name" of the WebhookIntegration, IntegrationName its name.
	WebhookID       string `json:"WebhookLogWebhookId"`
	WebhookName     string `json:"WebhookLogWebhookName"`
	IntegrationID   string `json:"WebhookLogIntegrationId"`
	IntegrationName string `json:"WebhookLogIntegrationName"`
	// Status is StatusSuccess or StatusError.
	Status     string `json:"WebhookLogStatus"`
	HTTPMethod string `json:"WebhookLogHttpMethod"`
	URL        string `json:"WebhookLogUrl"`
	// RequestHeaders and ResponseHeaders are one "Name: value" a line.
	RequestHeaders string `json:"WebhookLogRequestHeaders"`
	// RequestBody and ResponseBody are base64 if they are not UTF-8; see Binary.
	RequestBody string `json:"WebhookLogRequestBody"`
	// HTTPStatusCode is 0 if there was no answer.
	HTTPStatusCode  int    `json:"WebhookLogHTTPStatusCode"`
	ResponseHeaders string `json:"WebhookLogResponseHeaders"`
	ResponseBody    string `json:"WebhookLogResponseBody"`
	// RetryNumber is 1 for the first attempt, and 0 for a call that ended without one.
	RetryNumber int `json:"WebhookLogRetryNumber"`

	DeliveryDetails
}

// DeliveryDetails are what listings and live tails have beside the columns of an export.
type DeliveryDetails struct {
	// Reason says how the attempt ended; empty if there was none.
	Reason string `json:"reason,omitempty"`
	// Outcome is that of the call, if it came with this attempt.
	Outcome string `json:"outcome,omitempty"`
	// Message says in one sentence how the attempt ended.
	Message string `json:"message,omitempty"`
	// DurationSeconds is from the attempt's start to the end of the answer.
	DurationSeconds float64 `json:"durationSeconds"`
	// RequestBodyBinary and ResponseBodyBinary say that the body is base64.
	RequestBodyBinary  bool `json:"requestBodyBinary,omitempty"`
	ResponseBodyBinary bool `json:"responseBodyBinary,omitempty"`
	// ResponseBodyCut says that only the beginning of the answer's body is kept,
	// ResponseBodyDropped that nothing is, since it could not be decompressed.
	ResponseBodyCut     bool `json:"responseBodyCut,omitempty"`
	ResponseBodyDropped bool `json:"responseBodyDropped,omitempty"`
}

// The values of Delivery.Status and SourceType.
const (
	StatusSuccess = "success"
	StatusError   = "error"
	SourceCaller  = "Caller"
	SourceEvent   = "Event"
)

// DeliveryFilter says which rows of the log are wanted. The zero value of a field wants
// all. The tags are the names of query parameters.
type DeliveryFilter struct {
	Webhook string `query:"webhook"`
	// Integration is "name", for one of the namespace, or "namespace/name".
	Integration string `query:"integration"`
	// Since is inclusive, Till exclusive; both are times at which attempts began.
	Since time.Time `query:"since"`
	Till  time.Time `query:"till"`
	// Successful wants attempts that succeeded, or such that did not.
	Successful *bool `query:"isSuccessful"`
	// TransactionID wants the attempts of one call.
	TransactionID string `query:"transactionId"`
	// StatusCode is a code, such as 503, or a class, such as 5xx; 0 is no answer.
	StatusCode string `query:"statusCode"`
	// Outcome is that of a call, Reason that of an attempt.
	Outcome string `query:"outcome"`
	Reason  string `query:"reason"`
	// Text is searched for in the URL and the bodies, in any case of letters.
	Text string `query:"text"`
}

// Deliveries is a page of the delivery log, the newest row first.
type Deliveries struct {
	Items []Delivery `json:"items"`
	// Cursor is there if there may be more: the next page is asked for with it. A page can
	// be short, or empty, and have one, when looking for rows took too long.
	Cursor string `json:"cursor,omitempty"`
}

// WebhookInfo is a Webhook as the dispatcher works with it.
type WebhookInfo struct {
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	SystemName  string `json:"systemName,omitempty"`
	DisplayName string `json:"displayName,omitempty"`
	// Integration is "namespace/name".
	Integration string `json:"integration,omitempty"`
	Method      string `json:"method,omitempty"`
	// URLView is the full URL with its placeholders.
	URLView        string `json:"urlView,omitempty"`
	IdempotencyKey bool   `json:"idempotencyKey"`
	Suspended      bool   `json:"suspended,omitempty"`
	// NotReady says why it takes no calls; empty if it does.
	NotReady string `json:"notReady,omitempty"`
	// Waiting is how many calls wait, those under way included.
	Waiting int `json:"waiting"`
	// OldestDueAt is since when the call waits that has been due for longest; nil if none
	// is. What is suspended is not due.
	OldestDueAt *time.Time `json:"oldestDueAt,omitempty"`
	Health      Health     `json:"health"`
	LastCall    *LastCall  `json:"lastCall,omitempty"`
}

// Health is what the outcomes of the last 24 hours say.
type Health struct {
	// Healthy is false if too many calls failed.
	Healthy bool `json:"healthy"`
	// Calls is how many calls ended, cancelled ones left out, and Failed how many of them
	// did not succeed.
	Calls  int `json:"calls"`
	Failed int `json:"failed"`
	// ConsecutiveFailures is how many calls have failed since the last success.
	ConsecutiveFailures int        `json:"consecutiveFailures"`
	LastSuccessAt       *time.Time `json:"lastSuccessAt,omitempty"`
}

// LastCall is the newest outcome of a Webhook.
type LastCall struct {
	TransactionID   string    `json:"transactionId"`
	EndedAt         time.Time `json:"endedAt"`
	Outcome         string    `json:"outcome"`
	StatusCode      int       `json:"statusCode,omitempty"`
	Attempts        int       `json:"attempts"`
	DurationSeconds float64   `json:"durationSeconds"`
	Message         string    `json:"message,omitempty"`
}

// Webhooks is a page of Webhooks, in order of name.
type Webhooks struct {
	Items []WebhookInfo `json:"items"`
	// Total is how many there are that match, on all pages.
	Total  int    `json:"total"`
	Cursor string `json:"cursor,omitempty"`
}

// IntegrationInfo is a WebhookIntegration as the dispatcher works with it: those of the
// namespace, and those of others that its Webhooks use.
type IntegrationInfo struct {
	Namespace   string `json:"namespace"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
	Description string `json:"description,omitempty"`
	URL         string `json:"url,omitempty"`
	// RequestsPerSecond is 0 without a limit.
	RequestsPerSecond int `json:"requestsPerSecond,omitempty"`
	MaxConcurrency    int `json:"maxConcurrency,omitempty"`
	// Headers are those that its Webhooks inherit, private values as "***".
	Headers   []Header `json:"headers,omitempty"`
	Suspended bool     `json:"suspended,omitempty"`
	NotReady  string   `json:"notReady,omitempty"`
	// Webhooks is how many Webhooks of the namespace use it; the numbers below are of
	// them, but Waiting and InFlight of all its Webhooks.
	Webhooks  int `json:"webhooks"`
	Unhealthy int `json:"unhealthy"`
	Calls     int `json:"calls"`
	Failed    int `json:"failed"`
	Waiting   int `json:"waiting"`
	InFlight  int `json:"inFlight"`
	// OldestDueAt is since when the call waits that has been due for longest.
	OldestDueAt *time.Time `json:"oldestDueAt,omitempty"`
}

// Integrations are all of a namespace, in order of namespace and name.
type Integrations struct {
	Items []IntegrationInfo `json:"items"`
}

// Session says who has logged in to the web page.
type Session struct {
	Authenticated bool `json:"authenticated"`
	// User is the name that Kubernetes knows; empty if nobody is logged in, or callers are
	// not authenticated.
	User string `json:"user"`
	// LoginNeeded is false if callers are not authenticated.
	LoginNeeded bool `json:"loginNeeded"`
}

// DeliveryCursor is the place of a row in the log, for what goes on behind it.
func DeliveryCursor(d *Delivery) string {
	return d.StartDateTimeUTC.UTC().Format(time.RFC3339Nano) + "_" + d.TransactionID + "_" + strconv.Itoa(d.RetryNumber)
}

// Statistics are numbers of a span of time, in steps of equal length.
type Statistics struct {
	Since       time.Time `json:"since"`
	Till        time.Time `json:"till"`
	StepSeconds int       `json:"stepSeconds"`
	// Steps are in order of time, each of which has a member, also if it is empty.
	Steps []StatisticsStep `json:"steps"`
	// Partial says that there are more rows than are counted in one request: those after
	// CountedTill are left out.
	Partial     bool       `json:"partial,omitempty"`
	CountedTill *time.Time `json:"countedTill,omitempty"`
}

// StatisticsStep is one step.
type StatisticsStep struct {
	At time.Time `json:"at"`
	// Outcomes has how many calls ended, by outcome; Attempts how many attempts began.
	Outcomes map[string]int `json:"outcomes,omitempty"`
	Attempts int            `json:"attempts"`
	// DurationP50, DurationP95 and DurationMax are of the attempts, in seconds, to a few
	// per cent; 0 without any.
	DurationP50 float64 `json:"durationP50"`
	DurationP95 float64 `json:"durationP95"`
	DurationMax float64 `json:"durationMax"`
	// WaitedP95 and WaitedMax are how long calls had waited, in seconds, when their
	// attempts began.
	WaitedP95 float64 `json:"waitedP95"`
	WaitedMax float64 `json:"waitedMax"`
	// Waiting and OldestDueSeconds are samples of the queue: how many calls waited and how
	// old the oldest due one was, at most within the step; nil before the dispatcher's
	// start, and where only one Webhook is asked for.
	Waiting          *int     `json:"waiting,omitempty"`
	OldestDueSeconds *float64 `json:"oldestDueSeconds,omitempty"`
}

// Attempts are all rows of a call, in order of RetryNumber, with the call.
type Attempts struct {
	Call  Call       `json:"call"`
	Items []Delivery `json:"items"`
}

// Namespaces are those in which the caller may read calls.
type Namespaces struct {
	Items []string `json:"items"`
	// Partial says that there are too many to ask for each.
	Partial bool `json:"partial,omitempty"`
}
