package controllers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// secured refers to Secrets and ConfigMaps in every way an integration can.
const secured = `
kind: WebhookIntegration
metadata: {name: secured}
spec:
  url: https://api.example.com/v1
  headers: [{name: X-Region, valueFrom: {configMapKeyRef: {name: region, key: region}}}]
  auth: {basic: {secretRef: {name: login}}}
  signing: {secretKeyRefs: [{name: signing, key: current}]}
  tls:
    caBundleFrom: {configMapKeyRef: {name: ca, key: ca.crt}}
    clientCertificate: {secretRef: {name: client}}
  egress: {proxy: {url: "http://proxy.example.com:3128", secretRef: {name: proxy}}}
---
kind: WebhookIntegration
metadata: {name: tokens}
spec:
  url: https://api.example.com/v1
  tls: {caBundleFrom: {secretKeyRef: {name: ca, key: ca.crt}}}
  auth:
    oauth2ClientCredentials:
      tokenURL: https://login.example.com/token
      clientID: me
      clientSecret: {secretKeyRef: {name: oauth2, key: secret}}
---
kind: WebhookIntegration
metadata: {name: bearer}
spec:
  url: https://api.example.com/v1
  auth: {bearer: {secretKeyRef: {name: bearer, key: token}}}`

// material is a value for everything that can be rotated, and what the dispatcher
// must have of it.
type material struct {
	documents string
	want      []string
}

// newMaterial makes values of the nth generation.
func newMaterial(t *testing.T, n int) material {
	t.Helper()
	certificate, key := newCertificate(t, int64(n))
	authority, _ := newCertificate(t, int64(1000+n))
	other, _ := newCertificate(t, int64(2000+n))
	signing := make([]byte, 24)
	_, _ = rand.Read(signing) // it never fails
	password := fmt.Sprintf("%s-%d", canary, n)
	secret := func(name string, data ...string) string {
		return "apiVersion: v1\nkind: Secret\nmetadata: {name: " + name + "}\nstringData:\n" + fields(data)
	}
	configMap := func(name string, data ...string) string {
		return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata:\n" + fields(data)
	}
	return material{
		documents: strings.Join([]string{
			configMap("region", "region", fmt.Sprintf("eu-%d", n)),
			configMap("ca", "ca.crt", authority),
			secret("ca", "ca.crt", other),
			secret("login", "username", "me", "password", password),
			secret("signing", "current", "whsec_"+base64.StdEncoding.EncodeToString(signing)),
			secret("client", "tls.crt", certificate, "tls.key", key),
			secret("proxy", "username", "me", "password", "proxy-"+password),
			secret("oauth2", "secret", "oauth2-"+password),
			secret("bearer", "token", "bearer-"+password),
		}, "\n---\n"),
		want: []string{
			fmt.Sprintf("X-Region: eu-%d", n),
			"Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("me:"+password)),
			"signing: " + string(signing), authority, certificate, strings.TrimSpace(key), "proxy-" + password,
			other, "oauth2-" + password, "Authorization: Bearer bearer-" + password,
		},
	}
}

// fields are YAML lines of names and values in turn.
func fields(data []string) string {
	var lines strings.Builder
	for i := 0; i < len(data); i += 2 {
		fmt.Fprintf(&lines, "  %s: %q\n", data[i], data[i+1])
	}
	return lines.String()
}

// got is what the dispatcher has of what newMaterial made.
func got(secured, tokens, bearer plan.Integration) []string {
	var have []string
	add := func(headers []plan.Header) {
		for _, h := range headers {
			have = append(have, h.Name+": "+h.Value.Reveal())
		}
	}
	add(secured.Headers)
	for _, key := range secured.SigningKeys {
		have = append(have, "signing: "+key.Reveal())
	}
	if tls := secured.TLS; tls != nil {
		have = append(have, tls.CABundle, tls.Certificate, tls.Key.Reveal())
	}
	if proxy := secured.Egress.Proxy; proxy != nil {
		have = append(have, proxy.Password.Reveal())
	}
	if tokens.TLS != nil && tokens.OAuth2 != nil {
		have = append(have, tokens.TLS.CABundle, tokens.OAuth2.ClientSecret.Reveal())
	}
	add(bearer.Headers)
	return have
}

// TestRotation: whatever an integration refers to, a new value reaches the
// dispatcher in under 2 s, and needs no write to status.
func TestRotation(t *testing.T) {
	w := running(t)
	first := newMaterial(t, 1)
	w.apply(first.documents)
	w.apply(strings.TrimSpace(secured))
	for _, name := range []string{"secured", "tokens", "bearer"} {
		w.isReady(soon, name)
	}
	have := func() []string {
		return got(w.catalog.integration(w.key("secured")), w.catalog.integration(w.key("tokens")), w.catalog.integration(w.key("bearer")))
	}
	if diff := cmp.Diff(first.want, have()); diff != "" {
		t.Errorf("the dispatcher has other values (-want +got):\n%s", diff)
	}
	writes := w.settles()
	second := newMaterial(t, 2)
	for document := range strings.SplitSeq(second.documents, "\n---\n") {
		before := have()
		w.apply(document)
		w.within(recovery, func() error { // before the next, which would have this one read too
			if slices.Equal(before, have()) {
				return fmt.Errorf("the dispatcher has nothing of %s", document[:60])
			}
			return nil
		})
	}
	if diff := cmp.Diff(second.want, have()); diff != "" {
		t.Errorf("after the rotation the dispatcher has other values (-want +got):\n%s", diff)
	}
	w.settles()
	if extra := w.writes.since(writes); len(extra) > 0 {
		t.Errorf("a rotation made writes: %q", extra)
	}
	for _, name := range []string{"secured", "tokens", "bearer"} {
		if w.shows(w.integration(name), canary) {
			t.Errorf("%s shows a secret", name)
		}
	}
}

// newCertificate makes a certificate that is its own authority, and its key, in
// PEM.
func newCertificate(t *testing.T, serial int64) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}))
}
