package dispatcher

import (
	"net"
	"net/http"
	"sync/atomic"

	"golang.org/x/net/netutil"
)

// boundConnections bounds the connections that a server has at one time; further
// ones wait in the kernel until one ends. When three quarters of the places are
// taken, answers ask their callers to close, so that idle callers cannot keep
// others out for the idle timeout, and slow ones only for the read timeouts. There
// are as many places for requests: a connection of HTTP/2 brings several, and those
// that there is no place for are answered by full.
func boundConnections(s *http.Server, l net.Listener, most int, full http.HandlerFunc) net.Listener {
	var open, requests atomic.Int64
	handler := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if open.Load() > int64(most-most/4) {
			w.Header().Set("Connection", "close")
		}
		defer requests.Add(-1)
		if requests.Add(1) > int64(most) {
			full(w, r)
			return
		}
		handler.ServeHTTP(w, r)
	})
	s.ConnState = func(_ net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			open.Add(1)
		case http.StateClosed, http.StateHijacked:
			open.Add(-1)
		case http.StateActive, http.StateIdle:
		}
	}
	return netutil.LimitListener(l, most)
}
