package outbound

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// closedUnanswered does not say that the request was not handled: it may have been.
const closedUnanswered = "the receiver closed the connection without an answer"

const (
	// lostUnsent is of a connection that was there already.
	lostUnsent = "the receiver closed the connection before the request was sent"
	// stopped and stoppedUnsent are of an attempt whose caller gave it up.
	stopped       = "the attempt was stopped before there was an answer"
	stoppedUnsent = "the attempt was stopped before the request was sent"
	// failed is what is said when nothing better is known.
	failed = "the connection to the receiver failed before there was an answer"
)

// answered says in one sentence what the receiver's final answer was. The text of
// the status is ours, not the receiver's.
func answered(status int) string {
	text := strconv.Itoa(status)
	if name := http.StatusText(status); name != "" {
		text += " " + name
	}
	switch {
	case status < 200:
		return "the receiver answered " + text + ", which is not a final answer"
	case status >= 300 && status <= 399 && status != http.StatusNotModified:
		return "the receiver answered " + text + "; redirects are never followed"
	}
	return "the receiver answered " + text
}

// failure is the response of an attempt without an answer.
func (a *attempt) failure(err, cause error) Response {
	var token *tokenError
	if errors.As(err, &token) {
		response := tokenFailure(token, cause, a.request.Timeout)
		response.Unsent = true
		return response
	}
	response := failure(err, cause, a.request.Timeout)
	if response.Reason == plan.ReasonTimeout && a.link.wire == nil && a.asked != nil && !a.asked.Load() {
		response = Response{Reason: plan.ReasonProxyError, Unreached: true, Message: fmt.Sprintf("the egress proxy could not be reached within %s", a.request.Timeout)}
	}
	response.Unsent = a.unsent(cause)
	if !response.Unsent || a.link.wire == nil {
		return response
	}
	switch response.Message {
	case closedUnanswered, failed:
		response.Message = lostUnsent
	case stopped:
		response.Message = stoppedUnsent
	}
	return response
}

// failure is the response of a request without an answer. cause is that of the
// end of its context, nil if it has not ended.
func failure(err, cause error, timeout time.Duration) Response {
	var blocked *egress.BlockedError
	var network net.Error
	var proxy *ProxyError
	throughProxy := errors.As(err, &proxy)
	switch {
	case throughProxy && (proxy.Failure == ProxyRefused || errors.As(err, &blocked)):
		return Response{Reason: plan.ReasonBlocked, Message: proxy.Error()}
	case errors.As(err, &blocked):
		return Response{Reason: plan.ReasonBlocked, Message: blocked.Error()}
	case errors.Is(cause, errDeadline):
		return Response{Reason: plan.ReasonTimeout, Message: fmt.Sprintf("no answer within %s", timeout)}
	case errors.Is(cause, errResend):
		return Response{Reason: plan.ReasonNetworkError, Message: closedUnanswered}
	case cause != nil:
		return Response{Reason: plan.ReasonNetworkError, Message: stopped}
	case throughProxy && proxy.Failure == ProxyUnreachable:
		return Response{Reason: plan.ReasonProxyError, Unreached: true, Message: proxy.Error()}
	case throughProxy:
		return Response{Reason: plan.ReasonNetworkError, Message: proxy.Error()}
	case errors.As(err, &network) && network.Timeout():
		return Response{Reason: plan.ReasonTimeout, Message: "the connection to the receiver timed out"}
	}
	return Response{Reason: plan.ReasonNetworkError, Message: describe(err)}
}

// describe says in one sentence what went wrong. It uses nothing of the error's
// own text, which may quote the URL or what the receiver wrote, but host names
// and addresses.
func describe(err error) string {
	var (
		lookup  *net.DNSError
		op      *net.OpError
		host    x509.HostnameError
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	switch {
	case errors.Is(err, errFlooded):
		return "the receiver sent more than an answer may have"
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "the host name " + short(lookup.Name) + " does not exist"
	case errors.As(err, &lookup):
		return "looking up the host name " + short(lookup.Name) + " failed"
	case errors.As(err, &host):
		return "the receiver's certificate is not valid for " + short(host.Host)
	case errors.As(err, &unknown):
		return "the receiver's certificate is signed by an unknown authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "the receiver's certificate has expired or is not valid yet"
	case errors.As(err, &invalid):
		return "the receiver's certificate is not valid"
	case errors.As(err, &record), errors.Is(err, http.ErrSchemeMismatch):
		return "the receiver does not speak TLS on this port"
	case errors.As(err, &op) && op.Op == "dial":
		return dialFailed(op)
	case errors.As(err, &op) && op.Op == "remote error":
		return alerted(op)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed):
		return closedUnanswered
	}
	return known(err.Error())
}

// dialFailed says why a connection could not be made.
func dialFailed(op *net.OpError) string {
	to := "the receiver"
	if op.Addr != nil {
		to = short(op.Addr.String())
	}
	var number syscall.Errno
	switch {
	case errors.Is(op, syscall.ECONNREFUSED):
		return "connection refused by " + to
	case errors.As(op, &number):
		return "connecting to " + to + " failed: " + number.Error()
	}
	return "connecting to " + to + " failed"
}

// olderTLS is what is said of receivers that have no version we speak.
const olderTLS = "the receiver does not speak TLS 1.2 or newer"

// alerted says why a receiver refused the TLS handshake. The text of an alert is of
// crypto/tls, which has no type for it (RFC 8446, 6.2). A server has only the
// client's certificate to judge.
func alerted(op *net.OpError) string {
	switch text := op.Err.Error(); {
	case strings.Contains(text, "protocol version"):
		return olderTLS
	case strings.Contains(text, "certificate required"):
		return "the receiver wants a client certificate"
	case strings.Contains(text, "certificate"), strings.Contains(text, "access denied"):
		return "the receiver does not accept the client certificate, or wants one"
	case strings.Contains(text, "unrecognized name"):
		return "the receiver does not know the host name that it is asked for by TLS"
	}
	return "the receiver refused the TLS handshake"
}

// phrases are the errors of net/http without a type of their own, by a part of
// their text, and what we say instead.
var phrases = []struct{ part, message string }{
	{"server closed idle connection", closedUnanswered},
	{"response headers exceeded", "the answer's headers are larger than 64 KiB"},
	{"request header list larger", "the request's headers are larger than the receiver takes"},
	{"header list larger", "the answer's headers are larger than 64 KiB"},
	{"REFUSED_STREAM", "the receiver refused the HTTP/2 stream"},
	{"GOAWAY", "the receiver closed the HTTP/2 connection"},
	{"stream error", "the receiver ended the HTTP/2 stream without an answer"},
	{"malformed", "the answer is not valid HTTP"},
	{"bad Content-Length", "the answer is not valid HTTP"},
	{"transfer encoding", "the answer is not valid HTTP"},
	{"tls: server selected unsupported protocol version", olderTLS},
	{"tls: ", "the TLS handshake with the receiver failed"},
}

// known turns an error's text into a message by its phrase.
func known(text string) string {
	for _, p := range phrases {
		if strings.Contains(text, p.part) {
			return p.message
		}
	}
	return failed
}

// short cuts a name for a message.
func short(name string) string {
	if len(name) > maxDetail {
		return name[:maxDetail] + "…"
	}
	return name
}
