//go:build linux

package canary

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"
)

// identity is a certificate that signs itself, and its key.
type identity struct {
	certificate, key string // in PEM
	seed             []byte // the private part of the key
	pair             tls.Certificate
}

// newIdentity makes one for 127.0.0.1, or for other names.
func newIdentity(t *testing.T, organisation string, names ...string) identity {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		Subject: pkix.Name{CommonName: "canary", Organization: []string{organisation}}, DNSNames: names,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	if len(names) == 0 {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return identity{
		certificate: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		key:         string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
		seed:        private.Seed(),
		pair:        tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private},
	}
}

// secured is the configuration of a server with an identity.
func (i identity) secured() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{i.pair}, ClientAuth: tls.RequestClientCert, MinVersion: tls.VersionTLS12}
}
