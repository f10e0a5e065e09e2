package outbound

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// The errors of an awaited answer that are not of the connection.
var (
	errNoRoom  = errors.New("no room for the answer")
	errCoding  = errors.New("the answer has an unknown coding")
	errDecoded = errors.New("the answer cannot be decoded")
)

// await reads the body of a successful answer whole. If that does not succeed the
// response becomes one of another reason; what was read is kept for the log.
func (r *Request) await(ctx context.Context, answer *http.Response, response *Response) {
	read, err := readWhole(answer, r.Room)
	response.Body = read[:min(len(read), KeptBody)]
	response.BodyCut = err != nil || len(read) > KeptBody
	if err == nil {
		response.Whole = read
		return
	}
	response.BodyUndecoded = errors.Is(err, errCoding)
	response.Reason, response.Message = incomplete(err, context.Cause(ctx), r)
}

// incomplete says why an answer could not be read whole: what another attempt may
// change is a failure of the network, or it took too long. cause is that of the end of
// the context, nil if it has not ended.
func incomplete(err, cause error, r *Request) (plan.Reason, string) {
	var network net.Error
	switch {
	case errors.Is(err, errCoding):
		return plan.ReasonResponseUnusable, "the answer is compressed in a way that is not known here"
	case errors.Is(err, errDecoded):
		return plan.ReasonResponseUnusable, "the answer cannot be decompressed"
	case errors.Is(err, errTooLong), errors.Is(err, errFlooded):
		return plan.ReasonResponseUnusable, "the answer is longer than 1 MiB"
	case errors.Is(err, errNoRoom):
		return plan.ReasonNetworkError, "there was no memory for the answer, which is awaited whole"
	case errors.Is(cause, errDeadline):
		return plan.ReasonTimeout, fmt.Sprintf("the answer was not complete within %s", r.Timeout)
	case cause != nil:
		return plan.ReasonNetworkError, "the attempt was stopped before the answer was complete"
	case errors.As(err, &network) && network.Timeout():
		return plan.ReasonTimeout, "the connection to the receiver timed out before the answer was complete"
	}
	return plan.ReasonNetworkError, "the connection to the receiver was lost before the answer was complete"
}

// readWhole reads an answer's body, decoded, up to [maxBody] bytes; with an error it
// returns what it has. The memory grows as the body does, for a receiver may announce
// what it never sends.
func readWhole(answer *http.Response, room func(int) bool) (_ []byte, err error) {
	has := func(size int) bool { return room == nil || room(size) }
	connection := &noting{Reader: answer.Body}
	from, first := io.Reader(connection), smallBody
	switch list, known := codings(answer.Header); {
	case !known:
		_, _ = io.CopyN(io.Discard, answer.Body, maxBody) // an error costs the connection, nothing else
		return nil, errCoding
	case len(list) > 0 && !has(len(list)*decoderSize):
		return nil, errNoRoom
	case len(list) > 0:
		d := decode(connection, list)
		defer func() { d.release(err == nil) }()
		from = d
	case answer.ContentLength >= 0 && answer.ContentLength < smallBody:
		first = int(answer.ContentLength) + 1 // or the end is not seen
	}
	buffer := make([]byte, first)
	for have := 0; ; {
		n, ended, err := fill(from, buffer[have:])
		have += n
		switch {
		case ended && have <= maxBody:
			return buffer[:have:have], nil
		case connection.err != nil:
			return buffer[:have], connection.err
		case have > maxBody, errors.Is(err, errTooLong):
			return buffer[:have], errTooLong
		case err != nil:
			return buffer[:have], errDecoded
		}
		size := growth * len(buffer)
		if size >= maxBody {
			size = maxBody + 1
		}
		if !has(size) {
			return buffer[:have], errNoRoom
		}
		bigger := make([]byte, size)
		copy(bigger, buffer)
		buffer = bigger
	}
}

// noting notes the error of a connection, which a decoder would mix up with its own.
type noting struct {
	io.Reader
	err error
}

// Read reads from the connection.
func (n *noting) Read(b []byte) (int, error) {
	read, err := n.Reader.Read(b)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return it as it is
		n.err = err
	}
	return read, err
}
