package serving

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/util/cert"
	"k8s.io/client-go/util/keyutil"
)

const (
	// authorityLife and leafLife are for how long certificates are made.
	authorityLife = 10 * 365 * 24 * time.Hour
	leafLife      = 90 * 24 * time.Hour
	// backdate is how far a caller's clock may be behind ours.
	backdate = time.Hour
	// publishedFor is how long an authority is public before it signs, so that callers
	// who read it only when they start have had time to.
	publishedFor = 30 * 24 * time.Hour
)

// authority is a certificate that signs others. Without a key it only verifies, until
// it expires.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey // nil: not any more
}

// newAuthority makes a self-signed one that is valid from now.
func newAuthority(now time.Time) (*authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		// The day tells two apart that are trusted at the same time.
		Subject:               pkix.Name{CommonName: "webhook-dispatcher-ca " + now.UTC().Format(time.DateOnly)},
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign an authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read the authority just made: %w", err)
	}
	return &authority{certificate: certificate, key: key}, nil
}

// sign makes a serving certificate for the names, and its key, both in PEM.
func (a *authority) sign(now time.Time, n Names) (certificate, key []byte, err error) {
	pair, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make a key: %w", err)
	}
	template := &x509.Certificate{
		Subject:     pkix.Name{CommonName: n.Service}, // others may be longer than the 64 bytes it may have
		DNSNames:    n.dns(),
		IPAddresses: loopback(),
		NotBefore:   now.Add(-backdate),
		NotAfter:    now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, pair.Public(), a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("sign a serving certificate: %w", err)
	}
	if key, err = keyutil.MarshalPrivateKeyToPEM(pair); err != nil {
		return nil, nil, fmt.Errorf("encode a key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: cert.CertificateBlockType, Bytes: der}), key, nil
}

// readAuthorities takes what there is of authorities that have not expired, the newest
// first. What cannot be read is left out.
func readAuthorities(now time.Time, certificates, keys []byte) []*authority {
	parsed, err := cert.ParseCertsPEM(certificates)
	if err != nil {
		return nil
	}
	signers := readKeys(keys)
	var found []*authority
	for _, c := range parsed {
		if !c.IsCA || !now.Before(c.NotAfter) {
			continue
		}
		a := &authority{certificate: c}
		for _, key := range signers {
			if key.PublicKey.Equal(c.PublicKey) {
				a.key = key
			}
		}
		found = append(found, a)
	}
	slices.SortStableFunc(found, func(a, b *authority) int { return b.certificate.NotBefore.Compare(a.certificate.NotBefore) })
	return found
}

// readKeys reads all keys of a text, as far as they are ours.
func readKeys(text []byte) (keys []*ecdsa.PrivateKey) {
	for {
		var block *pem.Block
		if block, text = pem.Decode(text); block == nil {
			return keys
		}
		parsed, err := keyutil.ParsePrivateKeyPEM(pem.EncodeToMemory(block))
		if key, ok := parsed.(*ecdsa.PrivateKey); ok && err == nil {
			keys = append(keys, key)
		}
	}
}

// writeAuthorities is the text that readAuthorities reads.
func writeAuthorities(authorities []*authority) (certificates, keys []byte, err error) {
	var all []*x509.Certificate
	for _, a := range authorities {
		all = append(all, a.certificate)
		if a.key == nil {
			continue
		}
		key, err := keyutil.MarshalPrivateKeyToPEM(a.key)
		if err != nil {
			return nil, nil, fmt.Errorf("encode a key: %w", err)
		}
		keys = append(keys, key...)
	}
	if len(keys) == 0 {
		return nil, nil, errors.New("no authority has a key")
	}
	certificates, err = cert.EncodeCertificates(all...)
	return certificates, keys, err
}
