//go:build linux

package load

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
)

// stampedListener accepts connections that know when the kernel took in what was
// last read from them. Over loopback a packet is taken in by the system call
// that sends it, so that this is the time of sending, whatever the receiver's
// goroutines wait for.
type stampedListener struct{ net.Listener }

// stamp makes the kernel stamp what comes over the listener's connections, which
// inherit the option.
func stamp(l net.Listener) error {
	raw, err := l.(*net.TCPListener).SyscallConn()
	if err != nil {
		return err
	}
	var setErr error
	if err := raw.Control(func(fd uintptr) {
		setErr = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMPNS, 1)
	}); err != nil {
		return err
	}
	return setErr
}

// Accept accepts a connection.
func (l stampedListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return nil, err
	}
	return &stampedConn{Conn: conn, raw: raw, space: make([]byte, 128)}, nil
}

// stampedConn is a connection with the stamp of its last packet.
type stampedConn struct {
	net.Conn
	raw   syscall.RawConn
	space []byte       // for control messages
	stamp atomic.Int64 // nanoseconds of CLOCK_REALTIME
}

// Read reads from the connection.
func (c *stampedConn) Read(p []byte) (n int, err error) {
	var control int
	if readErr := c.raw.Read(func(fd uintptr) bool {
		n, control, _, _, err = syscall.Recvmsg(int(fd), p, c.space, 0)
		return err != syscall.EAGAIN
	}); readErr != nil {
		return 0, readErr
	}
	if err != nil {
		return 0, err
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	messages, err := syscall.ParseSocketControlMessage(c.space[:control])
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SCM_TIMESTAMPNS && len(m.Data) >= 16 {
			seconds, nanos := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
			c.stamp.Store(int64(seconds)*1e9 + int64(nanos))
		}
	}
	return n, err
}

// connKey is the context key of a request's connection.
type connKey struct{}

// serveStamped serves h with requests of which stampOf knows the time.
func serveStamped(l net.Listener, h http.Handler) error {
	if err := stamp(l); err != nil {
		return err
	}
	server := &http.Server{Handler: h, ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, c)
	}}
	return server.Serve(stampedListener{l})
}

// stampOf is when the request was sent; 0 if it is not known.
func stampOf(r *http.Request) int64 {
	if c, ok := r.Context().Value(connKey{}).(*stampedConn); ok {
		return c.stamp.Load()
	}
	return 0
}
