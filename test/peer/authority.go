package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"
)

// lifetime is how long all certificates are valid, from an hour ago.
const lifetime = 24 * time.Hour

// Authority certifies. [NewAuthority] makes one.
type Authority struct {
	// PEM is its certificate.
	PEM string

	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes an authority of that name, with a key of its own.
func NewAuthority(name string) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the authority %q: %w", name, err)
	}
	template := &x509.Certificate{
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a := &Authority{key: key}
	if a.certificate, a.PEM, err = sign(name, template, template, key, key); err != nil {
		return nil, fmt.Errorf("make the authority %q: %w", name, err)
	}
	return a, nil
}

// Pool trusts the authority and no other.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// Certificate is a certificate with its private key.
type Certificate struct {
	// PEM and Key are what a Secret of type kubernetes.io/tls has.
	PEM, Key string
	// TLS is both for crypto/tls.
	TLS tls.Certificate
}

// Certify makes a certificate of that common name for servers and for clients.
// Servers need hosts, DNS names or IP addresses.
func (a *Authority) Certify(name string, hosts ...string) (Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return Certificate{}, fmt.Errorf("certify %q: %w", name, err)
	}
	template := &x509.Certificate{
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	_, text, err := sign(name, template, a.certificate, key, a.key)
	if err != nil {
		return Certificate{}, fmt.Errorf("certify %q: %w", name, err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Certificate{}, fmt.Errorf("certify %q: %w", name, err)
	}
	c := Certificate{PEM: text, Key: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))}
	c.TLS, err = tls.X509KeyPair([]byte(c.PEM), []byte(c.Key))
	return c, err
}

// sign completes a template and signs it.
func sign(name string, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) (*x509.Certificate, string, error) {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return nil, "", err
	}
	template.SerialNumber, template.Subject = serial, pkix.Name{CommonName: name}
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.Add(lifetime)
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		return nil, "", err
	}
	certificate, err := x509.ParseCertificate(der)
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), err
}

// Identity is what a TLS server shows and whom it lets in, which can change while
// it runs. The zero value lets nobody in until it is [Identity.Set].
type Identity struct {
	mu     sync.Mutex
	config *tls.Config
}

// Set makes the next handshakes show certificate. If clients is not nil they need a
// certificate of that authority from the other side, too. Connections that stand
// are left alone.
func (i *Identity) Set(certificate Certificate, clients *Authority) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{certificate.TLS}}
	if clients != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, clients.Pool()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.config = config
}

// Config is the configuration of the server.
func (i *Identity) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.config == nil {
			return nil, errors.New("the server has no certificate yet")
		}
		return i.config, nil
	}}
}
