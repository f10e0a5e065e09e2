package outbound

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/egress"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// proxyDialerTo returns a dialer through p without a verdict on p's address.
func proxyDialerTo(t *testing.T, p plan.Proxy, roots *x509.CertPool) *proxyDialer {
	t.Helper()
	d, err := newProxyDialer(p, roots, new(net.Dialer).DialContext)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// tunnelProxy is a CONNECT proxy: it answers a request with what answer returns, or
// makes the tunnel if that is empty.
func tunnelProxy(t *testing.T, answer func(*http.Request) string) func(net.Conn) {
	return func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if r.Method != http.MethodConnect || r.RequestURI != r.Host || r.ContentLength != 0 {
			t.Errorf("the proxy got %s %s for %s", r.Method, r.RequestURI, r.Host)
		}
		if text := answer(r); text != "" {
			_, _ = io.WriteString(conn, text)
			return
		}
		target, err := net.Dial("tcp", r.Host)
		if err != nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 502 no\r\n\r\n")
			return
		}
		defer target.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 200 yes\r\n\r\n")
		go func() { _, _ = io.Copy(target, reader); _ = target.(*net.TCPConn).CloseWrite() }()
		_, _ = io.Copy(conn, target)
	}
}

// answers returns an answer that is always the same.
func answers(text string) func(*http.Request) string {
	return func(*http.Request) string { return text }
}

// serveTLS runs a TCP server behind TLS for 127.0.0.1.
func serveTLS(t *testing.T, certificate tls.Certificate, handle func(net.Conn)) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	serveListener(t, listener, handle)
	return "https://" + listener.Addr().String()
}

// Requests reach receivers of each protocol through proxies of each scheme.
func TestProxyTunnels(t *testing.T) {
	credentials := func(r *http.Request) string {
		if user, password, ok := (&http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}).BasicAuth(); !ok || user != "user" || password != "pass:wörd" {
			return "HTTP/1.1 407 no\r\nContent-Length: 0\r\n\r\n"
		}
		return ""
	}
	for _, secure := range []bool{false, true} {
		for _, protocol := range protocols {
			t.Run(fmt.Sprintf("%s, TLS to the proxy: %v", protocol, secure), func(t *testing.T) {
				s := newSender(t)
				receiver := serveProtocol(t, s, protocol, func(w http.ResponseWriter, r *http.Request) {
					if name := "Proxy-Authorization"; r.Header.Get(name) != "" {
						t.Error("the receiver sees the proxy's credentials")
					}
					_, _ = io.Copy(w, r.Body)
				})
				var tunnels atomic.Int64
				handle := tunnelProxy(t, func(r *http.Request) string { tunnels.Add(1); return credentials(r) })
				proxy := plan.Proxy{Username: "user", Password: plan.NewSecret("pass:wörd")}
				var roots *x509.CertPool
				if secure {
					other := newSender(t)
					proxy.URL = serveTLS(t, certified(t, other), handle)
					roots = other.usual.transport.TLSClientConfig.RootCAs
				} else {
					proxy.URL = serveRaw(t, handle)
				}
				s.usual.transport.DialContext = dialWire(proxyDialerTo(t, proxy, roots).DialContext, nil)
				for range 2 { // the second on the same connection
					got := s.Send(t.Context(), withBody(request(t, "POST", receiver.URL), "hello"))
					if got.Reason != plan.ReasonSuccess || string(got.Body) != "hello" {
						t.Errorf("%s: %s, body %q", got.Reason, got.Message, got.Body)
					}
				}
				if n := tunnels.Load(); n != 1 {
					t.Errorf("%d tunnels, want 1", n)
				}
			})
		}
	}
}

// What a proxy does in place of a tunnel is said to be whose failure it is, in our
// words and without credentials.
func TestProxyFailures(t *testing.T) {
	raw := func(text string) func(net.Conn) { return tunnelProxy(t, answers(text)) }
	for _, test := range []struct {
		name    string
		handle  func(net.Conn)
		failure ProxyFailure
		status  int
		reason  plan.Reason
		message string
	}{
		{"refuses", raw("HTTP/1.1 403 WORDS\r\nX: WORDS\r\nContent-Length: 5\r\n\r\nWORDS"), ProxyRefused, 403, plan.ReasonBlocked, "the rules of the egress proxy do not allow the receiver: it answered 403 Forbidden"},
		{"502", raw("HTTP/1.1 502 WORDS\r\n\r\nWORDS"), ReceiverUnreachable, 502, plan.ReasonNetworkError, "the egress proxy could not reach the receiver: it answered 502 Bad Gateway"},
		{"503", raw("HTTP/1.0 503 WORDS\r\n\r\n"), ReceiverUnreachable, 503, plan.ReasonNetworkError, "the egress proxy could not reach the receiver: it answered 503 Service Unavailable"},
		{"504", raw("HTTP/1.1 504\r\n\r\n"), ReceiverUnreachable, 504, plan.ReasonNetworkError, "the egress proxy could not reach the receiver: it answered 504 Gateway Timeout"},
		{"407", raw("HTTP/1.1 407 WORDS\r\nProxy-Authenticate: WORDS\r\n\r\n"), ProxyUnreachable, 407, plan.ReasonProxyError, "the egress proxy wants other credentials: it answered 407 Proxy Authentication Required"},
		{"500", raw("HTTP/1.1 500 WORDS\r\n\r\n"), ProxyUnreachable, 500, plan.ReasonProxyError, "the egress proxy gave no connection to the receiver: it answered 500 Internal Server Error"},
		{"599", raw("HTTP/1.1 599 WORDS\r\n\r\n"), ProxyUnreachable, 599, plan.ReasonProxyError, "the egress proxy gave no connection to the receiver: it answered 599"},
		{"redirect", raw("HTTP/1.1 302 WORDS\r\nLocation: http://WORDS/\r\n\r\n"), ProxyUnreachable, 302, plan.ReasonProxyError, "the egress proxy gave no connection to the receiver: it answered 302 Found"},
		{"upgrade", raw("HTTP/1.1 101 WORDS\r\nUpgrade: WORDS\r\n\r\n"), ProxyUnreachable, 101, plan.ReasonProxyError, "the egress proxy gave no connection to the receiver: it answered 101 Switching Protocols"},
		{"interim, then nothing", raw("HTTP/1.1 100 WORDS\r\n\r\n"), ProxyUnreachable, 0, plan.ReasonProxyError, "the egress proxy closed the connection without an answer"},
		{"garbage", raw("WORDS WORDS WORDS\r\n\r\n"), ProxyUnreachable, 0, plan.ReasonProxyError, "the egress proxy's answer is not valid HTTP"},
		{"half an answer", raw("HTTP/1.1 200 WOR"), ProxyUnreachable, 0, plan.ReasonProxyError, "the egress proxy closed the connection without an answer"},
		{"huge headers", raw("HTTP/1.1 200 OK\r\n" + strings.Repeat("X: WORDS\r\n", maxProxyHeader/10)), ProxyUnreachable, 0, plan.ReasonProxyError, "the headers of the egress proxy's answer are larger than 16 KiB"},
		{"one huge line", raw("HTTP/1.1 200 " + strings.Repeat("WORDS", maxProxyHeader)), ProxyUnreachable, 0, plan.ReasonProxyError, "the headers of the egress proxy's answer are larger than 16 KiB"},
		{"endless interim answers", raw(strings.Repeat("HTTP/1.1 100 WORDS\r\n\r\n", maxProxyHeader/20)), ProxyUnreachable, 0, plan.ReasonProxyError, "the headers of the egress proxy's answer are larger than 16 KiB"},
		{"closes at once", func(net.Conn) {}, ProxyUnreachable, 0, plan.ReasonProxyError, "the egress proxy closed the connection without an answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			proxy := plan.Proxy{URL: serveRaw(t, test.handle), Username: "SECRET", Password: plan.NewSecret("SECRET")}
			d := proxyDialerTo(t, proxy, nil)
			_, err := d.DialContext(t.Context(), "tcp", "receiver.example:443")
			var failed *ProxyError
			if !errors.As(err, &failed) || failed.Failure != test.failure || failed.Status != test.status || err.Error() != test.message {
				t.Errorf("error %q, %+v", err, failed)
			}
			s := newSender(t)
			s.usual.transport.DialContext = dialWire(d.DialContext, nil)
			got := s.Send(t.Context(), request(t, "GET", "http://receiver.example/"))
			if got.Reason != test.reason || got.Message != test.message || !got.Unsent || got.StatusCode != 0 {
				t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
			}
		})
	}
}

// A proxy that is not there is the proxy's failure, and its address is judged like
// any other.
func TestProxyUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	plain := serveRaw(t, func(conn net.Conn) {
		_, _ = io.WriteString(conn, "HTTP/1.1 400 no\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
	})
	secure := serveTLS(t, certified(t, newSender(t)), tunnelProxy(t, answers("HTTP/1.1 200 yes\r\n\r\n")))
	resolver := serveDNS(t, []string{"127.0.0.1"})
	for _, test := range []struct {
		name    string
		url     string
		policy  egress.Policy
		reason  plan.Reason
		message string
	}{
		{"closed port", "http://" + closed, egress.Policy{AllowLoopback: true}, plan.ReasonProxyError, "connecting to the egress proxy failed: connection refused"},
		{"no such host", "http://nobody.example", egress.Policy{}, plan.ReasonProxyError, "the host name of the egress proxy does not exist"},
		{"no TLS", strings.Replace(plain, "http", "https", 1), egress.Policy{AllowLoopback: true}, plan.ReasonProxyError, "the egress proxy does not speak TLS on this port"},
		{"unknown authority", secure, egress.Policy{AllowLoopback: true}, plan.ReasonProxyError, "the certificate of the egress proxy is not valid for its host, has expired or is signed by an unknown authority"},
		{"only TLS", strings.Replace(secure, "https", "http", 1), egress.Policy{AllowLoopback: true}, plan.ReasonProxyError, "the egress proxy closed the connection without an answer"},
		{"refused address", plain, egress.Policy{}, plan.ReasonBlocked, "the egress proxy's address 127.0.0.1 is a loopback address, which the operator does not allow"},
		{"refused address behind a name", "http://rebound.example:8080", egress.Policy{}, plan.ReasonBlocked, "the egress proxy's address 127.0.0.1 is a loopback address, which the operator does not allow"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dialer := &net.Dialer{Resolver: resolver, ControlContext: control(test.policy, egress.Allowance{})}
			d, err := newProxyDialer(plan.Proxy{URL: test.url}, nil, dialer.DialContext)
			if err != nil {
				t.Fatal(err)
			}
			s := newSender(t)
			s.usual.transport.DialContext = dialWire(d.DialContext, nil)
			got := s.Send(t.Context(), request(t, "GET", "http://receiver.example/"))
			if got.Reason != test.reason || got.Message != test.message || !got.Unsent {
				t.Errorf("%s: %q, unsent %v", got.Reason, got.Message, got.Unsent)
			}
		})
	}
}

// What comes with the head of the answer belongs to the tunnel, also if the head
// announces a body, which RFC 9110 has a client ignore.
func TestProxyEarlyBytes(t *testing.T) {
	for _, head := range []string{"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200\r\nContent-Length: 3\r\n\r\n", "HTTP/1.1 299 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"} {
		for _, early := range []string{"", "early", strings.Repeat("early ", 10_000)} {
			address := serveRaw(t, func(conn net.Conn) {
				reader := bufio.NewReader(conn)
				if _, err := http.ReadRequest(reader); err != nil {
					return
				}
				_, _ = io.WriteString(conn, head+early)
				_, _ = io.Copy(conn, reader) // an echo
			})
			conn, err := proxyDialerTo(t, plan.Proxy{URL: address}, nil).DialContext(t.Context(), "tcp", "receiver.example:80")
			if err != nil {
				t.Fatalf("%q: %v", head, err)
			}
			if _, err := io.WriteString(conn, "late"); err != nil {
				t.Error(err)
			}
			_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
			got := make([]byte, len(early)+len("late"))
			if _, err := io.ReadFull(conn, got); err != nil || string(got) != early+"late" {
				t.Errorf("%q with %d early bytes: %d bytes came, %v", head, len(early), len(got), err)
			}
			_ = conn.Close()
		}
	}
}

// An ended context ends CONNECT at any point, and nothing is left of it.
func TestProxyContext(t *testing.T) {
	roots := newSender(t)
	certificate := certified(t, roots)
	for _, secure := range []string{"no TLS", "in the handshake", "after the handshake"} {
		t.Run(secure, func(t *testing.T) {
			asked, closed := make(chan struct{}), make(chan struct{})
			hang := func(conn net.Conn) { // reads until the other side has gone
				b := make([]byte, 1)
				if _, err := conn.Read(b); err == nil {
					close(asked)
					_, _ = io.Copy(io.Discard, conn)
				}
				close(closed)
			}
			proxy := plan.Proxy{URL: serveRaw(t, hang)}
			switch secure {
			case "in the handshake":
				proxy.URL = strings.Replace(proxy.URL, "http", "https", 1)
			case "after the handshake":
				proxy.URL = serveTLS(t, certificate, hang)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { <-asked; cancel() })
			conn, err := proxyDialerTo(t, proxy, roots.usual.transport.TLSClientConfig.RootCAs).DialContext(ctx, "tcp", "receiver.example:443")
			if conn != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("connection %v, error %v", conn, err)
			}
			<-closed
			running.Wait()
		})
	}
}

// The context that made a tunnel does not end it.
func TestProxyTunnelOutlivesTheContext(t *testing.T) {
	address := serveRaw(t, func(conn net.Conn) {
		reader := bufio.NewReader(conn)
		if _, err := http.ReadRequest(reader); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n")
			_, _ = io.Copy(conn, reader)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := proxyDialerTo(t, plan.Proxy{URL: address}, nil).DialContext(ctx, "tcp", "receiver.example:80")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	cancel()
	if _, err := io.WriteString(conn, "still"); err != nil {
		t.Error(err)
	}
	got := make([]byte, len("still"))
	if _, err := io.ReadFull(conn, got); err != nil {
		t.Error(err)
	}
}

// A proxy that takes a CONNECT and says nothing may be waiting for the receiver: that
// ends by itself and counts as the receiver's failure. In its own handshake it waits
// for nobody.
func TestProxyHangs(t *testing.T) {
	for scheme, failure := range map[string]ProxyFailure{"http": ReceiverUnreachable, "https": ProxyUnreachable} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			go func() { _, _ = io.Copy(io.Discard, theirs) }()
			d, err := newProxyDialer(plan.Proxy{URL: scheme + "://proxy.example"}, nil, func(context.Context, string, string) (net.Conn, error) { return ours, nil })
			if err != nil {
				t.Fatal(err)
			}
			begun := time.Now()
			_, err = d.DialContext(t.Context(), "tcp", "receiver.example:443")
			var failed *ProxyError
			if !errors.As(err, &failed) || failed.Failure != failure || time.Since(begun) != proxyTimeout {
				t.Errorf("%s: %v after %v, %+v", scheme, err, time.Since(begun), failed)
			}
			if _, err := ours.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the connection is not closed: %v", err)
			}
		})
	}
}

// Where the proxy is, and what may not be written to it.
func TestProxyAddresses(t *testing.T) {
	var dialled string
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		dialled = network + " " + address
		return nil, errors.New("no")
	}
	for address, want := range map[string]string{
		"http://proxy.example": "tcp proxy.example:80", "https://proxy.example/": "tcp proxy.example:443",
		"http://proxy.example:3128": "tcp proxy.example:3128", "https://[::1]:8443": "tcp [::1]:8443", "http://[::1]": "tcp [::1]:80",
	} {
		d, err := newProxyDialer(plan.Proxy{URL: address}, nil, dial)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.DialContext(t.Context(), "tcp", "receiver.example:80"); err == nil || dialled != want {
			t.Errorf("%s: dialled %q, want %q", address, dialled, want)
		}
		dialled = ""
		for _, target := range []string{"receiver.example", "receiver.example:", "receiver.example:http", "a\r\nX: y:80", "a b:80", "a:80\r\nX: y", ":80", "bücher.example:80", "a:99999"} {
			if _, err := d.DialContext(t.Context(), "tcp", target); err == nil || dialled != "" {
				t.Errorf("%q: %v, dialled %q", target, err, dialled)
			}
		}
	}
	if _, err := newProxyDialer(plan.Proxy{URL: "socks5://proxy"}, nil, dial); err == nil {
		t.Error("a SOCKS proxy is taken")
	}
}

// TestMaskerKnowsTheOperatorsProxy: the proxy sees its credentials with every tunnel,
// and may answer in the receiver's place.
func TestMaskerKnowsTheOperatorsProxy(t *testing.T) {
	for _, test := range []struct{ password, told, want string }{
		{"opensesame", "Basic " + base64.StdEncoding.EncodeToString([]byte("operator:opensesame")), "Basic ***=="},
		{"opensesame", "the password opensesame", "the password ***"},
		{"", "the name operator-token", "the name ***"},
	} {
		username := "operator"
		if test.password == "" {
			username = "operator-token"
		}
		s := newSenderOf(t, Options{Proxy: &plan.Proxy{URL: "http://127.0.0.1:1", Username: username, Password: plan.NewSecret(test.password)}})
		route, err := s.Route(&plan.Integration{URL: "http://receiver.example"})
		if err != nil {
			t.Fatal(err)
		}
		request, err := route.Build(Parts{Method: "GET"})
		if err != nil {
			t.Fatal(err)
		}
		if got := request.Masker().Text(test.told); got != test.want {
			t.Errorf("%q became %q, want %q", test.told, got, test.want)
		}
		s.Leave(route)
	}
}
