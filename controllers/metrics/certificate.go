package metrics

import (
	"crypto/tls"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// errNoCertificate ends the handshakes of scrapers that come too early.
var errNoCertificate = errors.New("there is no serving certificate yet")

// certificate is what scrapers are shown: the same that callers of the dispatcher are.
type certificate struct {
	current atomic.Pointer[tls.Certificate] // nil before the first
}

// SetCertificate makes this the certificate of new connections, a chain and its key in
// PEM. One that cannot be used changes nothing and is an error.
func (m *Metrics) SetCertificate(chain string, key plan.Secret) error {
	pair, err := tls.X509KeyPair([]byte(chain), []byte(key.Reveal()))
	if err != nil {
		return fmt.Errorf("the serving certificate cannot be shown to scrapers of metrics: %w", err)
	}
	m.serving.current.Store(&pair)
	return nil
}

// get is [tls.Config.GetCertificate].
func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if pair := c.current.Load(); pair != nil {
		return pair, nil
	}
	return nil, errNoCertificate
}

// expiry is when the certificate ends, in seconds since 1970; 0 if there is none.
func (c *certificate) expiry() float64 {
	if pair := c.current.Load(); pair != nil {
		return float64(pair.Leaf.NotAfter.Unix())
	}
	return 0
}
