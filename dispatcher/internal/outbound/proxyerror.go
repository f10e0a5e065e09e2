package outbound

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"syscall"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
)

// ProxyFailure says whose failure it is that an egress proxy gives no connection.
type ProxyFailure string

// The failures.
const (
	// ProxyUnreachable: the proxy's. It cannot be reached, does not speak HTTP, wants
	// other credentials or is in trouble, so that the receiver was certainly not reached.
	ProxyUnreachable ProxyFailure = "ProxyUnreachable"
	// ProxyRefused: nobody's. The rules of the proxy do not allow the receiver.
	ProxyRefused ProxyFailure = "ProxyRefused"
	// ReceiverUnreachable: the receiver's, as far as the proxy knows, or it may be:
	// the proxy did not say it in time.
	ReceiverUnreachable ProxyFailure = "ReceiverUnreachable"
)

// ProxyError is the error of an egress proxy that gives no connection to a receiver.
// Nothing of a request was sent.
type ProxyError struct {
	Failure ProxyFailure
	// Status is the proxy's answer to CONNECT; 0 if there was none.
	Status int
	// Err is what went wrong with the connection to the proxy; nil if it answered.
	Err error

	text string
}

// Error says in one sentence what happened, without credentials or anything that the
// proxy wrote.
func (e *ProxyError) Error() string { return e.text }

// Unwrap returns Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// notDialled is the error of a connection to the proxy that could not be made.
func notDialled(err error) *ProxyError {
	var (
		blocked *egress.BlockedError
		lookup  *net.DNSError
		number  syscall.Errno
		timeout net.Error
	)
	text := "connecting to the egress proxy failed"
	switch {
	case errors.As(err, &blocked):
		text = "the egress proxy's " + blocked.What()
	case errors.As(err, &lookup) && lookup.IsNotFound:
		text = "the host name of the egress proxy does not exist"
	case errors.As(err, &lookup):
		text = "looking up the host name of the egress proxy failed"
	case errors.As(err, &number):
		text += ": " + number.Error()
	case errors.As(err, &timeout) && timeout.Timeout():
		text = "connecting to the egress proxy timed out"
	}
	return &ProxyError{Failure: ProxyUnreachable, Err: err, text: text}
}

// noHandshake is the error of a TLS handshake with the proxy.
func noHandshake(err error) *ProxyError {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		timeout     net.Error
	)
	text := "the TLS handshake with the egress proxy failed"
	switch {
	case errors.As(err, &certificate):
		text = "the certificate of the egress proxy is not valid for its host, has expired or is signed by an unknown authority"
	case errors.As(err, &record):
		text = "the egress proxy does not speak TLS on this port"
	case errors.As(err, &timeout) && timeout.Timeout():
		text = "the TLS handshake with the egress proxy timed out"
	}
	return &ProxyError{Failure: ProxyUnreachable, Err: err, text: text}
}

// noAnswer is the error of a proxy that does not answer CONNECT, or not by HTTP.
func noAnswer(err error) *ProxyError {
	text := "the egress proxy's answer is not valid HTTP"
	switch {
	case errors.Is(err, errTooLarge):
		text = "the headers of the egress proxy's answer are larger than 16 KiB"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		text = "the egress proxy closed the connection without an answer"
	}
	return &ProxyError{Failure: ProxyUnreachable, Err: err, text: text}
}

// refusedTunnel is the error of an answer to CONNECT that is not 2xx.
func refusedTunnel(status int) *ProxyError {
	answer := strconv.Itoa(status)
	if name := http.StatusText(status); name != "" {
		answer += " " + name
	}
	e := &ProxyError{Failure: ProxyUnreachable, Status: status}
	switch status {
	case http.StatusForbidden:
		e.Failure, e.text = ProxyRefused, "the rules of the egress proxy do not allow the receiver: it answered "+answer
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e.Failure, e.text = ReceiverUnreachable, "the egress proxy could not reach the receiver: it answered "+answer
	case http.StatusProxyAuthRequired:
		e.text = "the egress proxy wants other credentials: it answered " + answer
	default:
		e.text = "the egress proxy gave no connection to the receiver: it answered " + answer
	}
	return e
}
