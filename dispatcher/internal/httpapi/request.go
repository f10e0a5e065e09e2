package httpapi

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/store"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// Media types of what is posted.
const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// Errors about requests, whatever they are for.
var (
	// errBrokenBody is for a body that breaks off or comes too slowly.
	errBrokenBody = errors.New("the body could not be read to its end")
	// errUnwanted is for a body where there is to be none.
	errUnwanted = errors.New("this request takes no body")
	// errQuery is for a query: one that is passed over could be one that matters.
	errQuery = errors.New("this request takes no query; take ? and what follows out of the URL")
	// errEncoding is for a body that is compressed.
	errEncoding = errors.New("the body must be sent as it is, without a Content-Encoding")
	// errUnsupportedType is for a body that is announced as something else.
	errUnsupportedType error = unsupportedType("the data of a call must be sent as Content-Type: application/json, many calls as application/x-ndjson, both in UTF-8")
	// errNotJSON is the same where there is nothing but JSON.
	errNotJSON error = unsupportedType("what is sent here must be Content-Type: application/json, in UTF-8")
)

// unsupportedType says what must be sent instead.
type unsupportedType string

// Error returns the sentence.
func (e unsupportedType) Error() string { return string(e) }

// checkRequest refuses what no request may have.
func checkRequest(r *http.Request, route *route) error {
	if key := webhookOf(r); key != (plan.Key{}) && !isPath(key) {
		return errNoName
	}
	if err := checkQuery(r, route.query); err != nil {
		return err
	}
	if r.Method != http.MethodPost {
		return nil // there is no body that matters
	}
	for _, line := range r.Header.Values("Content-Encoding") {
		for coding := range strings.SplitSeq(line, ",") {
			if coding = strings.Trim(coding, " \t"); coding != "" && !strings.EqualFold(coding, "identity") {
				return errEncoding
			}
		}
	}
	return nil
}

// take admits a request and reads its body of at most most bytes. Without an error
// the caller calls release when the body is not needed any more.
func (a *api) take(w http.ResponseWriter, r *http.Request, most int64) (body []byte, release func(), err error) {
	size := most
	if r.ContentLength >= 0 {
		size = min(r.ContentLength, most)
	}
	if release, err = a.admission.Admit(size); err != nil {
		return nil, nil, err
	}
	if body, err = readBody(http.MaxBytesReader(w, r.Body, most), size); err != nil {
		release()
		return nil, nil, errors.Join(errBrokenBody, err)
	}
	return body, release, nil
}

// readBody reads a body that is probably of the given size.
func readBody(body io.Reader, size int64) ([]byte, error) {
	buffer := bytes.NewBuffer(make([]byte, 0, size+bytes.MinRead))
	_, err := buffer.ReadFrom(body)
	return buffer.Bytes(), err
}

// withoutBody is an error if there is a body.
func withoutBody(w http.ResponseWriter, r *http.Request) error {
	switch n, err := io.ReadFull(http.MaxBytesReader(w, r.Body, 1), make([]byte, 1)); {
	case n > 0:
		return errUnwanted
	case !errors.Is(err, io.EOF):
		return errors.Join(errBrokenBody, err)
	}
	return nil
}

// mediaOf tells what is posted. Nothing at all is JSON, for hand-made requests.
// Text is UTF-8, of which US-ASCII is a part.
func mediaOf(h http.Header) (string, error) {
	lines := h.Values("Content-Type")
	if len(lines) == 0 || len(lines) == 1 && (lines[0] == "" || lines[0] == mediaJSON) {
		return mediaJSON, nil
	}
	media, parameters, err := mime.ParseMediaType(lines[0])
	if err != nil || len(lines) > 1 {
		return "", errUnsupportedType
	}
	if charset, ok := parameters["charset"]; ok && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return "", errUnsupportedType
	}
	switch media {
	case mediaJSON:
		return mediaJSON, nil
	case mediaNDJSON, "application/ndjson":
		return mediaNDJSON, nil
	}
	return "", errUnsupportedType
}

// mustBeJSON refuses a body that is announced as anything else.
func mustBeJSON(r *http.Request) error {
	if media, err := mediaOf(r.Header); err != nil || media != mediaJSON {
		return errNotJSON
	}
	return nil
}

// webhookOf is the webhook that the path names.
func webhookOf(r *http.Request) plan.Key {
	return plan.Key{Namespace: r.PathValue("namespace"), Name: r.PathValue("webhook")}
}

// exampleID is what a transaction id looks like.
const exampleID = "019ab1f2-6c1e-7d3a-9a55-0d2f8f0c1e11"

// callOfPath is the call that the path names, in the one form that ids have here:
// the URL of a call is one.
func callOfPath(r *http.Request) (uuid.UUID, error) {
	text := r.PathValue("transactionId")
	id, err := uuid.Parse(text)
	if err != nil || id.String() != text {
		return id, fmt.Errorf("%w: the path has no transaction id where it should be, such as %s", store.ErrNotFound, exampleID)
	}
	return id, nil
}
