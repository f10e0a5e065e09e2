package outbound

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Parts are what a webhook contributes to a request, rendered at intake.
type Parts struct {
	// ID is the call's transaction id, which signatures are over.
	ID string
	// Method is GET, POST, PUT, PATCH or DELETE.
	Method string
	// Suffix is appended to the integration's URL.
	Suffix string
	// InheritedOff names the integration's headers that are not sent, in any
	// case.
	InheritedOff []string
	// Own are the webhook's own headers.
	Own []plan.RenderedHeader
	// HasBody tells an empty Body from none.
	HasBody bool
	// Body is the request body.
	Body []byte
	// Timeout overrides the integration's when positive.
	Timeout time.Duration
	// Await is that of the [Request]. Accept: application/json is added unless one is
	// there.
	Await bool
}

// Request is one request, ready to be sent once. [Route.Build] makes it.
type Request struct {
	// Route is the way it is sent by; nil for connections with nothing special, and
	// without access token and signature.
	Route *Route
	// ID is the call's transaction id.
	ID     string
	Method string
	URL    *url.URL
	// Headers are what is sent beside the headers of HTTP itself (Host,
	// Content-Length). They hold private values.
	Headers []plan.RenderedHeader
	HasBody bool
	Body    []byte
	// Timeout bounds connect, headers and body together. It is positive. The time
	// at the gate does not count.
	Timeout time.Duration
	// Gate, if there is one, says when the request may be sent. Send calls it when
	// it has a connection, before the first byte is written, and writes when it
	// has returned nil. It may wait; its context is that of Send. If it returns an
	// error, or its context has ended, nothing is sent and the Response is Unsent.
	// It is called at most once for a Send, and not at all if there was no
	// connection.
	Gate func(context.Context) error
	// Room, if there is one, says whether there is memory for size more bytes of
	// the answer. It is asked when the answer's body may be longer than a few
	// kilobytes; if there is none, that is all that is kept of it.
	Room func(size int) bool
	// Await says that the body of a 2xx answer is needed whole, decompressed, up to
	// 1 MiB. One that is longer or cannot be decompressed makes the Reason
	// ResponseUnusable. One that breaks off makes it NetworkError, one that is not there
	// in time Timeout, and one for which there is no Room, beyond a few kilobytes,
	// NetworkError: another attempt may get it.
	Await bool
	// Timing, if there is one, takes down how long the steps of the request take.
	Timing *Timing

	wantsToken  bool        // an access token is to be added
	accessToken plan.Secret // the one that was
}

var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// Build joins a webhook's rendered parts with its integration as it is now. An
// error is one sentence without secrets. It wraps [plan.ErrLeavesRoot] if the
// URL would leave the integration's, which makes the call Blocked; every other
// error says that the parts make no valid request, or one above [MaxRequest].
func Build(in *plan.Integration, parts Parts) (*Request, error) {
	if !slices.Contains(methods, parts.Method) {
		return nil, errors.New("the method is none of " + strings.Join(methods, ", "))
	}
	target, err := plan.JoinURL(in.URL, parts.Suffix)
	if err != nil {
		return nil, err // a sentence of its own, for the log
	}
	if host, err := httpguts.PunycodeHostPort(target.Host); err != nil || !httpguts.ValidHostHeader(host) {
		return nil, errors.New("the host name of the integration's url is not valid")
	}
	headers := plan.Headers(in.Headers, parts.InheritedOff, parts.Own)
	for _, h := range headers {
		if err := cmp.Or(plan.CheckHeaderName(h.Name), plan.CheckHeaderValue(h.Name, h.Value)); err != nil {
			return nil, err // a sentence of its own, for the log
		}
		if len(in.SigningKeys) > 0 && isSigning(h.Name) {
			return nil, fmt.Errorf("header %s is set by the integration's signing", h.Name)
		}
	}
	if parts.HasBody && !has(headers, "Content-Type") {
		headers = append(headers, plan.RenderedHeader{Name: "Content-Type", Value: "application/json"})
	}
	if parts.Await && !has(headers, "Accept") {
		headers = append(headers, plan.RenderedHeader{Name: "Accept", Value: "application/json"})
	}
	if err := checkSize(in.URL, headers, parts); err != nil {
		return nil, err // a sentence of its own, for the log
	}
	timeout := in.Timeout
	if parts.Timeout > 0 {
		timeout = parts.Timeout
	}
	if timeout <= 0 {
		timeout = plan.DefaultTimeout
	}
	return &Request{
		ID: parts.ID, Method: parts.Method, URL: target, Headers: headers,
		HasBody: parts.HasBody, Body: parts.Body, Timeout: timeout, Await: parts.Await, wantsToken: wantsToken(in, parts),
	}, nil
}

// wantsToken reports whether an access token is to be added: it is a header of the
// integration's, which a webhook can turn off or replace.
func wantsToken(in *plan.Integration, parts Parts) bool {
	off := slices.ContainsFunc(parts.InheritedOff, func(name string) bool { return strings.EqualFold(name, authorization) })
	return in.OAuth2 != nil && !off && !has(parts.Own, authorization)
}

// isSigning reports whether signing sets a header of that name.
func isSigning(name string) bool {
	return slices.ContainsFunc(plan.SigningHeaders[:], func(s string) bool { return strings.EqualFold(s, name) })
}

// checkSize holds [MaxRequest].
func checkSize(root string, headers []plan.RenderedHeader, parts Parts) error {
	size := len(root) + len(parts.Suffix) + len(parts.Body)
	for _, h := range headers {
		size += len(h.Name) + len(h.Value)
	}
	return plan.CheckRequestSize(size)
}

// has reports whether headers hold one of the given name, in any case.
func has(headers []plan.RenderedHeader, name string) bool {
	return slices.ContainsFunc(headers, func(h plan.RenderedHeader) bool { return strings.EqualFold(h.Name, name) })
}

// userAgent is the header that Send adds.
const userAgent = "User-Agent"

// toHTTP returns the request for net/http, with body as its body. It is not made
// by [http.NewRequestWithContext], which would give it a GetBody and so make it
// replayable. net/http knows a [bytes.Reader] in an [io.NopCloser] and sends the
// headers together with it; for any other body they would be sent ahead.
func (r *Request) toHTTP(ctx context.Context, body *bytes.Reader) *http.Request {
	bare := http.Request{Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	request := bare.WithContext(ctx) // a copy, so fill in the rest only then
	request.Method, request.URL, request.Host, request.Header = r.Method, r.URL, r.URL.Host, r.header()
	if len(r.Body) > 0 {
		body.Reset(r.Body)
		request.Body, request.ContentLength = io.NopCloser(body), int64(len(r.Body))
	}
	return request
}

// header returns the headers under the names as the author spells them: net/http
// writes the keys of the map as they are. Values of one name in two spellings
// come under the first, in order. User-Agent alone must be spelled net/http's
// way, else net/http adds its own beside it.
func (r *Request) header() http.Header {
	header := make(http.Header, len(r.Headers))
	values := make([]string, len(r.Headers)) // of all, in one piece
	for i, h := range r.Headers {
		values[i] = h.Value
		name := r.spelling(i)
		if before, again := header[name]; again {
			header[name] = append(before, h.Value) // has no room, and so moves
		} else {
			header[name] = values[i : i+1 : i+1]
		}
	}
	return header
}

// spelling returns the name under which header i is sent.
func (r *Request) spelling(i int) string {
	name := r.Headers[i].Name
	if strings.EqualFold(name, userAgent) {
		return userAgent
	}
	for _, h := range r.Headers[:i] {
		if len(h.Name) == len(name) && strings.EqualFold(h.Name, name) {
			return h.Name
		}
	}
	return name
}
