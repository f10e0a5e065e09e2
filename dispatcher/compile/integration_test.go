package compile_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
	"github.com/maestra-io/webhook-operator/dispatcher/plan"
)

// signingKey is a signing secret of 24 bytes.
const signingKey = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// everything refers to Secrets and ConfigMaps wherever it can, to one of them
// twice.
func everything() *v1alpha1.WebhookIntegration {
	secretKey := func(name, key string) v1alpha1.SecretKeyRef { return v1alpha1.SecretKeyRef{Name: name, Key: key} }
	fromSecret, fromMap := secretKey("header", "a"), v1alpha1.ConfigMapKeyRef{Name: "map", Key: "a"}
	bundle := v1alpha1.ConfigMapKeyRef{Name: "bundle", Key: "ca.crt"}
	literal := "x"
	return &v1alpha1.WebhookIntegration{Spec: v1alpha1.WebhookIntegrationSpec{
		URL: "https://api.example.com",
		Headers: []v1alpha1.IntegrationHeader{
			{Name: "A", ValueFrom: &v1alpha1.HeaderValueSource{SecretKeyRef: &fromSecret}},
			{Name: "B", ValueFrom: &v1alpha1.HeaderValueSource{ConfigMapKeyRef: &fromMap}},
			{Name: "C", Value: &literal},
			{Name: "D", ValueFrom: &v1alpha1.HeaderValueSource{SecretKeyRef: &fromSecret}},
		},
		Auth:    &v1alpha1.Auth{Basic: &v1alpha1.BasicAuth{SecretRef: v1alpha1.SecretRef{Name: "basic"}}},
		Signing: &v1alpha1.Signing{SecretKeyRefs: []v1alpha1.SecretKeyRef{secretKey("signing", "new"), secretKey("signing", "old")}},
		TLS: &v1alpha1.TLS{
			CABundleFrom:      &v1alpha1.CABundleSource{ConfigMapKeyRef: &bundle},
			ClientCertificate: &v1alpha1.ClientCertificate{SecretRef: v1alpha1.SecretRef{Name: "client"}},
		},
		Egress: &v1alpha1.Egress{Proxy: &v1alpha1.Proxy{URL: "http://proxy.example.com", SecretRef: &v1alpha1.SecretRef{Name: "proxy"}}},
	}}
}

func TestNamesOfSources(t *testing.T) {
	obj := everything()
	if diff := cmp.Diff([]string{"basic", "client", "header", "proxy", "signing"}, compile.SecretNames(obj)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"bundle", "map"}, compile.IntegrationConfigMapNames(obj)); diff != "" {
		t.Error(diff)
	}
	ref := v1alpha1.SecretKeyRef{Name: "bundle"}
	obj.Spec.TLS.CABundleFrom = &v1alpha1.CABundleSource{SecretKeyRef: &ref}
	obj.Spec.Auth = &v1alpha1.Auth{Bearer: &v1alpha1.BearerAuth{SecretKeyRef: v1alpha1.SecretKeyRef{Name: "bearer"}}}
	if diff := cmp.Diff([]string{"bearer", "bundle", "client", "header", "proxy", "signing"}, compile.SecretNames(obj)); diff != "" {
		t.Error(diff)
	}
	obj.Spec.Auth = &v1alpha1.Auth{OAuth2ClientCredentials: &v1alpha1.OAuth2ClientCredentials{
		ClientSecret: v1alpha1.ClientSecret{SecretKeyRef: v1alpha1.SecretKeyRef{Name: "oauth2"}},
	}}
	if diff := cmp.Diff([]string{"bundle", "client", "header", "oauth2", "proxy", "signing"}, compile.SecretNames(obj)); diff != "" {
		t.Error(diff)
	}
}

// revealed are the texts of private values.
func revealed(secrets []plan.Secret) []string {
	var texts []string
	for _, secret := range secrets {
		texts = append(texts, secret.Reveal())
	}
	return texts
}

// TestPrivateValues: what must be hidden, in which forms, and what is sent.
func TestPrivateValues(t *testing.T) {
	pems := newPEMs(t)
	bare := strings.TrimPrefix(signingKey, "whsec_")
	obj := everything()
	sources := compile.Sources{
		Secrets: func(name string) (map[string][]byte, error) {
			return map[string]map[string][]byte{
				"header":  {"a": []byte("header-value")},
				"basic":   {"username": []byte("us\u00e9r"), "password": []byte("basic:word\n")},
				"signing": {"new": []byte(signingKey + "\n"), "old": []byte(strings.Replace(bare, "A", "B", 1))},
				"client":  {"tls.crt": []byte(pems["client"]), "tls.key": []byte(pems["client.key"])},
				"proxy":   {"username": []byte("token-as-user"), "password": []byte("")},
			}[name], nil
		},
		ConfigMaps: func(name string) (*compile.ConfigMap, error) {
			return map[string]*compile.ConfigMap{
				"map":    {Data: map[string]string{"a": "map-value\r\n"}},
				"bundle": {Data: map[string]string{"ca.crt": pems["ca"]}},
			}[name], nil
		},
	}
	result := compile.Integration(obj, sources)
	if len(result.Problems) > 0 {
		t.Fatal(result.Problems)
	}
	other := strings.Replace(bare, "A", "B", 1)
	if diff := cmp.Diff([]string{
		"basic:word", "us\u00e9r:basic:word",
		signingKey, bare, other, // without the prefix it is one and the same
		strings.TrimSpace(pems["client.key"]),
		"token-as-user", "token-as-user:",
	}, revealed(result.Plan.Private)); diff != "" {
		t.Errorf("private values (-want +got):\n%s", diff)
	}
	got := map[string]string{}
	for _, h := range result.Plan.Headers {
		got[h.Name] = h.Value.Reveal()
	}
	if diff := cmp.Diff(map[string]string{
		"A": "header-value", "B": "map-value", "C": "x", "D": "header-value",
		"Authorization": "Basic dXPDqXI6YmFzaWM6d29yZA==",
	}, got); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if n := len(result.Plan.SigningKeys[0].Reveal()); n != 24 {
		t.Errorf("the signing key has %d bytes, want it decoded", n)
	}
	if again := compile.Integration(obj, sources); !cmp.Equal(result, again, cmp.Exporter(func(reflect.Type) bool { return true })) {
		t.Error("the same objects give another result")
	}
}

// TestBearerToken: the token goes out after the scheme, and is hidden alone.
func TestBearerToken(t *testing.T) {
	result := compile.Integration(&v1alpha1.WebhookIntegration{Spec: v1alpha1.WebhookIntegrationSpec{
		URL:  "https://api.example.com",
		Auth: &v1alpha1.Auth{Bearer: &v1alpha1.BearerAuth{SecretKeyRef: v1alpha1.SecretKeyRef{Name: "crm", Key: "token"}}},
	}}, secrets("token", "the-token\n"))
	header := result.Plan.Headers[0]
	if header.Name != "Authorization" || header.Value.Reveal() != "Bearer the-token" || !header.Private {
		t.Errorf("header %s: %s, private %t", header.Name, header.Value.Reveal(), header.Private)
	}
	if diff := cmp.Diff([]string{"the-token"}, revealed(result.Plan.Private)); diff != "" {
		t.Error(diff)
	}
}

// TestNotAllowedIsAsNotThere: nobody learns from a Webhook's result whether a
// namespace has an integration that is not for theirs, whatever is in it.
func TestNotAllowedIsAsNotThere(t *testing.T) {
	obj := everything()
	obj.Namespace, obj.Name = "shop", "crm"
	selector := &v1alpha1.NamespaceSelector{MatchLabels: map[string]v1alpha1.LabelValue{"team": "crm"}}
	contentType := "text/xml"
	obj.Spec.Headers = append(obj.Spec.Headers, v1alpha1.IntegrationHeader{Name: "Content-Type", Value: &contentType})
	suspend, off := true, false
	obj.Spec.Suspend = &suspend
	url, body := "/${ id }/../../..", `{"a": "${ b }"}`
	in := compile.WebhookInput{
		Object: &v1alpha1.Webhook{
			ObjectMeta: metav1.ObjectMeta{Namespace: "mail", Name: "w", UID: "1"},
			Spec: v1alpha1.WebhookSpec{
				IntegrationRef:   v1alpha1.IntegrationRef{Namespace: "shop", Name: "crm"},
				URL:              &url,
				Body:             &body,
				InheritedHeaders: []v1alpha1.InheritedHeader{{Name: "Webhook-Id", Use: &off}, {Name: "X-None"}},
				Headers:          []v1alpha1.WebhookHeader{{Name: "webhook-signature"}},
				SampleData:       &apiextensionsv1.JSON{Raw: []byte(`{"id": "..", "b": "c"}`)},
			},
		},
		NamespaceLabels: map[string]string{"team": "mail"},
	}
	type whole struct {
		Result compile.WebhookResult
		Sample string
		Given  bool
	}
	compiled := func(integration *compile.IntegrationResult) whole {
		in.Integration = integration
		result := compile.Webhook(in)
		sample, given := result.TrySample()
		return whole{result, sample, given}
	}
	want := compiled(nil)
	exported := cmp.Exporter(func(reflect.Type) bool { return true })
	for name, allowed := range map[string]*v1alpha1.AllowedNamespaces{
		"unset":           nil,
		"same":            {From: v1alpha1.NamespacesFromSame},
		"selector":        {From: v1alpha1.NamespacesFromSelector, Selector: selector},
		"broken selector": {From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{}},
	} {
		obj.Spec.AllowedNamespaces = allowed
		ready := *obj.DeepCopy()
		ready.Spec.Auth, ready.Spec.Signing, ready.Spec.TLS, ready.Spec.Egress, ready.Spec.Headers = nil, nil, nil, nil, ready.Spec.Headers[4:]
		for _, integration := range []*v1alpha1.WebhookIntegration{obj, &ready} {
			result := compile.Integration(integration, compile.Sources{
				Secrets:    func(string) (map[string][]byte, error) { return nil, nil },
				ConfigMaps: func(string) (*compile.ConfigMap, error) { return nil, nil },
			})
			if diff := cmp.Diff(want, compiled(&result), exported); diff != "" {
				t.Errorf("%s: (-not there +not allowed):\n%s", name, diff)
			}
			if in.NamespaceLabels = map[string]string{"team": "crm"}; name == "selector" && cmp.Equal(want, compiled(&result), exported) {
				t.Errorf("%s: what is allowed makes no difference", name)
			}
			in.NamespaceLabels = map[string]string{"team": "mail"}
		}
	}
}
