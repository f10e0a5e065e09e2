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

// readBody reads a body within the limits and says whether that was not all.
// What is within them is read to its end. size is what the receiver announced,
// negative if it did not. room, which may be nil, is that of the request.
func readBody(body io.Reader, size int64, room func(int) bool) (kept []byte, cut bool) {
	has := func(size int) bool { return room == nil || room(size) }
	switch {
	case body == http.NoBody:
		return nil, false
	case size >= 0 && size < smallBody, size >= 0 && size < KeptBody && has(int(size)):
		buffer := make([]byte, size+1) // one more, or the end is not seen
		n, ended, err := fill(body, buffer)
		return buffer[:n:n], err != nil || !ended
	}
	var buffer []byte
	if has(2 * KeptBody) { // the buffer, and what is kept of it
		pooled := buffers.Get().(*[KeptBody]byte) //nolint:forcetypeassert // nothing else is put in
		defer buffers.Put(pooled)
		buffer = pooled[:]
	} else {
		buffer = make([]byte, smallBody)
	}
	n, ended, err := fill(body, buffer)
	kept = slices.Clone(buffer[:n])
	for read := n; !ended && err == nil && read < maxBody; read += n {
		n, ended, err = fill(body, buffer)
		cut = cut || n > 0
	}
	return kept, cut || err != nil || !ended
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
