package serving

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// The keys of our own Secret, beside those of kubernetes.io/tls. With two authorities
// each text has one block after the other, the newest first.
const (
	authorityKey        = "ca.crt"
	authorityPrivateKey = "ca.key"
)

// renew returns what our own Secret should hold, given what it holds: the same, or with
// all that is missing, broken, for other names, or past two thirds of its life made
// anew. It is pure, but for the keys that it makes.
func renew(now time.Time, n Names, data map[string][]byte) (next map[string][]byte, err error) {
	authorities := readAuthorities(now, data[authorityKey], data[authorityPrivateKey])
	if newest := newestSigner(authorities); newest == nil || !now.Before(renewal(newest.certificate)) {
		made, err := newAuthority(now)
		if err != nil {
			return nil, err
		}
		authorities = append([]*authority{made}, authorities...)
	}
	next = maps.Clone(data)
	if next == nil {
		next = make(map[string][]byte)
	}
	signer := signerAt(now, authorities)
	if !usable(now, n, authorities, next) {
		if next[corev1.TLSCertKey], next[corev1.TLSPrivateKeyKey], err = signer.sign(now, n); err != nil {
			return nil, err
		}
		if !usable(now, n, authorities, next) {
			return nil, fmt.Errorf("the certificate just made for Service %q is not usable; is the clock right?", n.Service)
		}
	}
	dropOldKeys(authorities, signer)
	if next[authorityKey], next[authorityPrivateKey], err = writeAuthorities(authorities); err != nil {
		return nil, err
	}
	return next, nil
}

// renewal is the moment at which two thirds of a certificate's life are over.
func renewal(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 3 * 2)
}

// newestSigner is the first authority that has a key; nil if none has.
func newestSigner(authorities []*authority) *authority {
	for _, a := range authorities {
		if a.key != nil {
			return a
		}
	}
	return nil
}

// signerAt is the newest authority that has been public for long enough, or if there is
// none that outlives what it would sign, the newest.
func signerAt(now time.Time, authorities []*authority) *authority {
	for _, a := range authorities {
		public := a.certificate.NotBefore.Add(backdate + publishedFor)
		if a.key != nil && !now.Before(public) && a.certificate.NotAfter.After(now.Add(leafLife)) {
			return a
		}
	}
	return newestSigner(authorities)
}

// dropOldKeys forgets the keys of authorities older than the signer, which will never
// sign again.
func dropOldKeys(authorities []*authority, signer *authority) {
	for _, a := range authorities[slices.Index(authorities, signer)+1:] {
		a.key = nil
	}
}

// usable reports whether the serving certificate in data can stay.
func usable(now time.Time, n Names, authorities []*authority, data map[string][]byte) bool {
	pair, err := tls.X509KeyPair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return false
	}
	leaf := pair.Leaf
	roots := x509.NewCertPool()
	for _, a := range authorities {
		roots.AddCert(a.certificate)
	}
	// A clock that was set back, or is behind that of the manager which has made it, is
	// no reason for a new one.
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: latest(now, leaf.NotBefore)})
	return err == nil && n.cover(leaf.DNSNames, leaf.IPAddresses) && now.Before(renewal(leaf))
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// same reports whether two contents of our Secret are equal.
func same(a, b map[string][]byte) bool { return maps.EqualFunc(a, b, bytes.Equal) }
