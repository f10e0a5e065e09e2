package plan

import (
	"fmt"
	"net/http"
	"net/textproto"

	"golang.org/x/net/http/httpguts"
)

// forbidden holds the header names no manifest may set, in canonical form: they
// belong to the connection or the framing of the message (RFC 9110, 7.6.1 and
// 8.6; RFC 9112, 3.2), not to its author.
var forbidden = map[string]bool{
	"Connection": true, "Content-Length": true, "Host": true, "Http2-Settings": true,
	"Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Authorization": true,
	"Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// CheckHeaderName judges the name of a header in a manifest.
func CheckHeaderName(name string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("header name %q is not a valid HTTP token", name)
	}
	if forbidden[textproto.CanonicalMIMEHeaderKey(name)] {
		return fmt.Errorf("header %s is set by HTTP itself and cannot be configured", name)
	}
	return nil
}

// CheckHeaderValue judges a header value; the error never repeats it.
func CheckHeaderValue(name, value string) error {
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the value of header %s contains a line break or another control character", name)
	}
	return nil
}

// RenderedHeader is a header of a request: a webhook's own after rendering, or
// an integration's.
type RenderedHeader struct {
	Name    string
	Value   string
	Private bool
}

// String hides a private value.
func (h RenderedHeader) String() string {
	if h.Private {
		return h.Name + ": " + Redacted
	}
	return h.Name + ": " + h.Value
}

// GoString is String: %#v would show the fields.
func (h RenderedHeader) GoString() string { return h.String() }

// Headers returns the headers of a request in sending order: the integration's
// that the webhook does not turn off and does not replace, then its own. Names
// are compared in any case. Own headers of one name all stay.
func Headers(inherited []Header, off []string, own []RenderedHeader) []RenderedHeader {
	gone := make(map[string]bool, len(off)+len(own))
	for _, name := range off {
		gone[http.CanonicalHeaderKey(name)] = true
	}
	for _, h := range own {
		gone[http.CanonicalHeaderKey(h.Name)] = true
	}
	headers := make([]RenderedHeader, 0, len(inherited)+len(own))
	for _, h := range inherited {
		if !gone[http.CanonicalHeaderKey(h.Name)] {
			headers = append(headers, RenderedHeader{Name: h.Name, Value: h.Value.Reveal(), Private: h.Private})
		}
	}
	return append(headers, own...)
}
