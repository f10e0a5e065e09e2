package plan

import "time"

// Outcome is the final result of a call. The text is what status, API, log and
// metrics show.
type Outcome string

// The outcomes. Only OutcomeSucceeded counts as success.
const (
	// OutcomeSucceeded: the receiver answered 2xx.
	OutcomeSucceeded Outcome = "Succeeded"
	// OutcomeRejected: the receiver answered 3xx, or 4xx other than 429.
	OutcomeRejected Outcome = "Rejected"
	// OutcomeFailed: 5xx, 429, timeout or network error, and no retry allowed.
	OutcomeFailed Outcome = "Failed"
	// OutcomeExhausted: as Failed, after all retries.
	OutcomeExhausted Outcome = "Exhausted"
	// OutcomeRenderFailed: a template could not be rendered with the call's
	// data, or what it rendered is no valid URL or header; nothing was sent.
	OutcomeRenderFailed Outcome = "RenderFailed"
	// OutcomeResponseUnusable: the receiver answered 2xx, but the answer is no JSON
	// document, lacks a required variable, or a condition does not hold.
	OutcomeResponseUnusable Outcome = "ResponseUnusable"
	// OutcomeBlocked: the URL or address is not allowed; nothing was sent.
	OutcomeBlocked Outcome = "Blocked"
	// OutcomeCancelled: a caller cancelled the call, or the webhook was deleted while
	// it waited.
	OutcomeCancelled Outcome = "Cancelled"
	// OutcomeLost: the dispatcher died during the only attempt of a call
	// without the idempotency key, so whether it arrived is unknown.
	OutcomeLost Outcome = "Lost"
)

// Outcomes are all of them.
var Outcomes = []Outcome{
	OutcomeSucceeded, OutcomeRejected, OutcomeFailed, OutcomeExhausted, OutcomeRenderFailed,
	OutcomeResponseUnusable, OutcomeBlocked, OutcomeCancelled, OutcomeLost,
}

// Success reports whether the outcome counts as success.
func (o Outcome) Success() bool { return o == OutcomeSucceeded }

// Reason says why one attempt ended as it did. The text is the log key, the
// metric label and, for those an author may choose, the value in retry.reasons.
type Reason string

// The reasons of an attempt's end.
const (
	ReasonSuccess         Reason = "Success"         // 2xx
	ReasonRedirect        Reason = "Redirect"        // 1xx as final answer or 3xx; never followed
	ReasonClientError     Reason = "ClientError"     // 4xx but 429
	ReasonTooManyRequests Reason = "TooManyRequests" // 429
	ReasonServerError     Reason = "ServerError"     // 5xx and above
	ReasonTimeout         Reason = "Timeout"         // the attempt's deadline passed
	ReasonNetworkError    Reason = "NetworkError"    // DNS, connect, TLS, reset, malformed answer
	ReasonProxyError      Reason = "ProxyError"      // the egress proxy failed before the receiver was reached
	ReasonBlocked         Reason = "Blocked"         // address or URL rule
	ReasonBadRequest      Reason = "BadRequest"      // rendered parts make no valid request
	ReasonTokenError      Reason = "TokenError"      // no access token could be got, so nothing was sent
	ReasonTokenRefused    Reason = "TokenRefused"    // 401 to an access token, which is thrown away
	// ReasonResponseUnusable: 2xx with an answer that cannot be used as awaited.
	ReasonResponseUnusable Reason = "ResponseUnusable"
	ReasonCrash            Reason = "Crash" // the dispatcher died during the attempt
)

// Reasons are all of them.
var Reasons = []Reason{
	ReasonSuccess, ReasonRedirect, ReasonClientError, ReasonTooManyRequests, ReasonServerError, ReasonTimeout, ReasonNetworkError,
	ReasonProxyError, ReasonBlocked, ReasonBadRequest, ReasonTokenError, ReasonTokenRefused, ReasonResponseUnusable, ReasonCrash,
}

// Report is the newest outcome of a webhook, as the dispatcher tells it to the
// manager and the manager writes it to status. It holds no request or response
// content.
type Report struct {
	Webhook    Key
	WebhookUID string
	// Seq grows with every outcome of the webhook; the newest wins.
	Seq uint64

	TransactionID string
	Time          time.Time // when the call ended
	Outcome       Outcome
	StatusCode    int // of the last attempt; 0 if there was no answer
	Attempts      int // requests begun
	Duration      time.Duration
	Message       string // one sentence, without secrets

	// LastSuccess is when a call last succeeded; zero if none did.
	LastSuccess time.Time
	// ConsecutiveFailures counts the calls since then that did not. Cancelled ones count
	// as neither: they say nothing of the receiver.
	ConsecutiveFailures int
	// Hours are the outcomes by the hour, in order, of at most the last 25 hours in which
	// there were any; see [Report.Recent].
	Hours []Hour
}

// Hour counts the calls of a webhook that ended within one hour. Cancelled ones are not
// among them.
type Hour struct {
	// Since is when the hour began, in hours since 1970.
	Since int64 `cbor:"1,keyasint"`
	// Calls is how many calls ended, Failed how many of them with another outcome than
	// Succeeded.
	Calls  int `cbor:"2,keyasint"`
	Failed int `cbor:"3,keyasint,omitempty"`
}
