package serving

import (
	"crypto/x509"
	"encoding/pem"
	"maps"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
)

const day = 24 * time.Hour

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	shop  = Names{Namespace: "webhook-operator-system", Service: "webhook-dispatcher"}
)

func renewed(t *testing.T, now time.Time, n Names, data map[string][]byte) map[string][]byte {
	t.Helper()
	next, err := renew(now, n, data)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := renew(now, n, next); err != nil || !same(next, again) {
		t.Fatalf("a second look at %v changes it again (%v)", now, err)
	}
	verify(t, now, next[authorityKey], next)
	return next
}

// verify is what a caller does who trusts these authorities only.
func verify(t *testing.T, now time.Time, authorities []byte, data map[string][]byte) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authorities)
	block, _ := pem.Decode(data[corev1.TLSCertKey])
	leaf, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, DNSName: "webhook-dispatcher.webhook-operator-system.svc"}); err != nil {
		t.Errorf("at %v: %v", now, err)
	}
}

// changed lists the parts that differ.
func changed(a, b map[string][]byte) string {
	text := ""
	for _, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey, authorityKey, authorityPrivateKey} {
		if string(a[key]) != string(b[key]) {
			text += key + " "
		}
	}
	return text
}

// The parts that change together.
const (
	nothing = ""
	leafNew = "tls.crt tls.key "
	allNew  = "tls.crt tls.key ca.crt ca.key "
)

// TestRenew: what is right stays, and of what is broken, old or for other names as
// little as possible is made anew.
func TestRenew(t *testing.T) {
	data := renewed(t, start, shop, nil)
	due := start.Add(-backdate).Add((leafLife + backdate) / 3 * 2)
	other := renewed(t, start, shop, nil)
	without := func(key string) func(map[string][]byte) { return func(d map[string][]byte) { delete(d, key) } }
	put := func(key string, value []byte) func(map[string][]byte) {
		return func(d map[string][]byte) { d[key] = value }
	}
	keep := func(map[string][]byte) {}
	for name, test := range map[string]struct {
		at     time.Time
		names  Names
		change func(map[string][]byte)
		want   string
	}{
		"at once":                        {start, shop, keep, nothing},
		"before two thirds":              {due.Add(-time.Second), shop, keep, nothing},
		"at two thirds":                  {due, shop, keep, leafNew},
		"expired":                        {start.Add(leafLife), shop, keep, leafNew},
		"the clock set back":             {start.Add(-day), shop, keep, nothing},
		"another Service":                {start, Names{Namespace: shop.Namespace, Service: "calls"}, keep, leafNew},
		"another namespace":              {start, Names{Namespace: "other", Service: shop.Service}, keep, leafNew},
		"no certificate":                 {start, shop, without(corev1.TLSCertKey), leafNew},
		"no key":                         {start, shop, without(corev1.TLSPrivateKeyKey), leafNew},
		"garbage":                        {start, shop, put(corev1.TLSCertKey, []byte("garbage")), leafNew},
		"another's key":                  {start, shop, put(corev1.TLSPrivateKeyKey, other[corev1.TLSPrivateKeyKey]), leafNew},
		"no authority":                   {start, shop, without(authorityKey), allNew},
		"another authority":              {start, shop, put(authorityKey, other[authorityKey]), allNew},
		"no key of the authority":        {start, shop, without(authorityPrivateKey), "ca.crt ca.key "},
		"another key of the authority":   {start, shop, put(authorityPrivateKey, other[authorityPrivateKey]), "ca.crt ca.key "},
		"the authority at two thirds":    {start.Add(authorityLife / 3 * 2), shop, keep, allNew},
		"the authority expired":          {start.Add(authorityLife), shop, keep, allNew},
		"a serving one as the authority": {start, shop, put(authorityKey, data[corev1.TLSCertKey]), allNew},
	} {
		t.Run(name, func(t *testing.T) {
			before := maps.Clone(data)
			test.change(before)
			given := maps.Clone(before)
			next, err := renew(test.at, test.names, before)
			if err != nil {
				t.Fatal(err)
			}
			if got := changed(data, next); got != test.want {
				t.Errorf("changed: %q, want %q", got, test.want)
			}
			if !same(before, given) {
				t.Error("what was given was changed")
			}
		})
	}
}

// TestAnAuthorityNearItsEndSignsNothing: it does not outlive what it would sign, so the
// new one signs at once.
func TestAnAuthorityNearItsEndSignsNothing(t *testing.T) {
	now := start.Add(authorityLife - leafLife + day)
	next := renewed(t, now, shop, renewed(t, start, shop, nil))
	authorities := readAuthorities(now, next[authorityKey], next[authorityPrivateKey])
	if len(authorities) != 2 || authorities[1].key != nil {
		t.Fatalf("%d authorities, or the key of the old one is still there", len(authorities))
	}
	verify(t, now, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: authorities[0].certificate.Raw}), next)
}

// TestAuthorityIsReplacedWithoutAGap follows ten years of looks every five days, with
// callers who read the authorities at most 30 days ago.
func TestAuthorityIsReplacedWithoutAGap(t *testing.T) {
	type reading struct {
		at          time.Time
		authorities []byte
	}
	var readings []reading
	var first []byte
	var data map[string][]byte
	most, now := 0, start
	for now.Before(start.Add(authorityLife + 100*day)) {
		next := renewed(t, now, shop, data)
		if first == nil {
			first = next[authorityKey]
		}
		for _, r := range readings {
			if now.Sub(r.at) <= publishedFor && now.Before(r.at.Add(authorityLife/3)) {
				verify(t, now, r.authorities, next)
			}
		}
		most = max(most, len(readAuthorities(now, next[authorityKey], nil)))
		readings = append(readings, reading{now, next[authorityKey]})
		data = next
		signers := readAuthorities(now, next[authorityKey], next[authorityPrivateKey])
		if newest := signers[0].certificate; now.Sub(newest.NotBefore) > publishedFor+backdate && len(signers) > 1 && signers[1].key != nil {
			t.Errorf("at %v: the key of the old authority is still there, although the new one signs", now)
		}
		now = now.Add(5 * day)
	}
	if most != 2 {
		t.Errorf("at most %d authorities at a time, want 2", most)
	}
	if string(data[authorityKey]) == string(first) || len(readAuthorities(now, data[authorityKey], nil)) != 1 {
		t.Error("the first authority is still public")
	}
	if keys := readKeys(data[authorityPrivateKey]); len(keys) != 1 {
		t.Errorf("%d keys of authorities are kept, want 1", len(keys))
	}
}
