package compile_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"
)

// pems are texts in PEM by name, made anew for each run. Names that end in key
// are private keys.
type pems map[string]string

func newPEMs(t *testing.T) pems {
	t.Helper()
	key, ca := newAuthority(t, "ca")
	_, other := newAuthority(t, "other")
	clientKey, client := newClient(t, ca, key)
	ecKey, err := x509.MarshalECPrivateKey(clientKey)
	if err != nil {
		t.Fatal(err)
	}
	return pems{
		"ca":            certificatePEM(ca),
		"other":         certificatePEM(other),
		"client":        certificatePEM(client),
		"client.key":    keyPEM(t, clientKey),
		"client.ec.key": string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: ecKey})),
		"ca.key":        keyPEM(t, key),
		"encrypted.key": string(pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: ecKey})),
		"broken":        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("no DER")})),
		"request":       string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: []byte("no DER")})),
		"cut":           certificatePEM(other)[:200],
		"headed":        string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Headers: map[string]string{"Owner": "crm"}, Bytes: ca.Raw})),
	}
}

func newAuthority(t *testing.T, name string) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	return key, sign(t, template, template, key, key)
}

func newClient(t *testing.T, ca *x509.Certificate, by *ecdsa.PrivateKey) (*ecdsa.PrivateKey, *x509.Certificate) {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "client"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	return key, sign(t, template, ca, key, by)
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, template, parent *x509.Certificate, key, by *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func certificatePEM(certificate *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw}))
}

func keyPEM(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// fillIn puts the texts in place of their names in a YAML document, where they
// stand within double quotes.
func (p pems) fillIn(document string) string {
	for name, text := range p {
		document = strings.ReplaceAll(document, "{{"+name+"}}", strings.ReplaceAll(text, "\n", `\n`))
	}
	return document
}

// names puts the names in place of the texts, the longest first, since one begins
// as another.
func (p pems) names(shown string) string {
	longestFirst := func(a, b string) int { return len(p[b]) - len(p[a]) }
	for _, name := range slices.SortedFunc(maps.Keys(p), longestFirst) {
		shown = strings.ReplaceAll(shown, p[name], "{{"+name+"}}")
	}
	return shown
}

// privateLines are the lines of the private keys.
func (p pems) privateLines() []string {
	var private []string
	for name, text := range p {
		if !strings.HasSuffix(name, "key") {
			continue
		}
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); !strings.HasPrefix(line, "-----") {
				private = append(private, line)
			}
		}
	}
	return private
}
