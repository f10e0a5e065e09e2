//go:build linux

package crash

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// sink is a receiver that hangs, answers much, or just answers, by the path.
type sink struct {
	address string
	hanging atomic.Int64
	mercy   chan struct{} // closed when it is to hang no longer
}

func startSink(t *testing.T) *sink {
	s := &sink{mercy: make(chan struct{})}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.address = strings.TrimPrefix(server.URL, "http://")
	return s
}

func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/hangs":
		s.hanging.Add(1)
		defer s.hanging.Add(-1)
		select {
		case <-s.mercy:
		case <-r.Context().Done():
		}
	case "/floods":
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(make([]byte, 3<<19))
	}
}
