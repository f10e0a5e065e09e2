//go:build linux

package canary

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"golang.org/x/net/http2"
)

// says starts a server that says something to everybody and hangs up.
func says(t *testing.T, text string) (address string) {
	t.Helper()
	return listen(t, func(conn net.Conn) {
		_, _ = conn.Read(make([]byte, 1)) // whoever has gone is not told
		_, _ = io.WriteString(conn, text)
	})
}

// goesAway starts an HTTP/2 server that says something as the reason why it answers
// no request.
func goesAway(t *testing.T, as identity, text string) (address string) {
	t.Helper()
	secure := as.secured()
	secure.NextProtos = []string{"h2"}
	return listen(t, func(plain net.Conn) {
		conn := tls.Server(plain, secure)
		if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		framer := http2.NewFramer(conn, conn)
		if framer.WriteSettings() != nil {
			return
		}
		for {
			frame, err := framer.ReadFrame()
			if err != nil {
				return
			}
			if frame.Header().Type == http2.FrameHeaders {
				_ = framer.WriteGoAway(0, http2.ErrCodeEnhanceYourCalm, []byte(text)) // whoever has gone is not told
				return
			}
		}
	})
}
