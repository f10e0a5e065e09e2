package dispatcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/internal/httpapi"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
	"github.com/maestra-io/webhook-operator/test/peer"
)

// TestHandshakesEndInTime: who connects and says nothing, or too little, is gone
// after readHeaderTimeout, and fills no log.
func TestHandshakesEndInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		listener := &pipes{incoming: make(chan net.Conn), closed: make(chan struct{})}
		var log bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&log, nil))
		server := newServer(http.NotFoundHandler(), logger)
		server.TLSConfig, server.HTTP2 = (&serving{log: logger}).config(), http2Config()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- serveUntil(ctx, server, listener) }()
		for _, said := range []string{"", "\x16\x03\x01\x01\x00", "GET / HTTP/1.1\r\n"} {
			caller, connection := net.Pipe()
			listener.incoming <- connection
			begun := time.Now()
			go func() { _, _ = io.WriteString(caller, said) }()
			_, _ = io.Copy(io.Discard, caller)
			if took := time.Since(begun); took > readHeaderTimeout {
				t.Errorf("after %q the connection stood for %s", said, took)
			}
			_ = caller.Close()
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if log.Len() > 0 {
			t.Errorf("the log is %s", log.String())
		}
	})
}

// TestOneConnectionBringsBoundedRequests: the requests of a connection of HTTP/2 count
// like those of others, and those without a place are told so.
func TestOneConnectionBringsBoundedRequests(t *testing.T) {
	const places = 4
	authority, err := peer.NewAuthority("callers")
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := authority.Certify("dispatcher", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	shown := &serving{log: logger}
	shown.set(certificate.PEM, plan.NewSecret(certificate.Key))
	begun, release := make(chan struct{}, 100), make(chan struct{})
	server := newServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { begun <- struct{}{}; <-release }), logger)
	server.TLSConfig, server.HTTP2 = shown.config(), http2Config()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	bounded := boundConnections(server, l, places, httpapi.Overloaded(slog.New(slog.DiscardHandler)))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- serveUntil(ctx, server, bounded) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	get := func() (int, string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+l.Addr().String(), nil)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		response, err := transport.RoundTrip(request)
		if err != nil {
			t.Error(err)
			return 0, ""
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.ProtoMajor != 2 {
			t.Errorf("it is %s", response.Proto)
		}
		return response.StatusCode, string(text)
	}
	var under sync.WaitGroup
	for range places {
		under.Go(func() {
			if status, _ := get(); status != 200 {
				t.Errorf("a request with a place is answered %d", status)
			}
		})
		<-begun
	}
	if status, text := get(); status != 429 || !strings.Contains(text, "overloaded") {
		t.Errorf("a request without a place is answered %d %s", status, text)
	}
	close(release)
	under.Wait()
	if status, _ := get(); status != 200 {
		t.Errorf("when there are places again it is answered %d", status)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
