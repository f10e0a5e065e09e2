package outbound

import (
	"io"
	"net/http"
	"slices"
	"sync"
)

// buffers holds buffers of [KeptBody] bytes, for bodies that do not tell their
// size.
var buffers = sync.Pool{New: func() any { return new([KeptBody]byte) }}

// body is what is kept of an answer's body.
type body struct {
	kept      []byte
	cut       bool // that was not all
	undecoded bool // nothing is kept, for it could not be decoded
}

// readBody reads an answer's body within the limits, decoded. What is within them
// is read to its end. room, which may be nil, is that of the request.
func readBody(answer *http.Response, room func(int) bool) body {
	has := func(size int) bool { return room == nil || room(size) }
	size := answer.ContentLength // as announced, negative if it was not
	list, known := codings(answer.Header)
	switch {
	case answer.Body == http.NoBody:
		return body{}
	case !known, len(list) > 0 && !has(2*KeptBody+len(list)*decoderSize):
		n, _ := io.CopyN(io.Discard, answer.Body, maxBody) // an error costs the connection, nothing else
		return body{cut: n > 0, undecoded: n > 0}
	case len(list) > 0:
		d := decode(answer.Body, list)
		kept, ended := readAll(d, true)
		d.release(ended)
		return kept
	case size >= 0 && size < smallBody, size >= 0 && size < KeptBody && has(int(size)):
		buffer := make([]byte, size+1) // one more, or the end is not seen
		n, ended, err := fill(answer.Body, buffer)
		return body{kept: buffer[:n:n], cut: err != nil || !ended}
	}
	kept, _ := readAll(answer.Body, has(2*KeptBody))
	return kept
}

// readAll reads a body of which the size is not known and says whether it read it to
// its end. roomy says that there is room for a buffer and what is kept of it.
func readAll(from io.Reader, roomy bool) (_ body, ended bool) {
	var buffer []byte
	if roomy {
		pooled := buffers.Get().(*[KeptBody]byte) //nolint:forcetypeassert // nothing else is put in
		defer buffers.Put(pooled)
		buffer = pooled[:]
	} else {
		buffer = make([]byte, smallBody)
	}
	n, ended, err := fill(from, buffer)
	b := body{kept: slices.Clone(buffer[:n])}
	for read := n; !ended && err == nil && read < maxBody; read += n {
		n, ended, err = fill(from, buffer)
		b.cut = b.cut || n > 0
	}
	b.cut = b.cut || !ended
	return b, ended
}

// fill reads until the buffer is full or the body has ended.
func fill(body io.Reader, buffer []byte) (n int, ended bool, err error) {
	for n < len(buffer) {
		var more int
		more, err = body.Read(buffer[n:])
		n += more
		switch {
		case err == io.EOF: //nolint:errorlint // readers return it as it is
			return n, true, nil
		case err != nil:
			return n, false, err
		}
	}
	return n, false, nil
}
