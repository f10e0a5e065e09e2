package dispatcher

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/maestra-io/webhook-operator/dispatcher/control"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/access"
	"github.com/maestra-io/webhook-operator/dispatcher/internal/metrics"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// serving is the certificate that callers are shown. It comes from the manager and
// is in memory only.
type serving struct {
	log     *slog.Logger
	current atomic.Pointer[tls.Certificate] // nil before the first
	missed  atomic.Bool                     // a caller came before it, and the log says so
}

// errNoCertificate ends the handshakes of callers that come too early.
var errNoCertificate = errors.New("the manager has not sent a certificate yet")

// set makes this the certificate of new connections; those that stand go on. One
// that cannot be used changes nothing.
func (s *serving) set(certificate string, key plan.Secret) {
	pair, err := tls.X509KeyPair([]byte(certificate), []byte(key.Reveal()))
	if err != nil {
		s.log.Error("the certificate that the manager sent cannot be shown to callers; going on with what there is", "error", err)
		return
	}
	if old := s.current.Swap(&pair); old == nil || !bytes.Equal(old.Certificate[0], pair.Certificate[0]) {
		s.log.Info("callers are shown a new certificate", "names", pair.Leaf.DNSNames, "notAfter", pair.Leaf.NotAfter)
	}
}

// expiry is when the certificate ends; zero if there is none.
func (s *serving) expiry() time.Time {
	if pair := s.current.Load(); pair != nil {
		return pair.Leaf.NotAfter
	}
	return time.Time{}
}

// ready reports whether there is a certificate.
func (s *serving) ready() bool { return s.current.Load() != nil }

// get is [tls.Config.GetCertificate].
func (s *serving) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pair := s.current.Load(); pair != nil {
		return pair, nil
	}
	if s.missed.CompareAndSwap(false, true) {
		s.log.Warn("callers are turned away until the manager has sent the certificate to show them")
	}
	return nil, errNoCertificate
}

// config is for the API's server. Sessions are not resumed, since such a connection
// would go on with a certificate that was replaced.
func (s *serving) config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: s.get, SessionTicketsDisabled: true}
}

// http2Config bounds what one connection may bring: streams as RFC 9113, section
// 6.5.2, recommends at least, and bodies that nobody reads yet (Go's 1 MiB for each
// connection would be more than all memory).
func http2Config() *http.HTTP2Config {
	return &http.HTTP2Config{
		MaxConcurrentStreams: 100, MaxReceiveBufferPerConnection: 64 << 10, MaxReceiveBufferPerStream: 64 << 10,
		WriteByteTimeout: readTimeout,
	}
}

// serverLog is the log of an HTTP server. Whoever reaches the port can have a line
// written for each connection that is no TLS, so those lines are for debugging.
func serverLog(to *slog.Logger) *log.Logger { return log.New(serverLines{to}, "", 0) }

// serverLines writes what an HTTP server says to the log.
type serverLines struct{ log *slog.Logger }

var _ io.Writer = serverLines{}

// Write logs one line.
func (s serverLines) Write(line []byte) (int, error) {
	level := slog.LevelWarn
	if bytes.HasPrefix(line, []byte("http: TLS handshake error")) || bytes.HasPrefix(line, []byte("http2: server: error reading preface")) {
		level = slog.LevelDebug
	}
	s.log.Log(context.Background(), level, string(bytes.TrimSpace(line)))
	return len(line), nil
}

// reviews asks Kubernetes by way of the manager.
type reviews struct {
	client  *control.Client
	metrics *metrics.Metrics
}

// Review implements [access.Reviewer].
func (r reviews) Review(ctx context.Context, review access.Review) (access.Verdict, error) {
	begun := time.Now()
	verdict, err := r.client.Review(ctx, control.Review(review))
	r.metrics.Reviewed(resultOf(verdict, err), time.Since(begun))
	return access.Verdict(verdict), err
}
