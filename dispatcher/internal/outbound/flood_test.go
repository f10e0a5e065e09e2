package outbound

import (
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
)

// TestFloodAfterTheAnswer: a connection on which a receiver goes on sending is
// closed soon after the answer, and at the bound while that is awaited.
func TestFloodAfterTheAnswer(t *testing.T) {
	const settings, status = "\x00\x00\x00\x04\x00\x00\x00\x00\x00", "\x00\x00\x01\x01\x05\x00\x00\x00\x01\x88"
	for name, tt := range map[string]struct {
		head, message string
		most          int64
	}{
		"answered": {settings + status, "the receiver answered 200 OK", maxUnasked},
		"not yet":  {settings, "the receiver sent more than an answer may have", maxReceived + maxUnasked},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSender(t)
			var taken atomic.Int64
			ended := make(chan struct{})
			w := way{secure: "h2", handle: func(conn net.Conn, _ <-chan struct{}) {
				defer close(ended)
				_, err := io.WriteString(conn, tt.head)
				pings := []byte(strings.Repeat(frame(framePing, 1, 0, "12345678"), 900)) // answers to pings
				for n := 0; err == nil; taken.Add(int64(n)) {
					n, err = conn.Write(pings)
				}
			}}
			got := s.Send(t.Context(), request(t, "GET", w.serve(t, certified(t, s), nil)))
			if got.Message != tt.message {
				t.Errorf("%s: %s", got.Reason, got.Message)
			}
			<-ended
			const buffers = 8 << 20 // of both kernels, at most
			if n := taken.Load(); n > tt.most+buffers {
				t.Errorf("the receiver got rid of %d bytes", n)
			}
		})
	}
}
