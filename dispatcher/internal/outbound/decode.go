package outbound

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
)

// errTooLong ends a body of more than [maxBody] bytes of compressed data.
var errTooLong = errors.New("the answer's body is too long")

// codings returns what an answer's Content-Encoding names (RFC 9110, 8.4), in the
// order in which it was applied, in lower case; without identity, which is nothing.
// ok is false if there is one that is not known here, or too many.
func codings(header http.Header) (list []string, ok bool) {
	for _, value := range header["Content-Encoding"] {
		for name := range strings.SplitSeq(value, ",") {
			switch name = strings.ToLower(strings.TrimSpace(name)); name {
			case "", "identity":
			case "gzip", "x-gzip", "deflate":
				if list = append(list, name); len(list) > maxCodings {
					return nil, false
				}
			default:
				return nil, false
			}
		}
	}
	return list, true
}

// decoder reads a body of which the codings are undone.
type decoder struct {
	io.Reader
	stages []*stage // the first reads the body as it came
}

// decode returns a reader of the body without its codings, of which there is at
// least one; give it back with release.
func decode(body io.Reader, codings []string) *decoder {
	d := &decoder{Reader: body}
	for i := len(codings) - 1; i >= 0; i-- { // the last was applied last
		s := stages.Get().(*stage) //nolint:forcetypeassert // nothing else is put in
		s.begin(d.Reader, codings[i])
		d.stages = append(d.stages, s)
		d.Reader = s
	}
	return d
}

// release reads what follows the end of the compressed data, if that has ended, so
// that the connection can be used again, and gives the memory back.
func (d *decoder) release(ended bool) {
	if ended {
		_, _ = io.Copy(io.Discard, &d.stages[0].source) // an error costs the connection, nothing else
	}
	for _, s := range d.stages {
		s.begin(nil, "")
		stages.Put(s)
	}
}

// source is what a stage reads. It gives an error when more than [maxBody] bytes
// have come from it, for there are streams that make nothing that could be counted
// behind the stage: empty gzip members without end.
type source struct {
	body io.Reader
	left int // bytes until there are too many
}

// Read reads from the body.
func (s *source) Read(b []byte) (int, error) {
	if s.left <= 0 {
		return 0, errTooLong
	}
	n, err := s.body.Read(b[:min(len(b), s.left)])
	s.left -= n
	return n, err
}

// stage undoes one coding. It is used again and again, for the decompressors take
// about 40 KiB each.
type stage struct {
	source source
	in     *bufio.Reader // of source
	coding string
	gzip   *gzip.Reader
	zlib   io.ReadCloser
	raw    io.ReadCloser
	from   io.Reader // one of those; nil before the first bytes were looked at
}

var stages = sync.Pool{New: func() any { return &stage{in: bufio.NewReader(nil)} }}

// begin readies the stage for another body.
func (s *stage) begin(body io.Reader, coding string) {
	s.source = source{body: body, left: maxBody + 1}
	s.in.Reset(&s.source)
	s.coding, s.from = coding, nil
}

// Read reads without the coding. No bytes at all are an empty body in any coding:
// servers announce one for answers that have none.
func (s *stage) Read(b []byte) (int, error) {
	if s.from == nil {
		if _, err := s.in.Peek(1); err != nil {
			return 0, err
		}
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	return s.from.Read(b)
}

// open begins to decompress.
func (s *stage) open() (err error) {
	switch {
	case s.coding != "deflate":
		if s.gzip == nil {
			s.gzip = new(gzip.Reader)
		}
		s.from, err = s.gzip, s.gzip.Reset(s.in)
	case !s.inZlib():
		if s.raw == nil {
			s.raw = flate.NewReader(s.in)
		}
		s.from, err = s.raw, s.raw.(flate.Resetter).Reset(s.in, nil) //nolint:errcheck,forcetypeassert // package flate promises it
	case s.zlib == nil:
		s.zlib, err = zlib.NewReader(s.in)
		s.from = s.zlib
	default:
		s.from, err = s.zlib, s.zlib.(zlib.Resetter).Reset(s.in, nil) //nolint:errcheck,forcetypeassert // package zlib promises it
	}
	if err == io.EOF { //nolint:errorlint // readers return it as it is
		return io.ErrUnexpectedEOF // in mid-header
	}
	return err
}

// inZlib reports whether the body begins with a header of zlib (RFC 1950, 2.2), as
// "deflate" means; many servers send the bare data (RFC 1951).
func (s *stage) inZlib() bool {
	head, err := s.in.Peek(2)
	return err == nil && head[0]&0x8f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0
}
