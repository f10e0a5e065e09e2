package outbound

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a hostile receiver may cost.
const (
	hostileTimeout = time.Second
	hostileMemory  = 2 << 20 // a call
	hostileCalls   = 32
)

// way is one way to be hostile: what a receiver does with a connection.
type way struct {
	name   string
	secure string // "", or the protocol that is agreed on in TLS: "http/1.1" or "h2"
	raw    bool   // TLS, which handle itself speaks, or does not
	large  bool   // the request has a body of 1 MiB
	await  bool   // the answer is awaited
	handle handler
}

// handler has a connection on which a request has begun, until over is closed.
type handler func(conn net.Conn, over <-chan struct{})

// flood writes head and then part without end. The bytes are shared by all
// connections.
func flood(head, part string) handler {
	start, chunk := []byte(head), []byte(strings.Repeat(part, max(1, (16<<10)/len(part))))
	return func(conn net.Conn, _ <-chan struct{}) {
		_, err := conn.Write(start)
		for err == nil {
			_, err = conn.Write(chunk)
		}
	}
}

// say writes text and reads what comes, until the caller goes.
func say(text string) handler {
	answer := []byte(text)
	return func(conn net.Conn, _ <-chan struct{}) {
		_, _ = conn.Write(answer)
		_, _ = io.Copy(io.Discard, conn)
	}
}

// end writes text and closes; reset does so without a goodbye.
func end(text string, reset bool) handler {
	answer := []byte(text)
	return func(conn net.Conn, _ <-chan struct{}) {
		_, _ = conn.Write(answer)
		if tcp, ok := conn.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
	}
}

// drip writes text a byte each 100 ms.
func drip(text string) handler {
	return func(conn net.Conn, _ <-chan struct{}) {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for i := range text {
			<-tick.C
			if _, err := conn.Write([]byte(text[i : i+1])); err != nil {
				return
			}
		}
	}
}

// deaf reads nothing more.
func deaf(text string) handler {
	return func(conn net.Conn, over <-chan struct{}) {
		_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		_, _ = io.WriteString(conn, text)
		<-over
	}
}

// zeroes are gzip members of 8 MiB of zeroes without end, perhaps compressed again.
func zeroes(layers int) handler {
	data := make([]byte, 8<<20)
	for range layers {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		_, _ = w.Write(data)
		_ = w.Close()
		data = b.Bytes()
	}
	return flood("HTTP/1.1 200 OK\r\nContent-Encoding: gzip"+strings.Repeat(", gzip", layers-1)+"\r\n\r\n", string(data))
}

// frame is a frame of HTTP/2 (RFC 9113, 4.1).
func frame(kind, flags byte, stream uint32, payload string) string {
	head := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	head = append(head, flags)
	return string(binary.BigEndian.AppendUint32(head, stream)) + payload
}

const (
	frameData, frameHeaders, frameReset, frameSettings  = 0, 1, 3, 4
	framePing, frameGoAway, frameWindow, frameContinued = 6, 7, 8, 9
	endStream, endHeaders                               = 1, 4
	ok200                                               = "\x88" // ":status: 200" in HPACK's static table
)

func ways() []way {
	const ok = "HTTP/1.1 200 OK\r\n"
	var empty bytes.Buffer
	_ = gzip.NewWriter(&empty).Close()
	var members bytes.Buffer
	zip := gzip.NewWriter(&members)
	_, _ = zip.Write(bytes.Repeat(empty.Bytes(), 100_000))
	_ = zip.Close()
	settings := frame(frameSettings, 0, 0, "")
	field := "\x00\x04abcd\x7f\x81\x01" + strings.Repeat("x", 256) // a literal header field, 127+129 bytes
	return []way{
		{name: "never answers", handle: say("")},
		{name: "a header byte each 100 ms", handle: drip(ok + strings.Repeat("X: y\r\n", 100))},
		{name: "headers without end", handle: flood(ok, "X-Header: value\r\n")},
		{name: "one header without end", handle: flood(ok+"X: ", "aaaaaaaa")},
		{name: "headers of 64 KiB and more", handle: say(ok + "X: " + strings.Repeat("a", maxResponseHeader+1) + "\r\n\r\n")},
		{name: "answers of 1xx without end", handle: flood("", "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")},
		{name: "a body of 1 MiB", handle: say(ok + "Content-Length: 1048576\r\n\r\n" + strings.Repeat("a", maxBody))},
		{name: "a body of 1 MiB but a byte, and then nothing", handle: say(ok + "Content-Length: 1048576\r\n\r\n" + strings.Repeat("a", maxBody-1))},
		{name: "a body without end", handle: flood(ok+"\r\n", "aaaaaaaa")},
		{name: "tiny chunks without end", handle: flood(ok+"Transfer-Encoding: chunked\r\n\r\n", "1\r\na\r\n")},
		{name: "chunks with extensions", handle: flood(ok+"Transfer-Encoding: chunked\r\n\r\n", "1;"+strings.Repeat("x", 3000)+"\r\na\r\n")},
		{name: "a huge length and nothing", handle: say(ok + "Content-Length: 9000000000000000000\r\n\r\n")},
		{name: "a length just below what is kept, and nothing", handle: say(ok + "Content-Length: 65535\r\n\r\n")},
		{name: "more than the length", handle: flood(ok+"Content-Length: 10\r\n\r\n", "aaaaaaaa")},
		{name: "zeroes in gzip without end", handle: zeroes(1)},
		{name: "zeroes in gzip in gzip without end", handle: zeroes(2)},
		{name: "empty gzip members", handle: flood(ok+"Content-Encoding: gzip\r\n\r\n", empty.String())},
		{name: "empty gzip members in gzip", handle: flood(ok+"Content-Encoding: gzip, gzip\r\n\r\n", members.String())},
		{name: "gzip headers of 64 KiB", handle: flood(ok+"Content-Encoding: gzip\r\n\r\n", "\x1f\x8b\x08\x04\x00\x00\x00\x00\x00\xff\xff\xff"+strings.Repeat("x", 0xffff)+"\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00")},
		{name: "broken gzip", handle: flood(ok+"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff", "aaaaaaaa")},
		{name: "half a gzip header", handle: say(ok + "Content-Encoding: gzip\r\n\r\n\x1f\x8b")},
		{name: "an unknown coding without end", handle: flood(ok+"Content-Encoding: br\r\n\r\n", "aaaaaaaa")},
		{name: "reset in mid-body", handle: end(ok+"Content-Length: 100\r\n\r\npart", true)},
		{name: "reset before an answer", handle: end("", true)},
		{name: "garbage", handle: flood("", "\x00\xff\x01garbage\r\n")},
		{name: "HTTP/0.9", handle: end("<html>hello</html>", false)},
		{name: "status 999", handle: say("HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n")},
		{name: "status -1", handle: say("HTTP/1.1 -1 What\r\n\r\n")},
		{name: "status abc", handle: say("HTTP/1.1 abc What\r\n\r\n")},
		{name: "a redirect to itself", handle: say("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")},
		{name: "101 and a flood", handle: flood("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n", "aaaaaaaa")},
		{name: "trailers without end", handle: flood(ok+"Trailer: X\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n", "X: value\r\n")},
		{name: "no newline in the status", handle: flood("HTTP/1.1 200 ", "aaaaaaaa")},
		{name: "answers and reads nothing of 1 MiB", large: true, handle: deaf(ok + "Content-Length: 100\r\n\r\n")},
		{name: "reads nothing of 1 MiB", large: true, handle: deaf("")},
		{name: "floods and reads nothing of 1 MiB", large: true, handle: flood(ok+"\r\n", "aaaaaaaa")},
		{name: "TLS: no handshake", raw: true, handle: say("")},
		{name: "TLS: garbage for records", raw: true, handle: flood("", "\x16\x03\x03\x40\x00"+strings.Repeat("x", 0x4000))},
		{name: "TLS: a handshake message of 16 MiB", raw: true, handle: flood("\x16\x03\x03\x40\x00\x02\xff\xff\xff"+strings.Repeat("x", 0x3ffc), "\x16\x03\x03\x40\x00"+strings.Repeat("x", 0x4000))},
		{name: "TLS: empty records", raw: true, handle: flood("", "\x16\x03\x03\x00\x00")},
		{name: "TLS: a body without end", secure: "http/1.1", handle: flood(ok+"\r\n", "aaaaaaaa")},
		{name: "HTTP/2: CONTINUATION without end", secure: "h2", handle: flood(settings+frame(frameHeaders, 0, 1, ok200), frame(frameContinued, 0, 1, strings.Repeat(field, 50)))},
		{name: "HTTP/2: empty CONTINUATION", secure: "h2", handle: flood(settings+frame(frameHeaders, 0, 1, ok200), frame(frameContinued, 0, 1, ""))},
		{name: "HTTP/2: SETTINGS", secure: "h2", handle: flood(settings, frame(frameSettings, 0, 0, "\x00\x03\x00\x00\x00\x64"))},
		{name: "HTTP/2: PING", secure: "h2", handle: flood(settings, frame(framePing, 0, 0, "12345678"))},
		{name: "HTTP/2: settings and pings, reads nothing", secure: "h2", large: true, handle: flood(settings, frame(framePing, 0, 0, "12345678"))},
		{name: "HTTP/2: 1xx", secure: "h2", handle: flood(settings, frame(frameHeaders, endHeaders, 1, "\x08\x03103"))},
		{name: "HTTP/2: no window", secure: "h2", large: true, handle: say(frame(frameSettings, 0, 0, "\x00\x04\x00\x00\x00\x00"))},
		{name: "HTTP/2: reset", secure: "h2", handle: say(settings + frame(frameReset, 0, 1, "\x00\x00\x00\x02"))},
		{name: "HTTP/2: refused", secure: "h2", handle: say(settings + frame(frameReset, 0, 1, "\x00\x00\x00\x07"))},
		{name: "HTTP/2: GOAWAY", secure: "h2", handle: say(settings + frame(frameGoAway, 0, 0, "\x00\x00\x00\x00\x00\x00\x00\x00"))},
		{name: "HTTP/2: a body past its window", secure: "h2", handle: flood(settings+frame(frameHeaders, endHeaders, 1, ok200), frame(frameData, 0, 1, strings.Repeat("a", 16000)))},
		{name: "HTTP/2: empty DATA", secure: "h2", handle: flood(settings+frame(frameHeaders, endHeaders, 1, ok200), frame(frameData, 0, 1, ""))},
		{name: "HTTP/2: WINDOW_UPDATE", secure: "h2", handle: flood(settings, frame(frameWindow, 0, 0, "\x00\x00\x00\x01"))},
		{name: "HTTP/2: a frame of 16 MiB", secure: "h2", handle: flood(settings+"\xff\xff\xff\x00\x00\x00\x00\x00\x01", "aaaaaaaa")},
		{name: "HTTP/2: unknown frames", secure: "h2", handle: flood(settings, frame(0xee, 0, 0, strings.Repeat("a", 16000)))},
		{name: "HTTP/2: garbage", secure: "h2", handle: flood("", "garbage")},
	}
}

// TestHostileReceivers: whatever a receiver does, an attempt ends at its timeout
// and costs no more than 2 MiB.
func TestHostileReceivers(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	s := newSender(t)
	certificate := certified(t, s)
	for _, w := range ways() {
		t.Run(w.name, func(t *testing.T) { w.try(t, s, certificate) })
		w.await = true
		t.Run("awaited: "+w.name, func(t *testing.T) { w.try(t, s, certificate) })
	}
	chain := "" // 250 KiB
	for len(chain) < 250<<10 {
		chain += length24(string(certificate.Certificate[0]))
	}
	for name, chain := range map[string]string{"certificates of 250 KiB": chain, "certificates of 8 MiB": strings.Repeat(chain, 32)} {
		t.Run("TLS: "+name, func(t *testing.T) {
			way{raw: true, handle: say(tls12(chain))}.try(t, s, certificate)
		})
	}
}

// try makes [hostileCalls] calls at one time.
func (w way) try(t *testing.T, s *Sender, certificate tls.Certificate) {
	done := make(chan struct{})
	defer close(done)
	address := w.serve(t, certificate, done)
	used, over := watchMemory()
	var calls sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 10*(hostileTimeout+hostileSlack)) // a guard of the test
	defer cancel()
	body := make([]byte, 1<<20) // shared, so that it counts once
	for range hostileCalls {
		s := s
		if w.secure == "h2" { // else they would share one connection
			roots := s.usual.transport.TLSClientConfig.RootCAs
			s = newSender(t)
			s.usual.transport.TLSClientConfig.RootCAs = roots
		}
		calls.Go(func() {
			r := request(t, "POST", address)
			r.Timeout, r.Await = hostileTimeout, w.await
			if w.large {
				r.HasBody, r.Body = true, body
			}
			got := s.Send(ctx, r)
			if got.Duration > hostileTimeout+hostileSlack || ctx.Err() != nil {
				t.Errorf("%s: %s after %v", got.Reason, got.Message, got.Duration)
			}
			if len(got.Body) > KeptBody || got.Message == "" || got.Reason == "" {
				t.Errorf("%q: %q, %d bytes kept", got.Reason, got.Message, len(got.Body))
			}
		})
	}
	calls.Wait()
	close(over)
	peak := <-used / hostileCalls
	t.Logf("%d KiB a call", peak>>10)
	if peak > hostileMemory {
		t.Errorf("a call took %d KiB, receiver included", peak>>10)
	}
	s.Close()
}

// serve runs the receiver and returns its URL.
func (w way) serve(t *testing.T, certificate tls.Certificate, done <-chan struct{}) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	scheme, address := "http://", listener.Addr().String()
	if w.raw || w.secure != "" {
		scheme = "https://"
	}
	if w.secure != "" {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{w.secure}})
	}
	serveListener(t, listener, func(conn net.Conn) {
		if w.request(conn) == nil {
			w.handle(conn, done)
		}
	})
	return scheme + address
}

// request reads the beginning of a request, of HTTP/2 up to its headers.
func (w way) request(conn net.Conn) error {
	var b [512]byte
	if w.secure != "h2" {
		_, err := conn.Read(b[:])
		return err
	}
	_, err := io.ReadFull(conn, b[:len("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")])
	for err == nil && b[3] != frameHeaders {
		if _, err = io.ReadFull(conn, b[:9]); err == nil {
			_, err = io.CopyN(io.Discard, conn, int64(b[0])<<16|int64(b[1])<<8|int64(b[2]))
		}
	}
	return err
}

// watchMemory samples the memory in use until over is closed; used then has the
// peak above what was in use before, in bytes.
func watchMemory() (used <-chan int64, over chan struct{}) {
	inUse := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapInuse + m.StackInuse)
	}
	runtime.GC()
	base, peak := inUse(), int64(0)
	result := make(chan int64, 1)
	over = make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				peak = max(peak, inUse()-base)
			case <-over:
				result <- peak
				return
			}
		}
	}()
	return result, over
}

// length24 puts the length of a text, in three bytes, before it.
func length24(text string) string {
	return string([]byte{byte(len(text) >> 16), byte(len(text) >> 8), byte(len(text))}) + text
}

// tls12 is how a server begins to speak TLS 1.2 (RFC 5246, 7.4): ServerHello and
// Certificate, in records.
func tls12(chain string) string {
	hello := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + "\xc0\x2f" + "\x00" // no session, ECDHE-RSA-AES128-GCM-SHA256, no compression
	messages := "\x02" + length24(hello) + "\x0b" + length24(length24(chain))
	var records strings.Builder
	for len(messages) > 0 {
		n := min(len(messages), 1<<14)
		records.WriteString("\x16\x03\x03" + string([]byte{byte(n >> 8), byte(n)}) + messages[:n])
		messages = messages[n:]
	}
	return records.String()
}
