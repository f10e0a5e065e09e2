package compile_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/maestra-io/webhook-operator/api/v1alpha1"
	"github.com/maestra-io/webhook-operator/dispatcher/compile"
)

// many makes n texts that differ.
func many[T ~string](format string, n int) []T {
	texts := make([]T, n)
	for i := range texts {
		texts[i] = T(fmt.Sprintf(format, i))
	}
	return texts
}

// TestBoundsOfConnections: objects may be older than a bound of the schema, and
// the values of Secrets have none there. Each case has what still goes and a
// little more, which does not.
func TestBoundsOfConnections(t *testing.T) {
	pems := newPEMs(t)
	secretKey := v1alpha1.SecretKeyRef{Name: "crm", Key: "value"}
	oauth2 := func(change func(*v1alpha1.OAuth2ClientCredentials)) v1alpha1.WebhookIntegrationSpec {
		o := &v1alpha1.OAuth2ClientCredentials{
			TokenURL: "https://login.example.com/token", ClientID: "maestra",
			ClientSecret: v1alpha1.ClientSecret{SecretKeyRef: secretKey},
		}
		change(o)
		return v1alpha1.WebhookIntegrationSpec{Auth: &v1alpha1.Auth{OAuth2ClientCredentials: o}}
	}
	selector := func(s v1alpha1.NamespaceSelector) v1alpha1.WebhookIntegrationSpec {
		return v1alpha1.WebhookIntegrationSpec{AllowedNamespaces: &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &s}}
	}
	padded := func(n int) string { return strings.Repeat("\n", n-len(pems["ca"])) + pems["ca"] }
	for name, tt := range map[string]struct {
		most int
		spec func(n int) v1alpha1.WebhookIntegrationSpec
	}{
		"scopes": {64, func(n int) v1alpha1.WebhookIntegrationSpec {
			return oauth2(func(o *v1alpha1.OAuth2ClientCredentials) { o.Scopes = many[string]("s%d", n) })
		}},
		"parameters": {16, func(n int) v1alpha1.WebhookIntegrationSpec {
			return oauth2(func(o *v1alpha1.OAuth2ClientCredentials) {
				for _, name := range many[string]("p%d", n) {
					o.Parameters = append(o.Parameters, v1alpha1.TokenParameter{Name: name, Value: &name})
				}
			})
		}},
		"a parameter": {2048, func(n int) v1alpha1.WebhookIntegrationSpec {
			text := strings.Repeat("x", n)
			return oauth2(func(o *v1alpha1.OAuth2ClientCredentials) {
				o.Parameters = []v1alpha1.TokenParameter{{Name: "audience", Value: &text}}
			})
		}},
		"clientID": {1024, func(n int) v1alpha1.WebhookIntegrationSpec {
			return oauth2(func(o *v1alpha1.OAuth2ClientCredentials) { o.ClientID = strings.Repeat("x", n) })
		}},
		"hosts": {32, func(n int) v1alpha1.WebhookIntegrationSpec {
			return v1alpha1.WebhookIntegrationSpec{Egress: &v1alpha1.Egress{Hosts: append(many[string]("h%d", n-1), "api.example.com")}}
		}},
		"cidrs": {32, func(n int) v1alpha1.WebhookIntegrationSpec {
			return v1alpha1.WebhookIntegrationSpec{Egress: &v1alpha1.Egress{CIDRs: many[string]("10.%d.0.0/16", n)}}
		}},
		"caBundle": {262_144, func(n int) v1alpha1.WebhookIntegrationSpec {
			return v1alpha1.WebhookIntegrationSpec{TLS: &v1alpha1.TLS{CABundle: padded(n)}}
		}},
		"caBundleFrom": {262_144, func(n int) v1alpha1.WebhookIntegrationSpec {
			ref := v1alpha1.ConfigMapKeyRef{Name: padded(n), Key: "value"}
			return v1alpha1.WebhookIntegrationSpec{TLS: &v1alpha1.TLS{CABundleFrom: &v1alpha1.CABundleSource{ConfigMapKeyRef: &ref}}}
		}},
		"a literal header": {8192, func(n int) v1alpha1.WebhookIntegrationSpec {
			text := strings.Repeat("x", n)
			return v1alpha1.WebhookIntegrationSpec{Headers: []v1alpha1.IntegrationHeader{{Name: "X", Value: &text}}}
		}},
		"matchLabels": {16, func(n int) v1alpha1.WebhookIntegrationSpec {
			labels := map[string]v1alpha1.LabelValue{}
			for _, name := range many[string]("l%d", n) {
				labels[name] = ""
			}
			return selector(v1alpha1.NamespaceSelector{MatchLabels: labels})
		}},
		"matchExpressions": {16, func(n int) v1alpha1.WebhookIntegrationSpec {
			expressions := make([]v1alpha1.LabelExpression, n)
			for i := range expressions {
				expressions[i] = v1alpha1.LabelExpression{Key: "team", Operator: v1alpha1.LabelOperatorExists}
			}
			return selector(v1alpha1.NamespaceSelector{MatchExpressions: expressions})
		}},
		"values": {32, func(n int) v1alpha1.WebhookIntegrationSpec {
			return selector(v1alpha1.NamespaceSelector{MatchExpressions: []v1alpha1.LabelExpression{
				{Key: "team", Operator: v1alpha1.LabelOperatorIn, Values: many[v1alpha1.LabelValue]("v%d", n)},
			}})
		}},
	} {
		// A ConfigMap's value is its name, so that the spec alone says how long it is.
		sources := secrets("value", "word")
		sources.ConfigMaps = func(name string) (*compile.ConfigMap, error) {
			return &compile.ConfigMap{Data: map[string]string{"value": name}}, nil
		}
		problems := func(n int) []compile.Problem {
			spec := tt.spec(n)
			spec.URL = "https://api.example.com"
			return compile.Integration(&v1alpha1.WebhookIntegration{Spec: spec}, sources).Problems
		}
		if got := problems(tt.most); len(got) > 0 {
			t.Errorf("%s: %d are refused: %s", name, tt.most, got[0].Message)
		}
		if got := problems(tt.most + 1); len(got) != 1 || !strings.Contains(got[0].Message, fmt.Sprint(tt.most)) {
			t.Errorf("%s: with one more than %d: %v", name, tt.most, got)
		}
	}
}

// TestBoundsOfResponses is the same for what is read from answers.
func TestBoundsOfResponses(t *testing.T) {
	code := []v1alpha1.ResponseVariable{{Name: "code", Path: "code"}}
	for name, tt := range map[string]struct {
		most     int
		response func(n int) v1alpha1.Response
	}{
		"variables": {32, func(n int) v1alpha1.Response {
			var r v1alpha1.Response
			for _, name := range many[v1alpha1.VariableName]("v%d", n) {
				r.Variables = append(r.Variables, v1alpha1.ResponseVariable{Name: name, Path: "code"})
			}
			return r
		}},
		"a name": {63, func(n int) v1alpha1.Response {
			return v1alpha1.Response{Variables: []v1alpha1.ResponseVariable{{Name: v1alpha1.VariableName(strings.Repeat("x", n)), Path: "code"}}}
		}},
		"a path": {1024, func(n int) v1alpha1.Response {
			return v1alpha1.Response{Variables: []v1alpha1.ResponseVariable{{Name: "code", Path: strings.Repeat("é", n)}}}
		}},
		"conditions": {16, func(n int) v1alpha1.Response {
			r := v1alpha1.Response{Variables: code}
			for range n {
				r.Conditions = append(r.Conditions, v1alpha1.ResponseCondition{Variable: "code", Operator: v1alpha1.OperatorExists})
			}
			return r
		}},
		"a value": {1024, func(n int) v1alpha1.Response {
			text := strings.Repeat("é", n)
			return v1alpha1.Response{Variables: code, Conditions: []v1alpha1.ResponseCondition{{Variable: "code", Operator: v1alpha1.OperatorEquals, Value: &text}}}
		}},
	} {
		problems := func(n int) []compile.Problem {
			response, await, url := tt.response(n), true, "${WebhookRequest.TransactionalId}"
			response.AwaitJSON = &await
			obj := &v1alpha1.Webhook{Spec: v1alpha1.WebhookSpec{URL: &url, Response: &response, SystemName: "wh"}}
			var found []compile.Problem
			for _, p := range compile.Webhook(compile.WebhookInput{Object: obj}).Problems {
				if p.Reason == v1alpha1.ReasonInvalidResponse {
					found = append(found, p)
				}
			}
			return found
		}
		if got := problems(tt.most); len(got) > 0 {
			t.Errorf("%s: %d are refused: %s", name, tt.most, got[0].Message)
		}
		if got := problems(tt.most + 1); len(got) != 1 || !strings.Contains(got[0].Message, fmt.Sprint(tt.most)) {
			t.Errorf("%s: with one more than %d: %v", name, tt.most, got)
		}
	}
}
