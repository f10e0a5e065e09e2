package manifests

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"
)

// The labels that the sample policies look at.
const (
	egressLabel   = "webhooks.maestra.io/egress"
	insecureLabel = "webhooks.maestra.io/insecure-tls"
)

// TestPolicySamples: each integration is let in or refused, with words that its
// author understands, as the comments of config/samples/policy say.
func TestPolicySamples(t *testing.T) {
	p := applyPolicies(t)
	const only = "but to *.corp.example; ask the platform team"
	for name, test := range map[string]struct {
		labels map[string]string
		spec   string
		want   string // in the refusal; none is wanted if empty
	}{
		"a host of the default list":  {spec: "url: https://crm.corp.example/v1"},
		"a host beside it":            {spec: "url: https://crm.example", want: "may not send to crm.example, " + only},
		"the name above a pattern":    {spec: "url: https://corp.example", want: "may not send to corp.example, " + only},
		"a name that ends alike":      {spec: "url: https://evilcorp.example", want: "may not send to evilcorp.example, " + only},
		"a host in capitals":          {spec: "url: https://CRM.Corp.example:8443/v1?a=https://b.corp.example"},
		"an allowed name in the path": {spec: "url: https://evil.example/crm.corp.example", want: "may not send to evil.example, " + only},
		"an allowed name in front":    {spec: "url: https://corp.example.evil.example", want: "may not send to corp.example.evil.example, " + only},
		"an allowed name in a query":  {spec: "url: https://evil.example?.corp.example", want: "may not send to evil.example, " + only},
		"a port before such a path":   {spec: "url: https://evil.example:443/.corp.example", want: "may not send to evil.example, " + only},
		"a final dot":                 {spec: "url: https://crm.corp.example.", want: "may not send to crm.corp.example., " + only},
		"an address":                  {spec: "url: http://[2001:db8::1]:80/", want: "may not send to 2001:db8::1, " + only},
		"a misspelt label":            {labels: map[string]string{egressLabel: "partner"}, spec: "url: https://api.partner.example", want: only},
		"a partner":                   {labels: map[string]string{egressLabel: "partners"}, spec: "url: https://api.partner.example"},
		"no partner": {
			labels: map[string]string{egressLabel: "partners"}, spec: "url: https://crm.corp.example",
			want: "may not send to crm.corp.example, but to *.partner.example, login.partners.example, proxy.corp.example",
		},
		"a token endpoint and a proxy": {
			labels: map[string]string{egressLabel: "partners"}, spec: withTokenAndProxy("login.partners.example", "proxy.corp.example"),
		},
		"another token endpoint": {
			labels: map[string]string{egressLabel: "partners"}, spec: withTokenAndProxy("login.example", "proxy.corp.example"),
			want: "may not send to login.example, ",
		},
		"another proxy": {
			labels: map[string]string{egressLabel: "partners"}, spec: withTokenAndProxy("login.partners.example", "proxy.example"),
			want: "may not send to proxy.example, ",
		},
		"anywhere": {labels: map[string]string{egressLabel: "anywhere"}, spec: "url: https://crm.example"},
		"no verification": {
			spec: "url: https://crm.corp.example\ntls: {insecureSkipVerify: true}",
			want: "may not set tls.insecureSkipVerify; trust the authority that signed the certificate, with tls.caBundle",
		},
		"verification, said":            {spec: "url: https://crm.corp.example\ntls: {insecureSkipVerify: false}"},
		"no verification where allowed": {labels: map[string]string{insecureLabel: "allowed"}, spec: "url: https://crm.corp.example\ntls: {insecureSkipVerify: true}"},
	} {
		t.Run(name, func(t *testing.T) {
			err := p.create(t, p.namespace(t, test.labels), "crm", test.spec, metav1.DryRunAll)
			if test.want == "" && err != nil {
				t.Errorf("got %v, want it let in", err)
			}
			if test.want != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want it forbidden with %q", err, test.want)
			}
		})
	}
}

// TestPolicySampleLetsOldOnesGo: an integration from before a policy can have its
// metadata changed, but not its spec.
func TestPolicySampleLetsOldOnesGo(t *testing.T) {
	p := applyPolicies(t)
	namespace := p.namespace(t, map[string]string{egressLabel: "anywhere"})
	if err := p.create(t, namespace, "crm", "url: https://crm.example"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := cluster.Kubectl(t.Context(), "label", "namespace", namespace, egressLabel+"-"); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, func() error { // the API server sees namespaces' labels by a watch
		_, _, err := cluster.Kubectl(t.Context(), "-n", namespace, "patch", "webhookintegration", "crm", "--type=merge", "-p", `{"spec": {"suspend": true}}`, "--dry-run=server")
		if err == nil || !strings.Contains(err.Error(), "may not send to crm.example") {
			return fmt.Errorf("a change of the spec ended with %q, want it refused", fmt.Sprint(err))
		}
		return nil
	})
	if _, _, err := cluster.Kubectl(t.Context(), "-n", namespace, "annotate", "webhookintegration", "crm", "note=old"); err != nil {
		t.Errorf("an annotation was refused: %v", err)
	}
}

func withTokenAndProxy(token, proxy string) string {
	return `
url: https://api.partner.example
auth:
  oauth2ClientCredentials:
    tokenURL: https://` + token + `/token
    clientID: me
    clientSecret: {secretKeyRef: {name: oauth, key: secret}}
egress: {proxy: {url: "http://` + proxy + `:3128"}}`
}

// policies are the sample policies in force.
type policies struct{ client dynamic.Interface }

// applyPolicies applies the samples, waits until both are in force, and takes
// them away at the end of the test.
func applyPolicies(t *testing.T) *policies {
	t.Helper()
	if _, warnings, err := cluster.Kubectl(t.Context(), "apply", "-k", "../../config/samples/policy"); err != nil || warnings != "" {
		t.Fatalf("apply warned %q, with error %v", warnings, err)
	}
	client, err := dynamic.NewForConfig(cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	p := &policies{client: client}
	t.Cleanup(func() {
		if _, _, err := cluster.Kubectl(context.WithoutCancel(t.Context()), "delete", "-k", "../../config/samples/policy"); err != nil {
			t.Error(err)
		}
		p.await(t, func(err error) bool { return err == nil })
	})
	p.await(t, func(err error) bool {
		return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "may not s")
	})
	return p
}

// await waits until each policy does what is wanted to what it refuses: the API
// server learns of policies by a watch.
func (p *policies) await(t *testing.T, wanted func(error) bool) {
	t.Helper()
	for label, spec := range map[string]string{
		"": "url: https://crm.example", "partners": "url: https://crm.example", "anywhere": "url: https://crm.example\ntls: {insecureSkipVerify: true}",
	} {
		namespace := p.namespace(t, map[string]string{egressLabel: label})
		within(t, 30*time.Second, func() error {
			if err := p.create(t, namespace, "crm", spec, metav1.DryRunAll); !wanted(err) {
				return fmt.Errorf("the policies are not yet as they should: got %q for %q", fmt.Sprint(err), spec)
			}
			return nil
		})
	}
}

func (p *policies) namespace(t *testing.T, labels map[string]string) string {
	t.Helper()
	namespace, err := clients.CoreV1().Namespaces().Create(context.WithoutCancel(t.Context()), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "policy-", Labels: labels}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}

func (p *policies) create(t *testing.T, namespace, name, spec string, dryRun ...string) error {
	t.Helper()
	obj := object(integrations, namespace, name)
	var fields map[string]any
	if err := yaml.UnmarshalStrict([]byte(spec), &fields); err != nil {
		t.Fatal(err)
	}
	obj.Object["spec"] = fields
	gvr := schema.GroupVersionResource{Group: "webhooks.maestra.io", Version: "v1alpha1", Resource: integrations}
	_, err := p.client.Resource(gvr).Namespace(namespace).Create(context.WithoutCancel(t.Context()), obj, metav1.CreateOptions{DryRun: dryRun})
	return err
}
