package httpapi

import (
	"net/http"
	"time"
)

// renewAfter is for how long the deadline of a stream stays as it is.
const renewAfter = time.Second

// stream is an answer that is written bit by bit. However long it takes, the server's own
// deadline does not cut it; a reader that takes none of it for stalled does.
type stream struct {
	writer  http.ResponseWriter
	control *http.ResponseController
	stalled time.Duration
	renewed time.Time
}

func (a *api) stream(w http.ResponseWriter) *stream {
	return &stream{writer: w, control: http.NewResponseController(w), stalled: a.stalled}
}

// Write writes some of the answer.
func (s *stream) Write(b []byte) (int, error) {
	if now := time.Now(); now.Sub(s.renewed) > renewAfter {
		s.renewed = now
		// A writer that knows no deadlines, in tests, needs none.
		_ = s.control.SetWriteDeadline(now.Add(s.stalled + renewAfter))
	}
	return s.writer.Write(b)
}

// flush sends what was written.
func (s *stream) flush() error {
	if _, err := s.Write(nil); err != nil {
		return err
	}
	return s.control.Flush()
}
