package compile

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

const (
	// maxCABundle bounds a CA bundle in bytes, as the schema does for a literal one.
	maxCABundle = 262_144
	// maxCertificate bounds a client certificate with its chain, and its key, in
	// bytes each. A chain of three large RSA certificates has about 8 KiB.
	maxCertificate = 65_536
)

// The keys of a Secret of type kubernetes.io/tls.
const (
	certificateKey = "tls.crt"
	privateKeyKey  = "tls.key"
)

// tls fills in whom to trust and which certificate to show. Whether certificates
// have expired is not judged: there is no clock here, and the receiver says so.
func (p *problems) tls(in inputs, spec *v1alpha1.WebhookIntegrationSpec, compiled *plan.Integration) {
	from := spec.TLS
	if from == nil {
		return
	}
	if strings.HasPrefix(strings.ToLower(spec.URL), "http://") {
		p.reject(v1alpha1.ReasonInvalidSpec, "tls needs a url that starts with https://; without TLS it would do nothing")
	}
	if from.ServerName != "" {
		if err := plan.CheckServerName(from.ServerName); err != nil {
			p.reject(v1alpha1.ReasonInvalidSpec, "tls.%s", err)
		}
	}
	result := &plan.TLS{
		ServerName:         from.ServerName,
		InsecureSkipVerify: from.InsecureSkipVerify != nil && *from.InsecureSkipVerify,
	}
	if result.InsecureSkipVerify && (from.CABundle != "" || from.CABundleFrom != nil) {
		p.reject(v1alpha1.ReasonInvalidSpec, "tls.insecureSkipVerify takes any certificate, so that a CA bundle would do nothing; set only one of them")
	}
	result.CABundle = p.caBundle(in, from)
	if from.ClientCertificate != nil {
		result.Certificate, result.Key = p.clientCertificate(in, from.ClientCertificate.SecretRef.Name)
		hide(compiled, result.Key.Reveal())
	}
	compiled.TLS = result
}

// caBundle returns the CA bundle, certificates alone, from wherever it comes.
func (p *problems) caBundle(in inputs, from *v1alpha1.TLS) string {
	u := use{of: "tls.caBundleFrom", as: "a CA bundle", limit: maxCABundle}
	var found text
	var ok bool
	switch source := from.CABundleFrom; {
	case from.CABundle != "" && source != nil:
		p.reject(v1alpha1.ReasonInvalidSpec, "tls.caBundle and tls.caBundleFrom exclude each other; set only one of them")
		return ""
	case source == nil:
		return p.literalBundle(from.CABundle)
	case (source.SecretKeyRef == nil) == (source.ConfigMapKeyRef == nil):
		p.reject(v1alpha1.ReasonInvalidSpec, "tls.caBundleFrom needs either secretKeyRef or configMapKeyRef")
		return ""
	case source.SecretKeyRef != nil:
		found, ok = p.secretKey(in, *source.SecretKeyRef, u)
	default:
		found, ok = p.configMapKey(in, *source.ConfigMapKeyRef, u)
	}
	if !ok {
		return ""
	}
	bundle, err := certificates(found.value)
	if err != nil {
		found.invalid(p, "%s", err)
	}
	return bundle
}

// literalBundle judges a CA bundle that stands in the manifest, or is not there.
func (p *problems) literalBundle(text string) string {
	if text == "" {
		return ""
	}
	bundle, err := certificates(text)
	switch {
	case err != nil:
		p.reject(v1alpha1.ReasonInvalidSpec, "tls.caBundle cannot be used: %s", err)
	case len(text) > maxCABundle:
		p.reject(v1alpha1.ReasonInvalidSpec, "tls.caBundle must have at most %d bytes", maxCABundle)
	}
	return bundle
}

// certificates returns the certificates of a text in PEM (RFC 7468) without what
// explains them, at least one. Text may stand before each, not after the last,
// where it would be the remains of one. The error shows nothing of the text.
func certificates(text string) (string, error) {
	var out strings.Builder
	n, rest := 0, []byte(text)
	for {
		block, after := pem.Decode(rest)
		if block == nil {
			break
		}
		n, rest = n+1, after
		if strings.HasSuffix(block.Type, "PRIVATE KEY") {
			return "", errors.New("it holds a private key, where only certificates belong; replace the key if others can read it")
		}
		if block.Type != "CERTIFICATE" {
			return "", fmt.Errorf("its PEM block %d is no CERTIFICATE", n)
		}
		if _, err := x509.ParseCertificate(block.Bytes); err != nil {
			return "", fmt.Errorf("its PEM block %d is not a valid X.509 certificate", n)
		}
		// Without headers, which would keep a pool from taking it.
		_ = pem.Encode(&out, &pem.Block{Type: block.Type, Bytes: block.Bytes}) // a Builder takes all
	}
	switch {
	case strings.Count(text, "-----BEGIN ") != n:
		return "", errors.New("one of its PEM blocks is cut off, damaged or indented")
	case n == 0:
		return "", errors.New("it holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
	case strings.TrimSpace(string(rest)) != "":
		return "", errors.New("there is other text after its last certificate")
	}
	return out.String(), nil
}

// clientCertificate returns the certificate, with its chain, and the private key
// of a Secret, which belong together.
func (p *problems) clientCertificate(in inputs, secret string) (string, plan.Secret) {
	const of = "tls.clientCertificate"
	data, ok := p.secret(in, secret, use{of: of})
	if !ok {
		return "", plan.Secret{}
	}
	chain, hasChain := p.keyOf(data, v1alpha1.SecretKeyRef{Name: secret, Key: certificateKey}, use{of: of, as: "the client certificate", limit: maxCertificate})
	key, hasKey := p.keyOf(data, v1alpha1.SecretKeyRef{Name: secret, Key: privateKeyKey}, use{of: of, as: "the client certificate's key", limit: maxCertificate})
	if !hasChain || !hasKey {
		return "", plan.Secret{}
	}
	certificate, err := certificates(chain.value)
	if err != nil {
		chain.invalid(p, "%s", err)
		return "", plan.Secret{}
	}
	if err := checkKeyPair(certificate, key.value); err != nil {
		key.invalid(p, "%s", err)
		return "", plan.Secret{}
	}
	return certificate, plan.NewSecret(strings.TrimSpace(key.value))
}

// checkKeyPair judges whether a private key in PEM is that of a certificate. The
// error shows nothing of either: that of the library might.
func checkKeyPair(certificate, key string) error {
	block, _ := pem.Decode([]byte(key))
	switch {
	case block == nil:
		return errors.New("it holds no private key in PEM (-----BEGIN PRIVATE KEY-----)")
	case block.Type == "ENCRYPTED PRIVATE KEY" || block.Headers["DEK-Info"] != "":
		return errors.New("it is encrypted with a passphrase, which cannot be given; put the decrypted key there")
	case block.Type == "CERTIFICATE":
		return errors.New("it is a certificate and not a private key")
	}
	if _, err := tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		return errors.New("it is not the RSA, ECDSA or Ed25519 key that belongs to the first certificate in " + certificateKey)
	}
	return nil
}
