package outbound

import (
	"io"
	"net/http"
	"net/http/httptrace"
)

// asking makes requests to a token server. They have a User-Agent, and are told to
// their connections, which may be those of attempts and of other integrations'
// token requests: one that is not told of ends when [maxUnasked] bytes have come.
type asking struct {
	http.RoundTripper
	agent string
}

// RoundTrip implements [http.RoundTripper], which must not change r.
func (a *asking) RoundTrip(r *http.Request) (*http.Response, error) {
	var on *wire
	rest := func() {
		if on != nil {
			on.rest()
			on = nil
		}
	}
	r = r.Clone(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		rest() // net/http tries another connection
		on = linkOf(info.Conn).wire
		on.begin()
	}}))
	r.Header.Set(userAgent, a.agent)
	answer, err := a.RoundTripper.RoundTrip(r)
	if err != nil {
		rest()
		return nil, err
	}
	answer.Body = &askedBody{answer.Body, rest}
	return answer, nil
}

// askedBody is the body of a token server's answer.
type askedBody struct {
	io.ReadCloser
	rest func()
}

// Close lets the connection go.
func (b *askedBody) Close() error {
	defer b.rest()
	return b.ReadCloser.Close()
}
