package token

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
)

// exchange is the transport of one token request. It reads the answer, within
// its bound, before package oauth2 does, which would read 1 MiB and which wraps
// no error of reading. Answers that are none it turns into an [*Error]; since a
// redirect is one of them, the client sees none that it could follow.
type exchange struct {
	transport http.RoundTripper
	status    int // of the answer
}

// RoundTrip implements [http.RoundTripper].
func (x *exchange) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := x.transport.RoundTrip(r)
	if err != nil {
		return nil, err // is looked into by failure
	}
	defer answer.Body.Close()
	x.status = answer.StatusCode
	if x.status < 200 || x.status >= 300 && x.status < 400 { // the "body" of 101 is the bare connection
		return nil, refused(x.status, "")
	}
	granted := x.status < 300
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil && granted: // of any other answer the status is enough
		return nil, err
	case len(body) > maxAnswer && granted:
		return nil, unusable(x.status, "with more than 64 KiB; check tokenURL")
	case granted && !isForm(answer.Header.Get("Content-Type")) && !json.Valid(body):
		return nil, unusable(x.status, "with something that is not JSON; check tokenURL")
	}
	answer.Body = io.NopCloser(bytes.NewReader(body))
	return answer, nil
}

// isForm reports whether package oauth2 reads a body as a form, which some old
// servers answer with.
func isForm(contentType string) bool {
	media, _, _ := mime.ParseMediaType(contentType)
	return media == "application/x-www-form-urlencoded" || media == "text/plain"
}
