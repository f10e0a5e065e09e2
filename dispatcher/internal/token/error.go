package token

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"golang.org/x/oauth2"
)

// Error says why there is no access token.
type Error struct {
	// Status is that of the token server's answer, 0 if there was none.
	Status int
	// Code is the error code in the answer if it is one of RFC 6749, 5.2; else empty.
	Code string
	// Temporary says that the same request may succeed later: there was no answer,
	// or one with 5xx, 429 or 408.
	Temporary bool

	text  string
	cause error
}

// Error says in one sentence what happened and what to do. It holds no secret,
// no URL and nothing the server wrote but Code.
func (e *Error) Error() string { return e.text }

// GoString is Error: the causes that %#v would show may quote the server.
func (e *Error) GoString() string { return e.text }

// Unwrap returns the transport's error if there was no answer, without the
// [*url.Error] around it. It is there to be told by its type: its own text may
// quote what the server wrote and must not be shown.
func (e *Error) Unwrap() error { return e.cause }

// hints are the error codes of RFC 6749, 5.2, and what to do about each.
var hints = map[string]string{
	"invalid_client":         checkClient,
	"invalid_grant":          "check the client at the token server",
	"invalid_request":        "check parameters and authStyle",
	"invalid_scope":          "check scopes",
	"unauthorized_client":    "allow the client the client credentials grant at the token server",
	"unsupported_grant_type": "check that tokenURL is of a server with the client credentials grant",
}

const checkClient = "check clientID and the Secret of the client"

// refused is the error of an answer that grants no token. code is what the server
// wrote.
func refused(status int, code string) *Error {
	e := &Error{Status: status, Temporary: status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout}
	hint, known := hints[code]
	switch {
	case known:
		e.Code = code
		e.text = fmt.Sprintf("the token server answered %d (%s); %s", status, code, hint)
		return e
	case e.Temporary:
		hint = "it is asked again later"
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		hint = checkClient
	case status >= 300 && status < 400:
		hint = "redirects are never followed, so check tokenURL"
	case status < 300:
		hint = "it gave an error in place of a token, so check the client there"
	default:
		hint = "check tokenURL, scopes, parameters and authStyle"
	}
	e.text = fmt.Sprintf("the token server answered %d; %s", status, hint)
	return e
}

// unusable is the error of an answer that grants a token with which we can do
// nothing. how ends the sentence.
func unusable(status int, how string) *Error {
	return &Error{Status: status, text: fmt.Sprintf("the token server answered %d %s", status, how)}
}

// failure is the error of a token request. ended is the cause of its context's
// end, nil if it has not ended; status is that of the answer, 0 if there was none.
func failure(err, ended error, status int) *Error {
	var (
		ours     *Error
		answered *oauth2.RetrieveError
		client   *url.Error
	)
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &answered):
		return refused(status, answered.ErrorCode)
	case !errors.As(err, &client): // package oauth2 has no types for these
		return unusable(status, "without an access_token, or with a field of the wrong type; check tokenURL")
	case client.Op == "parse":
		return &Error{text: "tokenURL is not a valid URL"}
	}
	return &Error{Temporary: true, text: unanswered(client.Err, ended), cause: client.Err}
}

// unanswered says why there was no answer. It uses nothing of the error's own
// text.
func unanswered(err, ended error) string {
	var (
		lookup  *net.DNSError
		untrust *tls.CertificateVerificationError
		network net.Error
	)
	switch {
	case errors.Is(ended, errClosed):
		return errClosed.Error()
	case errors.Is(ended, errTimeout):
		return fmt.Sprintf("the token server gave no answer within %s", requestTimeout)
	case errors.As(err, &lookup) && lookup.IsNotFound:
		return "the host name of the token server does not exist; check tokenURL"
	case errors.As(err, &lookup):
		return "looking up the host name of the token server failed"
	case errors.As(err, &untrust):
		return "the certificate of the token server is not trusted; check tokenURL and caBundle"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the token server refused the connection; check tokenURL"
	case errors.As(err, &network) && network.Timeout():
		return "the connection to the token server timed out"
	}
	return "the connection to the token server failed before there was an answer"
}
