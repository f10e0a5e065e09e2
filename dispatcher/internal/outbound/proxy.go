package outbound

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// dialFunc makes a connection, as [net.Dialer.DialContext] does.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// proxyDialer makes connections through an HTTP proxy, all by CONNECT (RFC 9110,
// 9.3.6). [http.Transport.Proxy] would send a request for an http URL to the proxy
// itself, whose own 502 could then not be told from the receiver's; and a failed
// CONNECT of its is an error with the proxy's words and no type.
type proxyDialer struct {
	address string      // host:port of the proxy
	tls     *tls.Config // nil for a plain connection to the proxy
	auth    string      // value of Proxy-Authorization; empty for none
	dial    dialFunc
}

// askedKey is the key of a context's [*atomic.Bool] that is set before a proxy is
// asked to reach a receiver. net/http hands the values of a request's context to
// the dial that is made for it.
type askedKey struct{}

// newProxyDialer returns a dialer through p. roots are the authorities that an https
// proxy is trusted by, nil for the system's. dial makes the connection to the proxy,
// and so gives the verdict on its address.
func newProxyDialer(p plan.Proxy, roots *x509.CertPool, dial dialFunc) (*proxyDialer, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	u, err := url.Parse(p.URL)
	if err != nil {
		return nil, errors.New("the proxy's URL is not a valid URL")
	}
	d := &proxyDialer{dial: dial}
	port := "80"
	if u.Scheme == "https" {
		port = "443"
		d.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: u.Hostname(), RootCAs: roots, NextProtos: []string{"http/1.1"}}
	}
	if u.Port() != "" {
		port = u.Port()
	}
	d.address = net.JoinHostPort(u.Hostname(), port)
	if p.Username != "" || p.Password.Reveal() != "" {
		d.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(p.Username+":"+p.Password.Reveal()))
	}
	return d, nil
}

// DialContext returns a tunnel to address, host:port, which the proxy resolves. The
// error is a [*ProxyError], but for an address that is none. After it has returned, ctx
// does not matter.
func (d *proxyDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil || !plan.IsHost(host) {
		return nil, errors.New("the address to reach through the egress proxy is not of the form host:port")
	}
	conn, err := d.dial(ctx, network, d.address)
	if err != nil {
		return nil, notDialled(err)
	}
	tunnel, err := d.tunnel(ctx, conn, address)
	if err != nil {
		_ = conn.Close() // an error of it would hide why it is closed
		return nil, err
	}
	return tunnel, nil
}

// tunnel turns a connection to the proxy into one to address.
func (d *proxyDialer) tunnel(ctx context.Context, conn net.Conn, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, proxyTimeout)
	defer cancel()
	if d.tls != nil {
		secure := tls.Client(conn, d.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, noHandshake(err)
		}
		conn = secure
	}
	if asked, ok := ctx.Value(askedKey{}).(*atomic.Bool); ok {
		asked.Store(true)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) }) // ends what reads and writes
	early, err := d.connect(conn, address)
	if !stop() {
		return nil, &ProxyError{Failure: ReceiverUnreachable, Err: ctx.Err(), text: "the egress proxy did not say in time whether it reached the receiver"}
	}
	if err != nil {
		return nil, err
	}
	if len(early) > 0 {
		return &earlyConn{Conn: conn, early: early}, nil
	}
	return conn, nil
}

// connect asks for a tunnel and returns what the proxy sent of it with its answer.
func (d *proxyDialer) connect(conn net.Conn, address string) (early []byte, err error) {
	var head strings.Builder
	fmt.Fprintf(&head, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n", address, address)
	if d.auth != "" {
		fmt.Fprintf(&head, "Proxy-Authorization: %s\r\n", d.auth)
	}
	head.WriteString("\r\n")
	if _, err := io.WriteString(conn, head.String()); err != nil {
		return nil, noAnswer(err)
	}
	limited := &io.LimitedReader{R: conn, N: maxProxyHeader}
	reader := bufio.NewReader(limited)
	status, err := readStatus(reader)
	switch {
	case err != nil && limited.N <= 0:
		return nil, noAnswer(errTooLarge)
	case err != nil:
		return nil, noAnswer(err)
	}
	if status < 200 || status > 299 {
		return nil, refusedTunnel(status)
	}
	early, err = reader.Peek(reader.Buffered())
	if err != nil {
		return nil, noAnswer(err)
	}
	return bytes.Clone(early), nil
}

// errTooLarge is of an answer to CONNECT past maxProxyHeader.
var errTooLarge = errors.New("the headers are too large")

// readStatus reads the head of an answer to CONNECT, after which the tunnel begins
// even if the head announces a body.
func readStatus(reader *bufio.Reader) (int, error) {
	for {
		answer, err := http.ReadResponse(reader, &http.Request{Method: http.MethodConnect}) //nolint:bodyclose // its body is the tunnel, or ends with the connection
		if err != nil {
			return 0, err
		}
		if answer.StatusCode < 100 || answer.StatusCode > 199 || answer.StatusCode == http.StatusSwitchingProtocols {
			return answer.StatusCode, nil
		}
	}
}

// earlyConn is a connection of which some bytes have been read before.
type earlyConn struct {
	net.Conn
	early []byte
}

// Read reads what came early first.
func (c *earlyConn) Read(b []byte) (int, error) {
	if len(c.early) == 0 {
		return c.Conn.Read(b)
	}
	n := copy(b, c.early)
	c.early = c.early[n:]
	return n, nil
}
