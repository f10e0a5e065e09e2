package e2e

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/test/peer"
	"github.com/maestra-io/webhook-operator/test/receiver"
)

// mistaken is an integration NAME with TLS to the receiver and a field MORE, and a
// Webhook of it.
const mistaken = `
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: NAME}
spec:
  url: RECEIVER
  MORE
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: NAME}
spec: {integrationRef: {name: NAME}, url: /NAME, body: '{}'}
`

// mistake is one in what an integration refers to, and how it is mended.
type mistake struct {
	spec        string            // of the integration
	kind, typ   string            // of what it refers to, which has the name of the integration
	wrong       map[string]string // nil for none
	right       map[string]string
	reason, say string
}

// mistakesOf are the mistakes that are tried.
func mistakesOf(g, other generation) map[string]mistake {
	const trusted = "tls: {caBundleFrom: {configMapKeyRef: {name: authority, key: ca.crt}}"
	clientTLS := trusted + ", clientCertificate: {secretRef: {name: NAME}}}"
	pair := func(certificate, key string) map[string]string {
		return map[string]string{"tls.crt": certificate, "tls.key": key}
	}
	right := pair(g.client.PEM, g.client.Key)
	return map[string]mistake{
		"missing-secret": {
			clientTLS, "Secret", "kubernetes.io/tls", nil, right,
			"SecretNotFound", `Secret "missing-secret" of tls.clientCertificate does not exist in namespace "NAMESPACE"`,
		},
		"wrong-key": {
			trusted + "}\n  auth: {bearer: {secretKeyRef: {name: NAME, key: token}}}", "Secret", "Opaque",
			map[string]string{"Token": "private-value-1"}, map[string]string{"token": "private-value-1"},
			"SecretKeyNotFound", `Secret "wrong-key" of auth.bearer has no key "token"`,
		},
		"broken-pem": {
			"tls: {caBundleFrom: {configMapKeyRef: {name: NAME, key: ca.crt}}}", "ConfigMap", "",
			map[string]string{"ca.crt": g.authority.PEM[:len(g.authority.PEM)/2]}, map[string]string{"ca.crt": g.authority.PEM},
			"ConfigMapValueInvalid", `key "ca.crt" of ConfigMap "broken-pem" cannot be a CA bundle: one of its PEM blocks is cut off, damaged or indented`,
		},
		"mismatched-key": {
			clientTLS, "Secret", "kubernetes.io/tls", pair(g.client.PEM, other.client.Key), right,
			"SecretValueInvalid", `key "tls.key" of Secret "mismatched-key" cannot be the client certificate's key: it is not the RSA, ECDSA or Ed25519 key that belongs to the first certificate in tls.crt`,
		},
		"wrong-signing-secret": {
			trusted + "}\n  signing: {secretKeyRefs: [{name: NAME, key: current}]}", "Secret", "Opaque",
			map[string]string{"current": "whsec_cHJpdmF0ZS12YWx1ZS0y"}, map[string]string{"current": signingSecret('s')},
			"SecretValueInvalid", `key "current" of Secret "wrong-signing-secret" cannot be `,
		},
	}
}

// TestMistakesAreSaidAndMended: what a person does wrong in Secrets and ConfigMaps
// stands in the conditions and the events of the integration, and its Webhook says
// where to look. When it is mended, all of it works with no more to do.
func TestMistakesAreSaidAndMended(t *testing.T) {
	g, other := newGeneration(t, "the"), newGeneration(t, "another")
	var server peer.Identity
	server.Set(g.server, nil)
	w := newWorld(t, receiver.Options{TLS: server.Config()})
	mistakes := mistakesOf(g, other)
	names := slices.Sorted(maps.Keys(mistakes))
	var wrong, right strings.Builder
	wrong.WriteString(g.manifests())
	for _, name := range names {
		m := mistakes[name]
		wrong.WriteString(strings.ReplaceAll(strings.ReplaceAll(mistaken, "MORE", m.spec), "NAME", name))
		if m.wrong != nil {
			wrong.WriteString(manifest(m.kind, name, m.typ, m.wrong))
		}
		right.WriteString(manifest(m.kind, name, m.typ, m.right))
	}
	w.apply(wrong.String())
	for _, name := range names {
		m := mistakes[name]
		say := strings.ReplaceAll(m.say, "NAMESPACE", w.namespace)
		w.becomes("webhookintegrations/"+name, "Ready", m.reason)
		w.becomes("webhooks/"+name, "Ready", "IntegrationNotReady")
		if got := w.condition("webhookintegrations/"+name, "ResolvedRefs", "message"); !strings.HasPrefix(got, say) {
			t.Errorf("the condition of %s says\n%s, want\n%s", name, got, say)
		}
		if got := w.condition("webhooks/"+name, "Ready", "message"); !strings.Contains(got, "WebhookIntegration") || !strings.Contains(got, name) {
			t.Errorf("the condition of the webhook %s says %s", name, got)
		}
		w.hears("WebhookIntegration", name, "Warning "+m.reason+" "+say)
	}
	t.Logf("\n%s\n%s", w.kubectl("get", "webhookintegrations,webhooks", "-o", "wide"), w.kubectl("describe", "webhookintegration", "mismatched-key"))
	w.apply(right.String())
	w.ready()
	for _, name := range names {
		w.succeeds(name, `{}`)
	}
	w.showsNot("private-value-1", "whsec_cHJpdmF0ZS12YWx1ZS0y", signingSecret('s'), g.client.Key, other.client.Key)
}

// unverified is an integration without an authority, which is INSECURE.
const unverified = `
apiVersion: webhooks.maestra.io/v1alpha1
kind: WebhookIntegration
metadata: {name: unverified}
spec:
  url: RECEIVER
  tls: {insecureSkipVerify: INSECURE}
---
apiVersion: webhooks.maestra.io/v1alpha1
kind: Webhook
metadata: {name: unverified}
spec: {integrationRef: {name: unverified}, body: '{}'}
`

// TestInsecureIsSeen: that certificates are not verified is what a person sees who
// looks at the integration, for as long as it is so.
func TestInsecureIsSeen(t *testing.T) {
	g := newGeneration(t, "unknown")
	var server peer.Identity
	server.Set(g.server, nil)
	w := newWorld(t, receiver.Options{TLS: server.Config()})
	w.applyWith(unverified, "INSECURE", "false")
	w.ready()
	if got := w.ended("unverified", w.call("unverified", `{}`)); got.Outcome != "Failed" || !strings.Contains(got.Message, "certificate") {
		t.Errorf("with an unknown authority the call ended as %+v", got)
	}
	w.applyWith(unverified, "INSECURE", "true")
	w.becomes("webhookintegrations/unverified", "InsecureTLS", "InsecureSkipVerify")
	w.ready()
	w.succeeds("unverified", `{}`)
	w.hears("WebhookIntegration", "unverified", "Warning InsecureTLS the receiver's certificate is not verified")
	described := w.kubectl("describe", "webhookintegration", "unverified")
	if _, events, _ := strings.Cut(described, "Events:"); !strings.Contains(events, "Warning  InsecureTLS") {
		t.Errorf("kubectl describe does not show the warning:\n%s", described)
	}
	w.applyWith(unverified, "INSECURE", "false")
	w.becomes("webhookintegrations/unverified", "InsecureTLS", "")
	w.hears("WebhookIntegration", "unverified", "Normal VerifiedTLS ")
}
