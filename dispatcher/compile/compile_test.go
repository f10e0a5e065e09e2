package compile_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
)

func TestSystemName(t *testing.T) {
	long := strings.Repeat("a", 64)
	for _, tt := range []struct {
		object, spec string
		want         string
		wantErr      string
	}{
		{object: "order-shipped", want: "orderShipped"},
		{object: "order.shipped-2day", want: "orderShipped2day"},
		{object: "a-1-b", want: "a1B"},
		{object: "x", spec: "Other_1", want: "Other_1"},
		{object: "1-order", spec: "one", want: "one"},
		{object: "1-order", wantErr: "set spec.systemName"},
		{object: long, wantErr: "set spec.systemName"},
		{object: "x", spec: "_x", wantErr: "must be a letter"},
		{object: "x", spec: long, wantErr: "must be a letter"},
	} {
		obj := &v1alpha1.Webhook{ObjectMeta: metav1.ObjectMeta{Name: tt.object}, Spec: v1alpha1.WebhookSpec{SystemName: tt.spec}}
		got, err := compile.SystemName(obj)
		switch {
		case tt.wantErr == "" && (err != nil || got != tt.want):
			t.Errorf("object %q, spec %q: got %q, %v; want %q", tt.object, tt.spec, got, err, tt.want)
		case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
			t.Errorf("object %q, spec %q: got %q, %v; want an error with %q", tt.object, tt.spec, got, err, tt.wantErr)
		}
	}
}

// TestSummaryFitsACondition: a condition's message has at most 32,768 characters,
// however many templates are wrong.
func TestSummaryFitsACondition(t *testing.T) {
	problems := []compile.Problem{
		{Condition: v1alpha1.ConditionResolvedRefs, Reason: "Other", Message: "other"},
		{Condition: v1alpha1.ConditionAccepted, Reason: "First", Message: strings.Repeat("é", 20_000)},
		{Condition: v1alpha1.ConditionAccepted, Reason: "Second", Message: "second"},
	}
	reason, message := compile.Summary(problems, v1alpha1.ConditionAccepted)
	if reason != "First" {
		t.Errorf("reason %q, want that of the first problem", reason)
	}
	if len(message) > 32_768 || len(message) < 32_000 || !utf8.ValidString(message) || !strings.HasSuffix(message, "é…") {
		t.Errorf("message of %d bytes, valid UTF-8: %t, ends with %q", len(message), utf8.ValidString(message), message[len(message)-6:])
	}
	if reason, message := compile.Summary(problems[:1], v1alpha1.ConditionAccepted); reason != "" || message != "" {
		t.Errorf("a condition without problems got %q, %q", reason, message)
	}
}

// secrets are Secrets that all have one key.
func secrets(key, value string) compile.Sources {
	return compile.Sources{Secrets: func(string) (map[string][]byte, error) {
		return map[string][]byte{key: []byte(value)}, nil
	}}
}

// TestSameForWebhooks: webhooks are compiled again when the integration's part of
// their status or readiness changes, and not for a rotated Secret.
func TestSameForWebhooks(t *testing.T) {
	result := func(token string, change func(*v1alpha1.WebhookIntegrationSpec)) *compile.IntegrationResult {
		spec := v1alpha1.WebhookIntegrationSpec{
			URL: "https://api.example.com/v1",
			Headers: []v1alpha1.IntegrationHeader{{Name: "Authorization", ValueFrom: &v1alpha1.HeaderValueSource{
				SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "crm", Key: "token"},
			}}},
		}
		change(&spec)
		r := compile.Integration(&v1alpha1.WebhookIntegration{Spec: spec}, compile.Sources{Secrets: func(string) (map[string][]byte, error) {
			return map[string][]byte{"token": []byte(token), "key": []byte(signingKey)}, nil
		}})
		return &r
	}
	none := func(*v1alpha1.WebhookIntegrationSpec) {}
	yes, literal := true, "x"
	before := result("a", none)
	for name, tt := range map[string]struct {
		after *compile.IntegrationResult
		same  bool
	}{
		"rotated secret": {result("b", none), true},
		"higher limit":   {result("a", func(s *v1alpha1.WebhookIntegrationSpec) { n := int32(5); s.RequestsPerSecond = &n }), true},
		"other URL":      {result("a", func(s *v1alpha1.WebhookIntegrationSpec) { s.URL += "/" }), false},
		"suspended":      {result("a", func(s *v1alpha1.WebhookIntegrationSpec) { s.Suspend = &yes }), false},
		"not ready":      {result("a\nb", none), false},
		"other namespaces": {result("a", func(s *v1alpha1.WebhookIntegrationSpec) {
			s.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
		}), false},
		"some namespaces": {result("a", func(s *v1alpha1.WebhookIntegrationSpec) {
			s.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &v1alpha1.NamespaceSelector{
				MatchLabels: map[string]v1alpha1.LabelValue{"team": "crm"},
			}}
		}), false},
		"named its default": {result("a", func(s *v1alpha1.WebhookIntegrationSpec) {
			s.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSame}
		}), true},
		"signed": {result("a", func(s *v1alpha1.WebhookIntegrationSpec) {
			s.Signing = &v1alpha1.Signing{SecretKeyRefs: []v1alpha1.SecretKeyRef{{Name: "crm", Key: "key"}}}
		}), false},
		"new header": {result("a", func(s *v1alpha1.WebhookIntegrationSpec) {
			s.Headers = append(s.Headers, v1alpha1.IntegrationHeader{Name: "X", Value: &literal})
		}), false},
	} {
		if got := before.SameForWebhooks(tt.after); got != tt.same {
			t.Errorf("%s: same %t, want %t", name, got, tt.same)
		}
	}
}

// TestContentTypeForWebhooks: a Content-Type counts for what it says about
// bodies, also a private one, whose value webhooks do not see.
func TestContentTypeForWebhooks(t *testing.T) {
	result := func(contentType string) *compile.IntegrationResult {
		r := compile.Integration(&v1alpha1.WebhookIntegration{Spec: v1alpha1.WebhookIntegrationSpec{
			URL: "https://api.example.com",
			Headers: []v1alpha1.IntegrationHeader{{Name: "content-type", ValueFrom: &v1alpha1.HeaderValueSource{
				SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "crm", Key: "type"},
			}}},
		}}, secrets("type", contentType))
		return &r
	}
	before := result("application/json")
	for contentType, same := range map[string]bool{
		"application/problem+json; a=b": true, "text/xml": false, "text/plain": false, "json": false,
	} {
		if got := before.SameForWebhooks(result(contentType)); got != same {
			t.Errorf("%s: same %t, want %t", contentType, got, same)
		}
	}
}

// webhook compiles a webhook against an integration that is ready.
func webhook(spec v1alpha1.WebhookSpec) compile.WebhookResult {
	integration := compile.Integration(&v1alpha1.WebhookIntegration{Spec: v1alpha1.WebhookIntegrationSpec{URL: "https://api.example.com/v1"}}, compile.Sources{})
	return compile.Webhook(compile.WebhookInput{
		Object:      &v1alpha1.Webhook{ObjectMeta: metav1.ObjectMeta{Name: "x"}, Spec: spec},
		Integration: &integration,
	})
}

// TestModelFitsTheStatus: the schema has bounds for the number of values and for
// a path.
func TestModelFitsTheStatus(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		fmt.Fprintf(&b, "${v%03d}", i)
	}
	text, long := b.String(), "${"+strings.Repeat(strings.Repeat("x", 250)+".", 2)+strings.Repeat("x", 250)+"}"
	got := webhook(v1alpha1.WebhookSpec{Body: &text, Escaping: v1alpha1.EscapingNone})
	if n := len(got.Model); n != 256 || got.Model[255].Path != "v255" || got.Note != "status.model shows 256 of the 300 values that the templates need" {
		t.Errorf("%d values, the last %v; note %q", n, got.Model[n-1], got.Note)
	}
	got = webhook(v1alpha1.WebhookSpec{Body: &long, Escaping: v1alpha1.EscapingNone})
	if path := got.Model[0].Path; len(path) > 512 || !strings.HasPrefix(path, "xxx") || !strings.HasSuffix(path, "…") {
		t.Errorf("a path of %d bytes", len(path))
	}
}

// TestLargeSample: sampleData has a bound of its own.
func TestLargeSample(t *testing.T) {
	for n, want := range map[int]string{
		65_536: "",
		65_537: "sampleData: it has 65537 bytes, and 65536 is the most",
	} {
		data := &apiextensionsv1.JSON{Raw: []byte(`{"x":"` + strings.Repeat("x", n-8) + `"}`)}
		result := webhook(v1alpha1.WebhookSpec{SampleData: data})
		if message, given := result.TrySample(); message != want || !given || len(result.Problems) > 0 {
			t.Errorf("%d bytes: %q (given: %t), problems %v", n, message, given, result.Problems)
		}
	}
	result := webhook(v1alpha1.WebhookSpec{})
	if message, given := result.TrySample(); message != "" || given {
		t.Errorf("without sampleData: %q (given: %t)", message, given)
	}
}

// TestSecretValue: the dispatcher gets a Secret's value without one trailing line
// break, which editors and kubectl create secret --from-file leave behind.
func TestSecretValue(t *testing.T) {
	for raw, want := range map[string]string{
		"token": "token", "token\n": "token", "token\r\n": "token", "": "",
	} {
		result := compile.Integration(&v1alpha1.WebhookIntegration{Spec: v1alpha1.WebhookIntegrationSpec{
			URL: "https://api.example.com",
			Headers: []v1alpha1.IntegrationHeader{{Name: "Authorization", ValueFrom: &v1alpha1.HeaderValueSource{
				SecretKeyRef: &v1alpha1.SecretKeyRef{Name: "crm", Key: "token"},
			}}},
		}}, secrets("token", raw))
		if len(result.Problems) > 0 {
			t.Errorf("%q: %v", raw, result.Problems)
		} else if got := result.Plan.Headers[0]; got.Value.Reveal() != want || !got.Private {
			t.Errorf("%q gives %q (private: %t), want %q", raw, got.Value.Reveal(), got.Private, want)
		}
	}
}
