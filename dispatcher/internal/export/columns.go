package export

import (
	"encoding/base64"
	"strconv"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/maestra-io/webhook-operator/dispatcher/client"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// reading is a row as it is read by the columns.
type reading struct {
	attempt                       *store.Attempt
	call                          *store.Call
	integration                   plan.Key
	requestBody, responseBody     []byte
	requestBinary, responseBinary bool
}

// readingOf prepares a row.
func readingOf(row *store.LogRow) *reading {
	r := &reading{attempt: row.Attempt, call: row.Call, integration: row.Attempt.Integration}
	if r.integration == (plan.Key{}) {
		r.integration = row.Call.Integration
	}
	r.responseBody = row.Attempt.ResponseBody
	r.requestBody = row.RequestBody()
	if row.Attempt.ResponseCut {
		r.responseBody = wholeRunes(r.responseBody)
	}
	r.requestBinary, r.responseBinary = !utf8.Valid(r.requestBody), !utf8.Valid(r.responseBody)
	return r
}

// wholeRunes is a text without the beginning of a character at its end.
func wholeRunes(b []byte) []byte {
	for n := 1; n < utf8.UTFMax && n <= len(b); n++ {
		if c := b[len(b)-n]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-n:]) {
				return b[:len(b)-n]
			}
			break
		}
	}
	return b
}

// appender appends a part of a text, which is valid UTF-8, in the way of a format.
type appender func(dst []byte, text string) []byte

// kind tells how a value stands in JSON.
type kind int

const (
	isText   kind = iota
	isNumber      // also true and false
)

// column is one value of each row. A detail is left out of JSON if it is empty.
type column struct {
	name   string
	kind   kind
	detail bool
	value  func(dst []byte, r *reading, text appender) []byte
}

// columns are those of an export, in order, and behind them the details.
var columns = []column{
	{"WebhookLogTransactionId", isText, false, func(dst []byte, r *reading, _ appender) []byte { return appendID(dst, r) }},
	{"WebhookLogStartDateTimeUtc", isText, false, func(dst []byte, r *reading, _ appender) []byte {
		return r.attempt.Begun.UTC().AppendFormat(dst, time.RFC3339Nano)
	}},
	{"WebhookLogWebhookSourceId", isText, false, event(func(e *store.Event) string { return e.ID }, "")},
	{"WebhookLogWebhookSourceType", isText, false, event(func(*store.Event) string { return client.SourceEvent }, client.SourceCaller)},
	{"WebhookLogWebhookSourceName", isText, false, func(dst []byte, r *reading, text appender) []byte {
		if r.call.Event == nil {
			return appendValid(dst, r.call.Caller, text)
		}
		return appendValid(dst, r.call.Event.Type, text)
	}},
	{"WebhookLogWebhookSourceUrl", isText, false, event(func(e *store.Event) string { return e.Source }, "")},
	{"WebhookLogWebhookId", isText, false, ofText(func(r *reading) string { return r.call.WebhookUID })},
	{"WebhookLogWebhookName", isText, false, ofText(func(r *reading) string { return r.call.Webhook.Name })},
	{"WebhookLogIntegrationId", isText, false, func(dst []byte, r *reading, text appender) []byte {
		if r.integration == (plan.Key{}) {
			return dst
		}
		return appendValid(text(appendValid(dst, r.integration.Namespace, text), "/"), r.integration.Name, text)
	}},
	{"WebhookLogIntegrationName", isText, false, ofText(func(r *reading) string { return r.integration.Name })},
	{"WebhookLogStatus", isText, false, ofText(func(r *reading) string {
		if r.attempt.Reason == plan.ReasonSuccess {
			return client.StatusSuccess
		}
		return client.StatusError
	})},
	{"WebhookLogHttpMethod", isText, false, ofText(func(r *reading) string { return r.attempt.Method })},
	{"WebhookLogUrl", isText, false, ofText(func(r *reading) string { return r.attempt.URL })},
	{"WebhookLogRequestHeaders", isText, false, func(dst []byte, r *reading, text appender) []byte {
		return appendHeaders(dst, r.attempt.RequestHeaders, text)
	}},
	{"WebhookLogRequestBody", isText, false, func(dst []byte, r *reading, text appender) []byte {
		return appendBody(dst, r.requestBody, r.requestBinary, text)
	}},
	{"WebhookLogHTTPStatusCode", isNumber, false, func(dst []byte, r *reading, _ appender) []byte {
		return strconv.AppendInt(dst, int64(r.attempt.StatusCode), 10)
	}},
	{"WebhookLogResponseHeaders", isText, false, func(dst []byte, r *reading, text appender) []byte {
		return appendHeaders(dst, r.attempt.ResponseHeaders, text)
	}},
	{"WebhookLogResponseBody", isText, false, func(dst []byte, r *reading, text appender) []byte {
		return appendBody(dst, r.responseBody, r.responseBinary, text)
	}},
	{"WebhookLogRetryNumber", isNumber, false, func(dst []byte, r *reading, _ appender) []byte {
		return strconv.AppendInt(dst, int64(r.attempt.Number), 10)
	}},

	{"reason", isText, true, ofText(func(r *reading) string { return string(r.attempt.Reason) })},
	{"outcome", isText, true, ofText(func(r *reading) string { return string(r.attempt.Outcome) })},
	{"message", isText, true, ofText(func(r *reading) string { return r.attempt.Message })},
	{"durationSeconds", isNumber, true, func(dst []byte, r *reading, _ appender) []byte {
		return strconv.AppendFloat(dst, r.attempt.Duration.Seconds(), 'f', -1, 64)
	}},
	{"requestBodyBinary", isNumber, true, flag(func(r *reading) bool { return r.requestBinary })},
	{"responseBodyBinary", isNumber, true, flag(func(r *reading) bool { return r.responseBinary })},
	{"responseBodyCut", isNumber, true, flag(func(r *reading) bool { return r.attempt.ResponseCut })},
	{"responseBodyDropped", isNumber, true, flag(func(r *reading) bool { return r.attempt.ResponseUndecoded })},
}

// exported is how many columns are no details.
const exported = 19

// ofText is a column of a text.
func ofText(of func(*reading) string) func([]byte, *reading, appender) []byte {
	return func(dst []byte, r *reading, text appender) []byte { return appendValid(dst, of(r), text) }
}

// event is a column of what an event has, with what stands there without one.
func event(of func(*store.Event) string, without string) func([]byte, *reading, appender) []byte {
	return ofText(func(r *reading) string {
		if r.call.Event == nil {
			return without
		}
		return of(r.call.Event)
	})
}

// flag is a column that has true, or nothing.
func flag(of func(*reading) bool) func([]byte, *reading, appender) []byte {
	return func(dst []byte, r *reading, _ appender) []byte {
		if !of(r) {
			return dst
		}
		return append(dst, "true"...)
	}
}

// appendID appends the transaction id.
func appendID(dst []byte, r *reading) []byte {
	const digits = "0123456789abcdef"
	for i, b := range r.attempt.ID {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[b>>4], digits[b&15])
	}
	return dst
}

// appendValid appends a text, with U+FFFD in place of what is not UTF-8.
func appendValid(dst []byte, s string, text appender) []byte {
	for !utf8.ValidString(s) {
		valid := 0
		for r, n := utf8.DecodeRuneInString(s); r != utf8.RuneError || n > 1; r, n = utf8.DecodeRuneInString(s[valid:]) {
			valid += n
		}
		dst = text(text(dst, s[:valid]), "\ufffd")
		s = s[valid+1:]
	}
	return text(dst, s)
}

// appendHeaders appends one "Name: value" a line.
func appendHeaders(dst []byte, headers []store.Header, text appender) []byte {
	for i, h := range headers {
		if i > 0 {
			dst = text(dst, "\n")
		}
		dst = appendValid(dst, h.Name, text)
		dst = text(dst, ": ")
		dst = appendValid(dst, h.Value, text)
	}
	return dst
}

// appendBody appends a body, as base64 if it is binary.
func appendBody(dst, body []byte, binary bool, text appender) []byte {
	if binary {
		return base64.StdEncoding.AppendEncode(dst, body)
	}
	// Not copied: a text appender keeps nothing.
	return text(dst, unsafe.String(unsafe.SliceData(body), len(body)))
}
