package peer

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
)

// ProxyOptions say where a [Proxy] is and whom it lets through.
type ProxyOptions struct {
	// Address to listen on; 127.0.0.1:0 if empty.
	Address string
	// Username and Password are wanted by HTTP Basic; nothing is if both are
	// empty.
	Username, Password string
}

// Proxy is an egress proxy that makes tunnels (CONNECT, RFC 9110, 9.3.6) to
// wherever it is asked to, and does nothing else. [StartProxy] starts one.
type Proxy struct {
	options  ProxyOptions
	listener net.Listener

	mu      sync.Mutex
	closed  bool
	conns   map[net.Conn]struct{}
	running sync.WaitGroup
	tunnels []string
}

// StartProxy starts a proxy. Close it when done.
func StartProxy(o ProxyOptions) (*Proxy, error) {
	if o.Address == "" {
		o.Address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Address)
	if err != nil {
		return nil, fmt.Errorf("start the egress proxy: %w", err)
	}
	p := &Proxy{options: o, listener: listener, conns: map[net.Conn]struct{}{}}
	p.running.Go(p.accept)
	return p, nil
}

// Address is where the proxy listens.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// URL is the same as a URL.
func (p *Proxy) URL() string { return "http://" + p.Address() }

// Tunnels are the targets of the tunnels so far, host and port, in order.
func (p *Proxy) Tunnels() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.tunnels...)
}

// Close stops the proxy and breaks all tunnels off.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close() // it is closed already, or now
	}
	p.mu.Unlock()
	p.running.Wait()
	return err
}

// accept serves connections until the listener is closed.
func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		if p.keep(conn) {
			p.running.Go(func() { p.serve(conn) })
		}
	}
}

// keep makes Close close the connection, too; false if that has been.
func (p *Proxy) keep(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		_ = conn.Close()
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

// drop closes a connection.
func (p *Proxy) drop(conn net.Conn) {
	_ = conn.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

// serve makes one tunnel.
func (p *Proxy) serve(conn net.Conn) {
	defer p.drop(conn)
	reader := bufio.NewReader(conn)
	request, err := http.ReadRequest(reader)
	if err != nil {
		return
	}
	if status := p.judge(request); status != 0 {
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %d %s\r\nContent-Length: 0\r\n\r\n", status, http.StatusText(status))
		return
	}
	target, err := net.Dial("tcp", request.Host)
	if err != nil {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
		return
	}
	if !p.keep(target) {
		return
	}
	p.mu.Lock()
	p.tunnels = append(p.tunnels, request.Host)
	p.mu.Unlock()
	defer p.drop(target)
	_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
	p.running.Go(func() {
		_, _ = io.Copy(target, reader) // ends with either side
		p.drop(target)
	})
	_, _ = io.Copy(conn, target)
}

// judge returns the status to refuse a request with; 0 for none.
func (p *Proxy) judge(request *http.Request) int {
	if request.Method != http.MethodConnect {
		return http.StatusMethodNotAllowed
	}
	if p.options.Username == "" && p.options.Password == "" {
		return 0
	}
	sent := http.Request{Header: http.Header{"Authorization": request.Header["Proxy-Authorization"]}}
	if username, password, ok := sent.BasicAuth(); !ok || username != p.options.Username || password != p.options.Password {
		return http.StatusProxyAuthRequired
	}
	return 0
}
