//go:build linux

package canary

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// proxy is an HTTP proxy that answers CONNECT in its own way.
type proxy struct {
	address string
	mu      sync.Mutex
	seen    bytes.Buffer
}

// proxyAnswer is the answer to CONNECT and, if it is one in the receiver's place, what
// comes through the tunnel; else a 200 is a tunnel to the receiver.
type proxyAnswer func(told string) (head, tunnel string)

// newProxy starts a proxy that tells values and what it got.
func newProxy(t *testing.T, answer proxyAnswer, values ...string) *proxy {
	t.Helper()
	p := &proxy{}
	p.address = listen(t, func(conn net.Conn) {
		var raw bytes.Buffer
		reader := bufio.NewReader(io.TeeReader(conn, &raw))
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.seen.Write(raw.Bytes())
		p.mu.Unlock()
		head, tunnel := answer(strings.Join(values, " ") + " " + strings.ReplaceAll(raw.String(), "\r\n", " "))
		if _, err := io.WriteString(conn, head); err != nil || !strings.HasPrefix(head, "HTTP/1.1 200") {
			return
		}
		if tunnel == "" {
			join(conn, reader, request.Host)
		} else if _, err := http.ReadRequest(reader); err == nil {
			_, _ = io.WriteString(conn, tunnel) // whoever has gone is not told
		}
	})
	return p
}

// join carries bytes between a connection and a host until either ends.
func join(conn net.Conn, reader io.Reader, host string) {
	to, err := net.Dial("tcp", host)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, reader)
		_ = to.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // it was dialled as one
	}()
	_, _ = io.Copy(conn, to)
}

// received reports whether a text came in.
func (p *proxy) received(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Contains(p.seen.Bytes(), []byte(text))
}

// proxyAnswers are what proxies say, by name.
var proxyAnswers = map[string]proxyAnswer{
	"connects": func(told string) (string, string) {
		return "HTTP/1.1 200 " + told + "\r\nX-Echo: " + told + "\r\n\r\n", ""
	},
	"wants": func(told string) (string, string) {
		return answer("407 "+told, "Proxy-Authenticate: Basic realm=\""+told+"\"\r\n", told), ""
	},
	"refuses":   func(told string) (string, string) { return answer("403 "+told, "X-Echo: "+told+"\r\n", told), "" },
	"fails":     func(told string) (string, string) { return answer("502 "+told, "Via: "+told+"\r\n", told), "" },
	"malformed": func(told string) (string, string) { return told + "\r\n\r\n", "" },
	"answers": func(told string) (string, string) {
		return "HTTP/1.1 200 OK\r\n\r\n", answer("502 Bad Gateway", "X-Echo: "+told+"\r\n", told)
	},
}
